#include "lib/text.h"
#include "oidc/login/account.h"
#include "oidc/login/login.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/code.h"
#include "oidc/op/hint.h"
#include "oidc/op/logout.h"
#include "oidc/op/uri.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

struct leaving {
	struct web_request *q;
	struct web_response *a;
	struct hint hint;	 /* sub.len 0: none */
	struct db_client client; /* id.len 0: none */
	struct db_session session;
	bool here; /* somebody is logged in */
	struct span to, state;
};

static void
put(struct leaving *l, const char *text)
{
	buf_put_str(&l->a->body, text);
}

/* ---- what the request says ---- */
/* A hint that is not ours, or of another client than the one named, is as bad as none. */
static void
read_hint(struct leaving *l, const struct form *f)
{
	struct span token = form_value(f, "id_token_hint"), id = form_value(f, "client_id");

	if (!token.len || hint_read(l->q->oidc, token, &l->hint) ||
	    (id.len && !span_eq(id, l->hint.aud)))
		l->hint.sub = l->hint.aud = l->hint.sid = SPAN_NONE;
}

static enum err
read_client(struct leaving *l, const struct form *f)
{
	enum err e;

	if (!l->hint.aud.len)
		return ERR_OK;
	e = db_client_get(l->q->oidc->db, l->hint.aud, &l->client);
	if (e)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	l->to = form_value(f, "post_logout_redirect_uri");
	l->state = form_value(f, "state");
	return ERR_OK;
}

/* Where it may lead: only with a hint that is good, and only where that client said. */
static bool
may_go_back(const struct leaving *l)
{
	return l->to.len && l->client.id.len &&
	    uri_is_listed(l->client.logouts, l->to, l->client.flags & DB_NATIVE);
}

static bool
is_of_this_session(const struct leaving *l)
{
	char name[SESSION_NAME];

	if (!l->here)
		return false;
	session_name(l->session.sid, l->hint.aud, name);
	return span_is(l->hint.sid, name);
}

static enum err
read_all(struct leaving *l)
{
	const struct form *f = web_params(l->q);
	enum err e;

	read_hint(l, f);
	if ((e = read_client(l, f)))
		return e;
	e = session_get(l->q, &l->session);
	l->here = !e;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static void
done(struct leaving *l)
{
	buf_done(&l->hint.bytes);
	db_row_done(&l->client);
	db_row_done(&l->session);
}

/* ---- what comes of it ---- */
static void
go_back(struct leaving *l)
{
	struct buf to = BUF_INIT, query = BUF_INIT;

	if (l->state.len)
		form_put(&query, "state", l->state);
	if (query.len)
		uri_put_query(&to, l->to, buf_span(&query));
	else
		buf_put_span(&to, l->to);
	web_redirect(l->a, buf_span(&to));
	buf_done(&query);
	buf_done(&to);
}

static void
say_done(struct leaving *l)
{
	page_open(l->q, l->a, SAY_LOGGED_OUT);
	page_put(l->q, l->a, "p", SAY_LOGGED_OUT_WHAT);
	put(l, "<p>");
	page_link(l->q, l->a, PATH_LOGIN, SAY_LOGIN_AGAIN);
	put(l, "</p>\n");
	page_end(l->q, l->a, 200);
}

static enum err
leave(struct leaving *l)
{
	if (l->here)
		codes_forget(l->q->oidc->codes, l->session.sid, NULL);
	return session_end(l->q, l->a);
}

/* The form's answer leads there, which Chromium stops unless the page allows it. */
static void
allow_form(struct leaving *l, struct span to)
{
	if (!to.len || to.len >= sizeof l->a->form_action)
		return;
	memcpy(l->a->form_action, to.p, to.len);
	l->a->form_action[to.len] = '\0';
}

static void
ask(struct leaving *l)
{
	char token[SESSION_FORM];
	bool back = may_go_back(l);

	session_form(l->q, l->a, "logout", back ? l->to : SPAN_NONE, token);
	page_open(l->q, l->a, SAY_LOGOUT);
	page_put(l->q, l->a, "p", SAY_LOGOUT_WHAT);
	page_form(l->q, l->a, PATH_LOGOUT_CONFIRM, token);
	if (back) {
		page_hidden(l->a, "to", l->to);
		page_hidden(l->a, "state", l->state);
	}
	page_button(l->q, l->a, "", SAY_LOGOUT_YES);
	put(l, "</form>\n<p>");
	page_link(l->q, l->a, PATH_ACCOUNT, SAY_LOGOUT_NO);
	put(l, "</p>\n");
	allow_form(l, back ? uri_origin(l->to) : SPAN_NONE);
	page_end(l->q, l->a, 200);
}

void
logout_endpoint(struct web_request *q, struct web_response *a)
{
	struct leaving l = { .q = q, .a = a };
	enum err e = read_all(&l);

	if (!e && l.here && !is_of_this_session(&l))
		ask(&l);
	else if (!e && !(e = leave(&l))) {
		if (may_go_back(&l))
			go_back(&l);
		else
			say_done(&l);
	}
	if (e)
		web_unavailable(q, a, e);
	done(&l);
}

/* The form's token is bound to the address that was judged when the page was made. */
void
logout_confirm(struct web_request *q, struct web_response *a)
{
	struct leaving l = { .q = q,
		.a = a,
		.to = form_value(&q->form, "to"),
		.state = form_value(&q->form, "state") };
	enum err e;

	if (!session_form_is(q, "logout", l.to)) {
		web_refuse(q, a, 403, "invalid_request",
		    "This form was not made by this page. You are still logged in.");
		return;
	}
	e = session_get(q, &l.session);
	l.here = !e;
	if (!e || e == ERR_NOTFOUND)
		e = leave(&l);
	if (e)
		web_unavailable(q, a, e);
	else if (l.to.len)
		go_back(&l);
	else
		say_done(&l);
	done(&l);
}
