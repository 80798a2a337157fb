#include <time.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/db/handle.h"
#include "oidc/login/browser.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"

#define USED_EVERY 60 /* seconds: not a write for each page */

/* On https with the prefix that lets only this host set it (RFC 6265bis 4.1.3.2). */
static const char *
cookie_name(const struct web_request *q, bool flow)
{
	if (oidc_conf_is_local(q->oidc->conf.issuer))
		return flow ? "ownkey-flow" : "ownkey-local";
	return flow ? "__Host-ownkey-flow" : "__Host-ownkey";
}

static uint64_t
now(void)
{
	return (uint64_t)time(NULL);
}

/* ---- the session ---- */
static enum err
is_enabled(struct db *db, const uint8_t id[DB_ID])
{
	struct db_account a;
	enum err e = db_account_get(db, id, &a);

	if (!e && a.disabled)
		e = ERR_NOTFOUND;
	db_row_done(&a);
	return e;
}

/* Every minute, so that an idle one ends when it should. */
static enum err
touch(struct web_request *q, struct db_session *s)
{
	const struct oidc_conf *c = &q->oidc->conf;
	uint64_t t = now(), end = s->auth_time + c->session_lifetime;

	if (t < s->used + USED_EVERY)
		return ERR_OK;
	s->used = t;
	if (c->session_idle && t + c->session_idle < end)
		end = t + c->session_idle;
	s->expires = end;
	return db_session_touch(q->oidc->db, s);
}

enum err
session_get(struct web_request *q, struct db_session *out)
{
	uint8_t hash[HANDLE_HASH];
	struct span text;
	enum err e;

	*out = (struct db_session){ .used = 0 };
	if (!web_cookie(q, cookie_name(q, false), &text) ||
	    !handle_read(HANDLE_SESSION, text, hash))
		return ERR_NOTFOUND;
	if ((e = db_session_get(q->oidc->db, hash, now(), out)))
		return e;
	if (!(e = is_enabled(q->oidc->db, out->account)))
		e = touch(q, out);
	if (e)
		db_row_done(out);
	return e;
}

/* What the browser calls itself, for "where am I logged in": nothing of it is kept but that. */
static void
agent_of(const struct web_request *q, char out[BROWSER_TEXT])
{
	struct span s;

	if (web_header(q, "User-Agent", &s) != FORM_ONE)
		s = SPAN_NONE;
	browser_write(browser_read(s), out);
}

/* The same person at the same browser: the older row goes, what came of it stays. */
static enum err
replace(struct web_request *q, struct db_session *fresh)
{
	struct db_session old;
	enum err e = session_get(q, &old);

	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (!e && !memcmp(old.account, fresh->account, DB_ID)) {
		memcpy(fresh->sid, old.sid, DB_ID);
		fresh->created = old.created;
		e = db_session_forget(q->oidc->db, old.sid);
	} else if (!e)
		e = db_session_remove(q->oidc->db, old.sid);
	db_row_done(&old);
	return e;
}

enum err
session_begin(struct web_request *q, struct web_response *a, const struct session_login *l)
{
	const struct oidc_conf *c = &q->oidc->conf;
	struct db_session s = { .created = now(), .amr = l->amr };
	char text[HANDLE_TEXT], agent[BROWSER_TEXT];
	uint64_t life = c->session_lifetime;
	enum err e;

	memcpy(s.account, l->account, DB_ID);
	crypto_random(s.sid, sizeof s.sid);
	handle_make(HANDLE_SESSION, text, s.hash);
	agent_of(q, agent);
	s.agent = span_str(agent);
	if ((e = replace(q, &s)))
		return e;
	s.used = s.auth_time = now();
	if (c->session_idle && c->session_idle < life)
		life = c->session_idle;
	s.expires = s.used + life;
	if (!(e = db_session_add(q->oidc->db, &s)))
		web_cookie_put(q, a, cookie_name(q, false), span_str(text), c->session_lifetime);
	return e;
}

enum err
session_end(struct web_request *q, struct web_response *a)
{
	struct db_session s;
	enum err e = session_get(q, &s);

	web_cookie_put(q, a, cookie_name(q, false), SPAN_NONE, 0);
	if (e)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	e = db_session_remove(q->oidc->db, s.sid);
	db_row_done(&s);
	return e;
}

void
session_name(const uint8_t sid[DB_ID], struct span client, char out[SESSION_NAME])
{
	struct span v[] = { SPAN("sid", 4), SPAN(sid, DB_ID), client };
	uint8_t hash[32];

	crypto_sha256v(v, sizeof v / sizeof *v, hash);
	text_encode_raw(TEXT_HEX, SPAN(hash, DB_ID), out);
	out[SESSION_NAME - 1] = '\0';
}

/* ---- the browser ---- */
static bool
browser(struct web_request *q, uint8_t out[32])
{
	struct span text;

	return web_cookie(q, cookie_name(q, true), &text) && handle_read(HANDLE_FLOW, text, out);
}

void
session_browser(struct web_request *q, struct web_response *a, uint8_t out[32])
{
	char text[HANDLE_TEXT];

	if (q->has_browser) {
		memcpy(out, q->browser, 32);
		return;
	}
	if (!browser(q, out)) {
		handle_make(HANDLE_FLOW, text, out);
		web_cookie_put(q, a, cookie_name(q, true), span_str(text), 0);
	}
	memcpy(q->browser, out, 32);
	q->has_browser = true;
}

bool
session_browser_has(struct web_request *q, uint8_t out[32])
{
	return browser(q, out);
}

bool
session_has_cookies(struct web_request *q)
{
	struct span text;

	return web_cookie(q, cookie_name(q, false), &text) ||
	    web_cookie(q, cookie_name(q, true), &text);
}

bool
session_is_fresh(const struct db_session *s)
{
	return now() <= s->auth_time + SESSION_FRESH;
}

bool
session_browser_is(struct web_request *q, const uint8_t want[32])
{
	uint8_t is[32];

	return browser(q, is) && crypto_eq(SPAN(is, 32), SPAN(want, 32));
}

/* ---- forms ---- */
static void
form_token(struct web_request *q, const uint8_t browser_id[32], const char *form, struct span about,
    char out[SESSION_FORM])
{
	struct span v[] = { SPAN(browser_id, 32), span_str(form), SPAN("", 1), about };
	uint8_t all[32], mac[32];

	crypto_sha256v(v, sizeof v / sizeof *v, all);
	crypto_hmac_sha256(SPAN(q->oidc->form_key, sizeof q->oidc->form_key), SPAN(all, 32), mac);
	text_encode_raw(TEXT_BASE64URL, SPAN(mac, 32), out);
	out[SESSION_FORM - 1] = '\0';
}

void
session_form(struct web_request *q, struct web_response *a, const char *form, struct span about,
    char out[SESSION_FORM])
{
	uint8_t id[32];

	session_browser(q, a, id);
	form_token(q, id, form, about, out);
}

bool
session_form_is(struct web_request *q, const char *form, struct span about)
{
	char want[SESSION_FORM];
	uint8_t id[32];

	if (!web_is_same_origin(q) || !browser(q, id))
		return false;
	form_token(q, id, form, about, want);
	return crypto_eq(form_value(&q->form, "token"), SPAN(want, SESSION_FORM - 1));
}
