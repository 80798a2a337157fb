#include "oidc/login/account.h"

#include <stdio.h>
#include <time.h>

#include "lib/text.h"
#include "oidc/login/login.h"
#include "oidc/login/register.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

struct own {
	struct web_request *q;
	struct web_response *a;
	struct db_session session;
	struct db_account account;
	char token[SESSION_FORM];
	uint64_t rows, codes;
};

static void
put(struct own *o, const char *text)
{
	buf_put_str(&o->a->body, text);
}

static void
put_text(struct own *o, struct span text)
{
	html_text(&o->a->body, text);
}

static void
put_date(struct own *o, const char *before, uint64_t when)
{
	put(o, before);
	page_time(o->a, when);
}

/* A form with a button, about one row. */
static void
put_button(struct own *o, const char *what, struct span id, const char *says)
{
	char path[64];

	snprintf(path, sizeof path, "%s/%s", PATH_ACCOUNT, what);
	page_form(o->q, o->a, path, o->token);
	if (id.len)
		page_hidden(o->a, "id", id);
	buf_putf(&o->a->body, "<button class=\"quiet\">%s</button></form>", says);
}

/* ---- tokens ---- */
static void
put_rename(struct own *o, struct span id, struct span name)
{
	page_form(o->q, o->a, PATH_ACCOUNT "/rename", o->token);
	page_hidden(o->a, "id", id);
	put(o, "<input name=\"label\" aria-label=\"New name\" maxlength=\"64\" value=\"");
	put_text(o, name);
	put(o, "\"> <button class=\"quiet\">Rename</button></form>");
}

static enum err
put_credential(void *arg, const struct db_credential *c)
{
	struct own *o = arg;
	struct buf id = BUF_INIT;
	enum err e;

	text_encode(TEXT_BASE64URL, c->id, &id);
	put(o, "<li><p><strong>");
	put_text(o, c->name);
	put_date(o, "</strong><br><span class=\"faint\">added ", c->created);
	put_date(o, ", used ", c->used);
	buf_putf(&o->a->body, ", its counter %llu%s%s</span></p>", (unsigned long long)c->count,
	    c->flags & DB_BS	   ? "; a copy of it is with its maker's service"
		: c->flags & DB_BE ? "; it can be copied by its maker's service"
				   : "",
	    c->flags & DB_TERMINAL ? "; registered at a terminal" : "");
	put_rename(o, buf_span(&id), c->name);
	if (o->rows > 1)
		put_button(o, "remove", buf_span(&id), "Remove, and log out elsewhere");
	put(o, "</li>");
	e = buf_err(&id);
	buf_done(&id);
	return e;
}

static enum err
count_row(void *arg, const struct db_credential *c)
{
	struct own *o = arg;

	(void)c;
	o->rows++;
	return ERR_OK;
}

static enum err
put_credentials(struct own *o)
{
	struct db *s = o->q->oidc->db;
	enum err e = db_credential_each(s, o->account.id, count_row, o);

	if (e)
		return e;
	put(o, "<h2>Your tokens</h2><ul class=\"rows\">");
	e = db_credential_each(s, o->account.id, put_credential, o);
	put(o, "</ul>");
	if (o->rows < 2)
		put(o, "<p>Register a second one, and keep it elsewhere: tokens get lost.</p>");
	buf_putf(&o->a->body, "<p><a href=\"%s%s\">Add a token</a></p>",
	    oidc_conf_path(o->q->oidc->conf.issuer), PATH_REGISTER);
	return e;
}

/* ---- where ---- */
static enum err
put_session(void *arg, const struct db_session *x)
{
	struct own *o = arg;
	char sid[2 * DB_ID];

	text_encode_raw(TEXT_HEX, SPAN(x->sid, DB_ID), sid);
	if (x->expires <= (uint64_t)time(NULL))
		return ERR_OK;
	put(o, "<li><p>");
	put_text(o, x->agent.len ? x->agent : SPAN_LIT("a browser that does not say which"));
	put_date(o, "<br><span class=\"faint\">since ", x->created);
	put_date(o, ", used ", x->used);
	put(o, "</span></p>");
	if (memcmp(x->sid, o->session.sid, DB_ID) == 0)
		put(o, "<p><strong>This is here.</strong></p>");
	else
		put_button(o, "leave", SPAN(sid, sizeof sid), "Log out there");
	put(o, "</li>");
	o->rows++;
	return ERR_OK;
}

static enum err
put_sessions(struct own *o)
{
	enum err e;

	o->rows = 0;
	put(o, "<h2>Where you are logged in</h2><ul class=\"rows\">");
	e = db_session_each(o->q->oidc->db, o->account.id, put_session, o);
	put(o, "</ul>");
	if (o->rows > 1)
		put_button(o, "leave-others", SPAN_NONE, "Log out everywhere else");
	buf_putf(&o->a->body, "<p><a href=\"%s/logout\">Log out here</a></p>",
	    oidc_conf_path(o->q->oidc->conf.issuer));
	return e;
}

/* ---- sites ---- */
static enum err
put_consent(void *arg, const struct db_consent *c)
{
	struct own *o = arg;
	struct db_client client = { .created = 0 };
	enum err e = db_client_get(o->q->oidc->db, c->client, &client);

	put(o, "<li><p><strong>");
	put_text(o, !e && client.name.len ? client.name : c->client);
	put(o, "</strong> has: ");
	put_text(o, c->scopes);
	put_date(o, "<br><span class=\"faint\">since ", c->created);
	put_date(o, ", used ", c->used);
	put(o, "</span></p>");
	put_button(o, "take-back", c->client, "Take this back");
	put(o, "</li>");
	db_row_done(&client);
	o->rows++;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
put_consents(struct own *o)
{
	enum err e;

	o->rows = 0;
	put(o, "<h2>Sites that you log in at</h2><ul class=\"rows\">");
	e = db_consent_each(o->q->oidc->db, o->account.id, put_consent, o);
	put(o, "</ul>");
	if (!o->rows)
		put(o, "<p>None yet.</p>");
	return e;
}

/* ---- the rest ---- */
static void
put_rest(struct own *o)
{
	buf_putf(&o->a->body, "<h2>Recovery codes</h2><p>%s</p>",
	    o->codes ? "You have some. New ones make the old ones worthless."
		     : "You have none. Print some, and keep them where you keep papers: with one, "
		       "you can register a new token when yours is lost.");
	put_button(o, "codes", SPAN_NONE, "Make 8 new codes");
	put(o, "<h2>Your data</h2><p>All that is kept here about you, as a file:</p>");
	put_button(o, "export", SPAN_NONE, "Save my data");
	put(o,
	    "<h2>The end of this account</h2><p>It is removed with all that belongs to it, and "
	    "nobody can bring it back. Sites that you logged in at keep what they know.</p>");
	page_form(o->q, o->a, PATH_ACCOUNT "/delete", o->token);
	put(o,
	    "<p><label for=\"sure\">Your name here, to say that you are sure</label>"
	    "<input id=\"sure\" name=\"name\" required maxlength=\"64\" autocomplete=\"off\"></p>"
	    "<p><button>Delete my account</button></p></form>");
}

static enum err
show(struct own *o)
{
	struct db *s = o->q->oidc->db;
	enum err e;

	if ((e = db_account_get(s, o->session.account, &o->account)) ||
	    (e = db_pass_count(s, o->account.id, DB_RECOVERY, &o->codes)))
		return e;
	session_form(o->q, o->a, "account", SPAN(o->session.sid, DB_ID), o->token);
	page_begin(o->q, o->a, "Your account");
	put(o, "<p>You are <strong>");
	put_text(o, o->account.name);
	put(o, "</strong>.</p>");
	if ((e = put_credentials(o)) || (e = put_sessions(o)) || (e = put_consents(o)))
		return e;
	put_rest(o);
	page_end(o->q, o->a, 200);
	return ERR_OK;
}

void
account_page(struct web_request *q, struct web_response *a)
{
	struct own o = { .q = q, .a = a };
	struct buf to = BUF_INIT;
	enum err e = session_get(q, &o.session);

	if (e == ERR_NOTFOUND) {
		buf_putf(&to, "%s%s", q->oidc->conf.issuer, PATH_LOGIN);
		web_redirect(a, buf_span(&to));
		e = ERR_OK;
	} else if (!e && (e = show(&o)))
		buf_reset(&a->body);
	if (e)
		web_unavailable(q, a, e);
	db_row_done(&o.session);
	db_row_done(&o.account);
	buf_done(&to);
}
