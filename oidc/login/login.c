#include <stdio.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/text.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/login.h"
#include "oidc/login/rate.h"
#include "oidc/login/recover.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"

#define DECOY 96 /* bytes of the longest; whole HMACs */

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

/* The name of what waits, if it has the form of one. */
static void
read_go(struct span in, char go[CEREMONY_GO])
{
	uint8_t id[32];
	size_t n = 0;

	go[0] = '\0';
	if (in.len != CEREMONY_GO - 1 || text_decode(TEXT_BASE64URL, in, id, sizeof id, &n))
		return;
	memcpy(go, in.p, in.len);
	go[in.len] = '\0';
}

/* ---- the page ---- */
static void
put_other_ways(struct web_request *q, struct web_response *a)
{
	put(a, "<ul class=\"links\"><li>");
	page_link(q, a, PATH_LOGIN_RECOVER, SAY_LOST);
	put(a, "</li></ul>\n");
}

void
login_page(struct web_request *q, struct web_response *a)
{
	char token[SESSION_FORM], go[CEREMONY_GO];

	read_go(form_value(&q->query, "go"), go);
	session_form(q, a, "login", SPAN_NONE, token);
	page_open(q, a, SAY_LOGIN);
	page_put(q, a, "p", SAY_LOGIN_HOW);
	if (go[0])
		page_put(q, a, "p", SAY_LOGIN_FOR);
	put(a, "<noscript>");
	page_put(q, a, "p class=\"notice\"", SAY_NO_SCRIPT);
	put(a, "</noscript>\n");
	page_form(q, a, PATH_LOGIN_START, token);
	page_hidden(a, "go", span_str(go));
	put(a, "<p>");
	page_label(q, a, "name", SAY_NAME_HERE);
	put(a,
	    "<input id=\"name\" name=\"name\" maxlength=\"64\" autocomplete=\"username webauthn\""
	    " autocapitalize=\"none\" spellcheck=\"false\" dir=\"auto\""
	    " aria-describedby=\"hint\"></p>\n");
	page_put(q, a, "p id=\"hint\" class=\"faint\"", SAY_NAME_HINT);
	put(a, "<p class=\"choice\"><button>");
	page_say(q, a, SAY_LOGIN_TOKEN);
	put(a, "</button> <button class=\"quiet\" name=\"terminal\" value=\"1\">");
	page_say(q, a, SAY_LOGIN_TERMINAL);
	put(a, "</button></p></form>\n");
	put_other_ways(q, a);
	page_end(q, a, 200);
}

/* ---- which credentials ---- */
static enum err
put_credential(void *arg, const struct db_credential *c)
{
	struct buf *out = arg;

	if (out->len)
		buf_put_u8(out, ' ');
	text_encode(TEXT_BASE64URL, c->id, out);
	return ERR_OK;
}

enum err
login_put_credentials(struct db *s, const uint8_t account[DB_ID], struct buf *out)
{
	enum err e = db_credential_each(s, account, put_credential, out);

	return e ? e : buf_err(out);
}

/* One or two, as long as those of tokens and synced passkeys: always the same would tell. */
static enum err
put_decoy(struct db *s, struct span name, struct buf *out)
{
	static const uint8_t lengths[] = { 64, 48, 32, 64, 20, 16, 48, DECOY };
	uint8_t key[32], mac[32], id[DECOY];
	enum err e = db_chance(s, "decoy", key);
	unsigned n;

	if (e)
		return e;
	crypto_hmac_sha256(SPAN(key, sizeof key), name, mac);
	n = 1 + (mac[0] & 1);
	while (n--) {
		for (size_t at = 0; at < sizeof id; at += sizeof mac) {
			crypto_hmac_sha256(SPAN(key, sizeof key), SPAN(mac, sizeof mac), mac);
			memcpy(id + at, mac, sizeof mac);
		}
		if (out->len)
			buf_put_u8(out, ' ');
		text_encode(TEXT_BASE64URL, SPAN(id, lengths[mac[1] & 7]), out);
	}
	return buf_err(out);
}

/* An account without a token, or that is disabled, looks like none. */
static enum err
find_named(struct db *s, struct span name, struct ceremony *c, struct buf *list)
{
	struct db_account account = { .created = 0 };
	enum err e = db_account_find(s, name, &account);

	c->named = true;
	if (!e && !account.disabled) {
		memcpy(c->account, account.id, DB_ID);
		e = login_put_credentials(s, account.id, list);
	}
	db_row_done(&account);
	if ((!e || e == ERR_NOTFOUND) && !list->len)
		e = put_decoy(s, name, list);
	return e;
}

/* ---- the challenge ---- */
static void
put_ceremony(
    struct web_request *q, struct web_response *a, const struct ceremony *c, struct span list)
{
	char token[SESSION_FORM], challenge[CEREMONY_TEXT];
	struct relying r;

	text_encode_raw(TEXT_BASE64URL, SPAN(c->challenge, sizeof c->challenge), challenge);
	challenge[CEREMONY_TEXT - 1] = '\0';
	relying_of(q->oidc->conf.issuer, &r);
	session_form(q, a, "login finish", SPAN_NONE, token);
	page_open_with(q, a, SAY_TOUCH, "webauthn.js");
	ceremony_put_form(q, a, PATH_LOGIN_FINISH, "get");
	buf_putf(&a->body, " data-challenge=\"%s\" data-rp=\"%s\" data-list=\"", challenge, r.id);
	html_text(&a->body, list);
	put(a, "\">");
	page_hidden(a, "token", span_str(token));
	page_hidden(a, "challenge", span_str(challenge));
	page_hidden(a, "id", SPAN_NONE);
	page_hidden(a, "client_data", SPAN_NONE);
	page_hidden(a, "authdata", SPAN_NONE);
	page_hidden(a, "signature", SPAN_NONE);
	page_hidden(a, "user_handle", SPAN_NONE);
	ceremony_put_status(q, a, PATH_LOGIN, c->go);
	page_end(q, a, 200);
}

enum err
login_begin(struct web_request *q, struct web_response *a, struct ceremony *c, struct buf *list)
{
	static const struct rate rate = { "login", 100, 1000 };
	struct span name = form_value(&q->form, "name");

	*c = (struct ceremony){ .kind = CEREMONY_LOGIN };
	if (!session_form_is(q, "login", SPAN_NONE)) {
		ceremony_failed(q, a, "This form was not made by this page.", PATH_LOGIN);
		return ERR_FORMAT;
	}
	if (!rate_take(q, a, &rate))
		return ERR_FORMAT;
	read_go(form_value(&q->form, "go"), c->go);
	return name.len ? find_named(q->oidc->db, name, c, list) : ERR_OK;
}

void
login_start(struct web_request *q, struct web_response *a)
{
	char challenge[CEREMONY_TEXT];
	struct buf list = BUF_INIT;
	struct ceremony c;
	enum err e = login_begin(q, a, &c, &list);

	if (!e)
		e = ceremony_begin(q, a, &c, challenge);
	if (!e)
		put_ceremony(q, a, &c, buf_span(&list));
	else if (!a->status)
		web_unavailable(q, a, e);
	buf_done(&list);
}

/* ---- the answer ---- */
static enum err
refuse(struct login *l, const char *why)
{
	l->why.text = why;
	return ERR_FORMAT;
}

static enum err
read_answer(struct login *l)
{
	const struct ceremony_field fields[] = {
		{ "id", DB_CREDENTIAL, &l->got.id },
		{ "client_data", WEBAUTHN_JSON_MAX, &l->got.client_data },
		{ "authdata", WEBAUTHN_OBJECT_MAX, &l->got.authdata },
		{ "signature", 1024, &l->got.signature },
		{ "user_handle", 64, &l->got.user_handle },
	};
	enum err e = ceremony_read(&l->q->form, fields, sizeof fields / sizeof *fields, &l->keep);

	return e == ERR_FORMAT ? refuse(l, "fields") : e;
}

/* WebAuthn 7.2 steps 5 and 6: whose credential it is. */
static enum err
find_row(struct login *l)
{
	struct db_account account = { .created = 0 };
	enum err e = db_credential_get(l->q->oidc->db, l->got.id, &l->row);

	if (e)
		return e == ERR_NOTFOUND ? refuse(l, "nobody's credential") : e;
	if (l->c.named && memcmp(l->c.account, l->row.account, DB_ID) != 0)
		return refuse(l, "credential of another account");
	if (!l->c.named && !l->got.user_handle.len)
		return refuse(l, "no userHandle");
	e = db_account_get(l->q->oidc->db, l->row.account, &account);
	if (!e && account.disabled)
		e = refuse(l, "disabled account");
	db_row_done(&account);
	return e;
}

enum err
login_prove(struct login *l)
{
	struct relying r;
	struct webauthn_expect x = {
		.origin = r.origin, .rp_id = r.id, .challenge = l->c.challenge, .uv = true
	};
	enum err e;

	relying_of(l->q->oidc->conf.issuer, &r);
	if ((e = find_row(l)) || (e = webauthn_assert(&x, &l->got, &l->row, &l->why)))
		return e;
	l->row.used = (uint64_t)time(NULL);
	return db_credential_used(l->q->oidc->db, &l->row);
}

enum err
login_by(struct web_request *q, struct web_response *a, const struct db_credential *row)
{
	char amr[32];

	snprintf(amr, sizeof amr, "%s user%s", row->flags & DB_BE ? "swk" : "hwk",
	    row->flags & DB_UV ? " mfa" : "");
	return session_begin(q, a, &(struct session_login){ row->account, span_str(amr) });
}

/* A page, not a redirect: what follows a form stays under its form-action in Chromium, and the way
 * may lead on to any client. */
void
login_go_on(struct web_request *q, struct web_response *a, const char *go)
{
	char path[sizeof PATH_CONTINUE + 4 + CEREMONY_GO];
	struct buf to = BUF_INIT;

	if (!go[0]) {
		buf_putf(&to, "%s/account", q->oidc->conf.issuer);
		web_redirect(a, buf_span(&to));
		buf_done(&to);
		return;
	}
	snprintf(path, sizeof path, "%s?go=%s", PATH_CONTINUE, go);
	page_open_on(q, a, SAY_LOGGED_IN, path);
	put(a, "<p>");
	page_link(q, a, path, SAY_GO_ON);
	put(a, "</p>\n");
	page_end(q, a, 200);
}

static void
failed(struct login *l, struct web_response *a)
{
	char path[sizeof PATH_LOGIN + 4 + CEREMONY_GO];

	log_info("login refused: %s", l->why.text);
	snprintf(path, sizeof path, "%s%s%s", PATH_LOGIN, l->c.go[0] ? "?go=" : "", l->c.go);
	ceremony_failed(l->q, a,
	    "Nobody was logged in: this token is not registered for that name, or its answer does "
	    "not fit what was asked.",
	    path);
}

void
login_done(struct login *l)
{
	db_row_done(&l->row);
	buf_done(&l->keep);
}

void
login_finish(struct web_request *q, struct web_response *a)
{
	struct login l = { .q = q };
	enum err e;

	if (!session_form_is(q, "login finish", SPAN_NONE) ||
	    !ceremony_take(q, CEREMONY_LOGIN, &l.c)) {
		ceremony_failed(q, a,
		    "This page is too old, was used already, or was begun in another browser.",
		    PATH_LOGIN);
		return;
	}
	if (!(e = read_answer(&l)) && !(e = login_prove(&l)))
		e = login_by(q, a, &l.row);
	if (!e)
		login_go_on(q, a, l.c.go);
	else if (e == ERR_FORMAT)
		failed(&l, a);
	else
		web_unavailable(q, a, e);
	login_done(&l);
}
