/*
 * authorize.c - a request is judged (authreq.h), a person found (session.h), asked (page/consent.h)
 * and a code given.  What cannot be decided at once waits (waiting.h) and is judged again from the
 * start when it goes on, so that there is one way through.
 */
#include <stdio.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "oidc/login/login.h"
#include "oidc/login/rate.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/authorize.h"
#include "oidc/op/claims.h"
#include "oidc/op/code.h"
#include "oidc/op/hint.h"
#include "oidc/op/metadata.h"
#include "oidc/op/profile.h"
#include "oidc/op/reply.h"
#include "oidc/op/scope.h"
#include "oidc/op/token.h"
#include "oidc/op/uri.h"
#include "oidc/op/waiting.h"
#include "oidc/page/consent.h"
#include "oidc/page/page.h"
#include "oidc/sign.h"

#define USED_EVERY 3600 /* seconds: not a write for each login */

/* One pass. */
struct pass {
	struct web_request *q;
	struct web_response *a;
	const struct form *form;
	struct waiting *waited; /* NULL: it just came */
	struct span go;		/* its name, then */
	bool agreed;		/* the person has just said yes */
	struct authreq r;
	struct buf wanted; /* what is agreed to: scopes, and the service behind them */
	struct db_session session;
	struct db_consent consent; /* client.len 0: there is none */
	struct indie_met met;	   /* of a stranger */
	bool has_met;
};

/* Answered: what is to be told is in the response. */
static enum err
tell(struct pass *p, const char *error, const char *text)
{
	reply_error(p->q, p->a, &p->r, &(struct authreq_wrong){ error, text });
	return ERR_FORMAT;
}

static bool
quiet(const struct pass *p)
{
	return (p->r.prompt & AUTHREQ_PROMPT_NONE) != 0;
}

static bool
is_stranger(const struct pass *p)
{
	return (p->r.client.flags & DB_STRANGER) != 0;
}

/* ---- who ---- */
static enum err
send_to(struct pass *p, const char *path)
{
	/* a stranger alone must not push out everybody who waits */
	static const struct rate rate = { "authorize", 0, WAITING_MOST / 5 };
	char id[WAITING_ID];
	struct buf to = BUF_INIT;
	enum err e = ERR_OK;

	if (!p->waited && !rate_take(p->q, p->a, &rate))
		return ERR_FORMAT;
	if (!p->waited)
		e = waiting_put(p->q, p->a, p->form, &p->session, id);
	if (e == ERR_TOOBIG)
		return tell(p, "invalid_request", "the request is longer than what can wait here");
	buf_put_str(&to, p->q->oidc->conf.issuer);
	buf_put_str(&to, path);
	buf_put_str(&to, "?go=");
	buf_put_span(&to, p->waited ? p->go : span_str(e ? "" : id));
	page_put_locale(p->q, &to);
	if (!e && !(e = buf_err(&to)))
		web_redirect(p->a, buf_span(&to));
	buf_done(&to);
	return e ? e : ERR_FORMAT;
}

/* A login after the request came counts for whatever it asked. */
static bool
is_fresh(const struct pass *p)
{
	uint64_t now = (uint64_t)time(NULL), then = p->session.auth_time;

	if (p->waited && waiting_saw_login(p->waited, &p->session))
		return true;
	if (p->r.prompt & (AUTHREQ_PROMPT_LOGIN | AUTHREQ_PROMPT_SELECT))
		return false;
	return !p->r.has_max_age || now <= then + p->r.max_age;
}

static enum err
find_person(struct pass *p)
{
	enum err e;

	if (!p->waited && waiting_is_bare(p->q))
		return send_to(p, PATH_CONTINUE);
	e = session_get(p->q, &p->session);
	if (e && e != ERR_NOTFOUND)
		return e;
	if (!e && is_fresh(p))
		return ERR_OK;
	if (quiet(p))
		return tell(p, "login_required", "nobody is logged in, or not recently enough");
	return send_to(p, PATH_LOGIN);
}

/* ---- what was agreed to ---- */
/* The service that the token is for (RFC 8707) is a word as scopes are: who lets a client know who
 * they are has not let it read their mail. */
static enum err
put_wanted(struct pass *p)
{
	buf_put_span(&p->wanted, buf_span(&p->r.scopes));
	if (p->r.audience.len) {
		buf_put_u8(&p->wanted, ' ');
		buf_put_span(&p->wanted, p->r.audience);
	}
	return buf_err(&p->wanted);
}

static enum err
find_consent(struct pass *p)
{
	struct oidc *o = p->q->oidc;
	enum err e = put_wanted(p);

	if (!e)
		e = db_consent_get(o->db, p->session.account, p->r.client.id, &p->consent);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
ask_subject(struct pass *p, char sub[SIGN_SUBJECT])
{
	char account[2 * DB_ID];

	text_encode_raw(TEXT_HEX, SPAN(p->session.account, DB_ID), account);
	return sign_subject(p->q->oidc->sign, p->r.client.id, SPAN(account, sizeof account), sub);
}

/* Whom the client knows by this.  Without a consent (it was taken back) the vault knows. */
static enum err
is_hinted(struct pass *p, const char *hinted, bool *is)
{
	char sub[SIGN_SUBJECT];
	enum err e = ERR_OK;

	*is = p->consent.client.len && span_is(p->consent.sub, hinted);
	if (p->consent.client.len || is_stranger(p))
		return ERR_OK;
	if (!(e = ask_subject(p, sub)))
		*is = strcmp(sub, hinted) == 0;
	else if (quiet(p))
		return tell(p, "temporarily_unavailable", "who is meant cannot be found out now");
	return e;
}

/* The client says whom it means: then it is that person, or nobody (Core 3.1.2.1). */
static enum err
check_hint(struct pass *p)
{
	struct span hint = form_value(p->form, "id_token_hint");
	char sub[SIGN_SUBJECT];
	enum err e;
	bool is;

	if (!hint.len)
		return ERR_OK;
	if (hint_subject(p->q->oidc, hint, p->r.client.id, sub))
		return tell(p, "invalid_request", "id_token_hint is none of our ID tokens");
	if ((e = is_hinted(p, sub, &is)) || is)
		return e;
	if (quiet(p))
		return tell(p, "login_required", "somebody else is logged in");
	return p->waited && waiting_saw_login(p->waited, &p->session)
	    ? tell(p, "login_required", "somebody else logged in")
	    : send_to(p, PATH_LOGIN);
}

/* Any program of this machine can be at the loopback, or have the same scheme, and prove nothing:
 * the person says each time that it is the one (RFC 8252 8.6). */
static bool
is_anybody(const struct pass *p)
{
	return p->r.client.flags & DB_NATIVE && p->r.client.auth == DB_AUTH_NONE &&
	    uri_kind(p->r.redirect_uri) != URI_HTTPS;
}

/* Who was asked said yes, and not who logged in here since. */
static bool
has_agreed(const struct pass *p)
{
	return p->agreed && !memcmp(p->waited->asked, p->session.account, DB_ID);
}

static bool
must_ask(const struct pass *p)
{
	if (has_agreed(p))
		return false;
	/* nobody vouches for strangers but the person */
	if (p->r.prompt & AUTHREQ_PROMPT_CONSENT || is_anybody(p) || is_stranger(p))
		return true;
	if (p->r.client.flags & DB_TRUSTED)
		return false;
	return !p->consent.client.len || !scope_is_within(buf_span(&p->wanted), p->consent.scopes);
}

/* false: more than there is room for. */
static bool
list_scopes(const struct pass *p, struct page_consent *c)
{
	struct span rest = buf_span(&p->r.scopes), one;

	while (c->nscope < PAGE_SCOPES && scope_next(&rest, &one)) {
		struct page_scope *s = &c->scope[c->nscope++];

		s->name = one;
		s->fresh = p->consent.scopes.len && !scope_is_within(one, p->consent.scopes);
	}
	return !scope_next(&rest, &one);
}

/* What the page says of a client that nobody registered. */
static void
introduce(const struct pass *p, struct page_stranger *s)
{
	const struct fetch_answer *a = &p->met.got.a;

	*s = (struct page_stranger){ .is_local = indie_is_local(p->r.client.id),
		.no_pkce = !p->r.challenge.len };
	if (!p->met.fetched)
		return;
	s->name = a->name;
	s->home = a->home;
	s->policy = a->policy;
	s->terms = a->terms;
	s->logo = a->logo.len ? PATH_LOGO : NULL;
}

static enum err
ask(struct pass *p)
{
	struct page_stranger stranger;
	struct db_account account = { .created = 0 };
	char token[SESSION_FORM], go[WAITING_ID], other[sizeof PATH_LOGIN + 4 + WAITING_ID];
	struct page_consent c = { .client = &p->r.client,
		.account = &account,
		.to = uri_origin(p->r.redirect_uri),
		.value = claims_show,
		.path = PATH_CONTINUE,
		.service = p->r.audience,
		.other = other,
		.go = go,
		.token = token };
	enum err e;

	if (quiet(p))
		return tell(p, "consent_required", "the person was not asked yet");
	if (!list_scopes(p, &c))
		return tell(p, "invalid_scope", "these are more than a person can look at");
	if (!p->waited)
		return send_to(p, PATH_CONTINUE);
	if ((e = db_account_get(p->q->oidc->db, p->session.account, &account)))
		return e;
	memcpy(p->waited->asked, account.id, DB_ID);
	memcpy(go, p->go.p, p->go.len);
	go[p->go.len] = '\0';
	snprintf(other, sizeof other, "%s?go=%s", PATH_LOGIN, go);
	session_form(p->q, p->a, "consent", p->go, token);
	if (!c.to.len)
		c.to = p->r.redirect_uri;
	if (is_stranger(p)) {
		introduce(p, &stranger);
		c.stranger = &stranger;
	}
	page_consent(p->q, p->a, &c);
	db_row_done(&account);
	return ERR_FORMAT;
}

/* The union: who agreed to more before keeps that. */
static enum err
write_consent(struct pass *p, struct span sub)
{
	uint64_t now = (uint64_t)time(NULL);
	struct buf all = BUF_INIT;
	struct db_consent c = { .client = p->r.client.id, .sub = sub, .created = now, .used = now };
	struct span rest = buf_span(&p->wanted), one;
	enum err e;

	memcpy(c.account, p->session.account, DB_ID);
	buf_put_span(&all, p->consent.scopes);
	while (scope_next(&rest, &one)) {
		if (scope_is_within(one, p->consent.scopes))
			continue;
		if (all.len)
			buf_put_u8(&all, ' ');
		buf_put_span(&all, one);
	}
	c.scopes = buf_span(&all);
	if (!(e = buf_err(&all)))
		e = db_consent_set(p->q->oidc->db, &c);
	buf_done(&all);
	return e;
}

static enum err
keep_consent(struct pass *p, char sub[SIGN_SUBJECT])
{
	uint64_t now = (uint64_t)time(NULL);
	enum err e;

	if (is_stranger(p)) {
		sub[0] = '\0';
		return write_consent(p, SPAN_NONE);
	}
	if (p->consent.client.len && p->consent.sub.len && p->consent.sub.len < SIGN_SUBJECT) {
		memcpy(sub, p->consent.sub.p, p->consent.sub.len);
		sub[p->consent.sub.len] = '\0';
		if (!scope_is_within(buf_span(&p->wanted), p->consent.scopes))
			return write_consent(p, span_str(sub));
		return now < p->consent.used + USED_EVERY
		    ? ERR_OK
		    : db_consent_used(p->q->oidc->db, p->session.account, p->r.client.id, now);
	}
	e = ask_subject(p, sub);
	return e ? e : write_consent(p, span_str(sub));
}

/* ---- the code ---- */
static enum err
give(struct pass *p)
{
	struct oidc *o = p->q->oidc;
	char sub[SIGN_SUBJECT], text[HANDLE_TEXT];
	struct code c = { .client = p->r.client.id,
		.redirect_uri = p->r.redirect_uri,
		.challenge = p->r.challenge,
		.scopes = buf_span(&p->r.scopes),
		.audience = p->r.audience,
		.nonce = p->r.nonce,
		.amr = p->session.amr,
		.auth_time = p->session.auth_time };
	enum err e;

	/* no code that nobody could redeem */
	if (sign_state(o->sign) != SIGN_OPEN && scope_has(c.scopes, "openid")) {
		if (quiet(p))
			return tell(p, "temporarily_unavailable", "the keys are locked");
		return sign_state(o->sign) == SIGN_LOCKED ? ERR_LOCKED : ERR_NOAGENT;
	}
	if ((e = keep_consent(p, sub)))
		return e;
	c.sub = span_str(sub);
	memcpy(c.account, p->session.account, DB_ID);
	memcpy(c.sid, p->session.sid, DB_ID);
	if ((e = codes_put(o->codes, &c, loop_now(), text)))
		return e;
	reply_code(p->q, p->a, &p->r, text);
	if (p->waited)
		waiting_end(p->q, p->go);
	return ERR_OK;
}

static enum err
judge(struct pass *p)
{
	struct authreq_rules rules = { .db = p->q->oidc->db,
		.pkce_always = p->q->oidc->conf.pkce == OIDC_PKCE_ALWAYS,
		.indieauth = p->q->oidc->conf.indieauth,
		.old_clients = p->q->oidc->conf.old_clients,
		.met = p->has_met ? &p->met : NULL };
	struct authreq_wrong wrong;
	enum err e = authreq_judge(&p->r, p->form, &rules, &wrong);

	/* whether it may be told at that address is known after a login */
	if (e == ERR_FORMAT && is_stranger(p) && !p->has_met && p->r.redirect_uri.len)
		return ERR_OK;
	if (e == ERR_FORMAT)
		reply_error(p->q, p->a, &p->r, &wrong);
	return e;
}

/* ---- strangers ---- */
/* The answer is who the person is, and that is their page. */
static enum err
check_page(struct pass *p)
{
	struct db_account account;
	enum err e = db_account_get(p->q->oidc->db, p->session.account, &account);
	bool has = account.me.len > 0;

	db_row_done(&account);
	if (e || has)
		return e;
	web_refuse(p->q, p->a, 403, "access_denied",
	    "Your account here has no web page that you are known by. Ask whoever runs this to set "
	    "it (ownkey-oidc user set NAME --me), then try again.");
	return ERR_FORMAT;
}

/* One person cannot make this machine look at address after address. */
static enum err
check_rate(struct pass *p)
{
	if (!profile_is_fetched(p->r.client.id) ||
	    rate_page(p->q, p->session.account, p->r.client.id))
		return ERR_OK;
	web_header_put(p->a, "Retry-After", SPAN_LIT("3600"));
	web_refuse(p->q, p->a, 429, "temporarily_unavailable",
	    "You came from too many different sites within an hour. The page of this one was not "
	    "read, and it was told nothing. Wait an hour, and log in there again.");
	return ERR_FORMAT;
}

static enum err
look_at(struct pass *p)
{
	char text[400];
	enum err e = indie_meet(p->q->oidc->fetch, p->r.client.id, &p->met);

	p->has_met = true;
	if (e != ERR_FORMAT)
		return e;
	snprintf(text, sizeof text,
	    "The page of the site that you want to log in at could not be read: %s. The site was "
	    "told nothing. Go back, and try again later.",
	    fetch_why_text(p->met.got.a.why));
	web_refuse(p->q, p->a, 400, "invalid_client", text);
	return ERR_FORMAT;
}

/* Only for who is logged in does this machine go anywhere.  Then all is judged anew: with what the
 * client's page says, and since that took a while. */
static enum err
meet(struct pass *p)
{
	enum err e;

	if (!is_stranger(p))
		return ERR_OK;
	/* the consent page is next in any case, and would fetch it again */
	if (!p->waited && !quiet(p))
		return send_to(p, PATH_CONTINUE);
	if ((e = check_page(p)) || (e = check_rate(p)) || (e = look_at(p)))
		return e;
	authreq_done(&p->r);
	db_row_done(&p->session);
	return (e = judge(p)) ? e : find_person(p);
}

static void
end(struct pass *p)
{
	authreq_done(&p->r);
	buf_done(&p->wanted);
	db_row_done(&p->session);
	db_row_done(&p->consent);
	indie_met_done(&p->met);
}

static void
run(struct pass *p)
{
	enum err e;

	if (!(e = judge(p)) && !(e = find_person(p)) && !(e = meet(p)) && !(e = find_consent(p)) &&
	    !(e = check_hint(p)))
		e = must_ask(p) ? ask(p) : give(p);
	if (e && e != ERR_FORMAT)
		web_unavailable(p->q, p->a, e);
	end(p);
}

/* One address for both (IndieAuth 5.3.1): a request by way of the browser, and a client that comes
 * with a code and wants to know who it was. */
static bool
is_redemption(const struct web_request *q)
{
	/* the older ones do not say what they come for */
	const char *sign = q->oidc->conf.old_clients ? "code" : "grant_type";

	return q->method == WEB_POST && q->oidc->conf.indieauth &&
	    form_get(&q->form, sign, NULL) != FORM_ABSENT &&
	    form_get(&q->form, "response_type", NULL) == FORM_ABSENT;
}

void
authorize_endpoint(struct web_request *q, struct web_response *a)
{
	struct pass p = { .q = q, .a = a, .form = web_params(q) };

	if (is_redemption(q))
		token_profile(q, a);
	else
		run(&p);
}

/* ---- going on ---- */
static struct waiting *
find_waiting(struct web_request *q, struct web_response *a, struct span *go)
{
	struct waiting *w;

	*go = form_value(web_params(q), "go");
	if (go->len == WAITING_ID - 1 && (w = waiting_find(q, *go)))
		return w;
	web_refuse(q, a, 400, "invalid_request",
	    "This page is too old, or was begun in another browser. Go back to the site that you "
	    "came from, and log in there again.");
	return NULL;
}

static void
go_on(struct web_request *q, struct web_response *a)
{
	struct pass p = { .q = q, .a = a };
	struct waiting *w = waiting_find_loose(q, form_value(web_params(q), "go"));

	/* what came without cookies is judged as if it had just come */
	if (!w && !(w = p.waited = find_waiting(q, a, &p.go)))
		return;
	p.form = &w->form;
	page_prefer(q, form_value(p.form, "ui_locales"));
	run(&p);
	waiting_done(w);
}

static void
say_no(struct pass *p)
{
	enum err e;

	if (!(e = judge(p)) && !(e = find_person(p)) && !(e = meet(p)))
		(void)tell(p, "access_denied", "the person said no");
	if (e && e != ERR_FORMAT)
		web_unavailable(p->q, p->a, e);
	waiting_end(p->q, p->go);
	end(p);
}

static void
decide(struct web_request *q, struct web_response *a)
{
	struct pass p = { .q = q, .a = a };
	struct span said = form_value(&q->form, "decision");

	if (!(p.waited = find_waiting(q, a, &p.go)))
		return;
	if (!session_form_is(q, "consent", p.go)) {
		waiting_done(p.waited);
		web_refuse(q, a, 403, "invalid_request",
		    "This form was not made by this page. Nothing was allowed. Go back, and try "
		    "again.");
		return;
	}
	p.form = &p.waited->form;
	page_prefer(q, form_value(p.form, "ui_locales"));
	p.agreed = span_is(said, "yes");
	if (p.agreed)
		run(&p);
	else
		say_no(&p);
	waiting_done(p.waited);
}

void
authorize_continue(struct web_request *q, struct web_response *a)
{
	if (q->method == WEB_POST)
		decide(q, a);
	else
		go_on(q, a);
}
