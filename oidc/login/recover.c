#include <time.h>

#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/text.h"
#include "oidc/db/handle.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/rate.h"
#include "oidc/login/recover.h"
#include "oidc/login/register.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/page/page.h"

#define BODY	24 /* characters */
#define BYTES	15
#define INVITED (30 * 60) /* seconds to register the new token */

/* ---- codes ---- */
static void
hash_of(const char body[BODY], uint8_t hash[DB_HASH])
{
	struct span v[] = { span_str(HANDLE_RECOVER), SPAN(body, BODY) };

	crypto_sha256v(v, 2, hash);
}

bool
recover_read(struct span text, uint8_t hash[DB_HASH])
{
	char body[BODY];
	uint8_t bytes[BYTES];
	size_t n = 0, got = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.p[i];

		if (c == '-' || c == ' ')
			continue;
		if (n == BODY)
			return false;
		body[n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	if (n != BODY || text_decode(TEXT_BASE32, SPAN(body, BODY), bytes, sizeof bytes, &got))
		return false;
	hash_of(body, hash);
	return true;
}

static void
make(char text[RECOVER_TEXT], uint8_t hash[DB_HASH])
{
	uint8_t bytes[BYTES];
	char body[BODY];

	crypto_random(bytes, sizeof bytes);
	text_encode_raw(TEXT_BASE32, SPAN(bytes, sizeof bytes), body);
	hash_of(body, hash);
	for (size_t i = 0; i < BODY; i++)
		text[i + i / 4] = body[i];
	for (size_t i = 4; i < RECOVER_TEXT - 1; i += 5)
		text[i] = '-';
	text[RECOVER_TEXT - 1] = '\0';
}

enum err
recover_renew(struct db *s, const uint8_t account[DB_ID], char codes[RECOVER_CODES][RECOVER_TEXT])
{
	struct db_pass p[RECOVER_CODES];

	for (size_t i = 0; i < RECOVER_CODES; i++) {
		p[i] = (struct db_pass){ .kind = DB_RECOVERY };
		memcpy(p[i].account, account, DB_ID);
		make(codes[i], p[i].hash);
	}
	return db_pass_renew(s, p, RECOVER_CODES);
}

/* ---- the page ---- */
static void
show(struct web_request *q, struct web_response *a)
{
	char token[SESSION_FORM];

	session_form(q, a, "recover", SPAN_NONE, token);
	page_open(q, a, SAY_LOST);
	page_put(q, a, "p", SAY_LOST_HOW);
	page_form(q, a, PATH_LOGIN_RECOVER, token);
	buf_put_str(&a->body, "<p>");
	page_label(q, a, "name", SAY_NAME_HERE);
	buf_put_str(&a->body,
	    "<input id=\"name\" name=\"name\" required maxlength=\"64\" autocomplete=\"username\""
	    " autocapitalize=\"none\" spellcheck=\"false\" dir=\"auto\"></p>\n<p>");
	page_label(q, a, "code", SAY_LOST_CODE);
	buf_put_str(&a->body,
	    "<input id=\"code\" name=\"code\" required maxlength=\"64\" autocomplete=\"off\""
	    " autocapitalize=\"characters\" spellcheck=\"false\" aria-describedby=\"hint\"></p>\n");
	page_put(q, a, "p id=\"hint\" class=\"faint\"", SAY_LOST_CODE_HINT);
	page_button(q, a, "", SAY_LOST_DO);
	buf_put_str(&a->body, "</form>\n");
	page_put(q, a, "p class=\"faint\"", SAY_LOST_NONE);
	buf_put_str(&a->body, "<p>");
	page_link(q, a, "/login", SAY_LOST_OTHER);
	buf_put_str(&a->body, "</p>\n");
	page_end(q, a, 200);
}

/* ---- the answer ---- */
/* ERR_NOTFOUND: name and code do not belong together, whichever of them is wrong. */
static enum err
check(struct db *s, const struct form *f, uint8_t hash[DB_HASH], struct db_pass *p)
{
	struct db_account account = { .created = 0 };
	enum err e;

	if (!recover_read(form_value(f, "code"), hash))
		return ERR_NOTFOUND;
	if ((e = db_pass_look(s, hash, (uint64_t)time(NULL), p)))
		return e;
	if (!(e = db_account_find(s, form_value(f, "name"), &account)) &&
	    (p->kind != DB_RECOVERY || account.disabled ||
		memcmp(p->account, account.id, DB_ID) != 0))
		e = ERR_NOTFOUND;
	db_row_done(&account);
	return e;
}

static enum err
exchange(struct web_request *q, struct web_response *a)
{
	uint64_t now = (uint64_t)time(NULL);
	struct db_pass code, invite = { .kind = DB_REPLACE, .expires = now + INVITED };
	char text[HANDLE_TEXT];
	uint8_t hash[DB_HASH];
	struct buf to = BUF_INIT;
	enum err e = check(q->oidc->db, &q->form, hash, &code);

	if (e)
		return e;
	memcpy(invite.account, code.account, DB_ID);
	handle_make(HANDLE_INVITE, text, invite.hash);
	if ((e = db_pass_trade(q->oidc->db, hash, now, &invite)))
		return e;
	log_info("a recovery code was used");
	buf_putf(&to, "%s%s?invite=%s", q->oidc->conf.issuer, PATH_REGISTER, text);
	web_redirect(a, buf_span(&to));
	buf_done(&to);
	return ERR_OK;
}

void
recover_endpoint(struct web_request *q, struct web_response *a)
{
	static const struct rate rate = { "recover", 10, 20 };
	enum err e;

	if (q->method != WEB_POST) {
		show(q, a);
		return;
	}
	if (!session_form_is(q, "recover", SPAN_NONE)) {
		ceremony_failed(q, a, "This form was not made by this page.", PATH_LOGIN_RECOVER);
		return;
	}
	if (!rate_take(q, a, &rate))
		return;
	if ((e = exchange(q, a)) == ERR_NOTFOUND)
		ceremony_failed(q, a,
		    "This is no recovery code of that name, or it was used already.",
		    PATH_LOGIN_RECOVER);
	else if (e)
		web_unavailable(q, a, e);
}
