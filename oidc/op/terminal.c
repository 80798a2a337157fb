/* terminal.c - requests that wait for a terminal. */
#include "oidc/op/terminal.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "oidc/db/memo.h"
#include "oidc/login/login.h"
#include "oidc/login/register.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"

#define MOST 2000

/* ---- the table: found by code and by page, which are told apart by a key of this start ---- */
static void
drop(void *value)
{
	struct terminal *t = value;

	buf_done(&t->list);
	buf_done(&t->user);
	free(t);
}

struct memo *
terminal_table(void)
{
	const struct memo_kind kind = { MOST, APPROVAL_LIFE * 1000, true, drop };

	return memo_new(&kind);
}

static void
key_of(struct web_request *q, const char code[APPROVAL_CODE + 1], uint8_t key[MEMO_KEY])
{
	char about[32];

	snprintf(about, sizeof about, "terminal %s", code);
	crypto_hmac_sha256(SPAN(q->oidc->form_key, sizeof q->oidc->form_key), span_str(about), key);
}

enum err
terminal_new(
    struct web_request *q, const struct ceremony *c, struct buf *list, struct terminal **out)
{
	struct terminal *t = calloc(1, sizeof *t);
	uint8_t key[MEMO_KEY];
	uint32_t number;
	enum err e;

	if (!t)
		return ERR_NOMEM;
	t->c = *c;
	crypto_random(t->c.challenge, sizeof t->c.challenge);
	approval_code_make(t->code);
	key_of(q, t->code, key);
	text_encode_raw(TEXT_BASE64URL, SPAN(key, sizeof key), t->page);
	crypto_random(&number, sizeof number);
	snprintf(t->number, sizeof t->number, "%03u", (unsigned)(number % 1000));
	snprintf(t->address, sizeof t->address, "%s", q->address);
	t->since = loop_now();
	t->list = *list;
	*list = BUF_INIT;
	if (!(e = memo_put(q->oidc->terminals, key, t, t->since)))
		*out = t;
	return e;
}

struct terminal *
terminal_by_code(struct web_request *q, struct span code)
{
	char text[APPROVAL_CODE + 1];
	uint8_t key[MEMO_KEY];

	if (approval_code_read(code, text))
		return NULL;
	key_of(q, text, key);
	return memo_find(q->oidc->terminals, key, loop_now());
}

struct terminal *
terminal_by_page(struct web_request *q, struct span page)
{
	uint8_t key[MEMO_KEY];
	struct terminal *t;
	size_t n = 0;

	if (page.len != TERMINAL_PAGE - 1 ||
	    text_decode(TEXT_BASE64URL, page, key, sizeof key, &n) || n != sizeof key)
		return NULL;
	t = memo_find(q->oidc->terminals, key, loop_now());
	return t && t->c.kind == CEREMONY_LOGIN && session_browser_is(q, t->c.browser) ? t : NULL;
}

void
terminal_drop(struct web_request *q, const struct terminal *t)
{
	uint8_t key[MEMO_KEY];
	void *value;

	key_of(q, t->code, key);
	if ((value = memo_take(q->oidc->terminals, key, loop_now())))
		drop(value);
}

/* ---- what is asked ---- */
/* The first so many; bytes go into keep. */
static enum err
read_list(struct span list, struct span out[APPROVAL_CREDS], size_t *n, struct buf *keep)
{
	uint8_t *p = buf_room(keep, list.len + 1);

	for (*n = 0; p && list.len && *n < APPROVAL_CREDS;) {
		const uint8_t *end = memchr(list.p, ' ', list.len);
		size_t len = end ? (size_t)(end - list.p) : list.len, got = 0;

		if (text_decode(TEXT_BASE64URL, SPAN(list.p, len), p, len, &got))
			return ERR_DB_DAMAGED;
		if (got && got <= 1023)
			out[(*n)++] = SPAN(p, got);
		p += got;
		len += end != NULL;
		list = SPAN(list.p + len, list.len - len);
	}
	return buf_err(keep);
}

static uint64_t
seconds_left(const struct terminal *t)
{
	uint64_t gone = (loop_now() - t->since) / 1000;

	return gone < APPROVAL_LIFE ? APPROVAL_LIFE - gone : 0;
}

enum err
terminal_put_ask(struct web_request *q, const struct terminal *t, struct buf *out)
{
	bool login = t->c.kind == CEREMONY_LOGIN;
	struct approval_ask ask = { .kind = login ? APPROVAL_LOGIN : APPROVAL_REGISTER,
		.issuer = span_str(q->oidc->conf.issuer),
		.code = span_str(t->code),
		.challenge = SPAN(t->c.challenge, APPROVAL_CHALLENGE),
		.seconds = seconds_left(t),
		.name = span_str(q->oidc->conf.name),
		.site = span_str(t->site),
		.host = span_str(t->host),
		.address = span_str(t->address),
		.number = login ? span_str(t->number) : SPAN_NONE,
		.user_id = login ? SPAN_NONE : SPAN(t->user_id, DB_ID),
		.user = buf_span(&t->user) };
	struct span creds[APPROVAL_CREDS];
	struct buf keep = BUF_INIT;
	enum err e = read_list(buf_span(&t->list), creds, &ask.creds.n, &keep);

	ask.creds.v = creds;
	wire_mark(&approval_ask_map, &ask);
	if (!e)
		e = wire_encode(&approval_ask_map, &ask, out);
	buf_done(&keep);
	return e;
}

/* ---- an answer ---- */
static enum err
no(const char **why, const char *text)
{
	*why = text;
	return ERR_FORMAT;
}

static enum err
prove(
    struct web_request *q, struct terminal *t, const struct approval_answer *got, const char **why)
{
	struct login l = { .q = q,
		.c = t->c,
		.got = { got->id, got->client_data, got->authdata, got->signature, SPAN_NONE } };
	enum err e = login_prove(&l);

	if (!e) {
		memcpy(t->account, l.row.account, DB_ID);
		t->flags = l.row.flags;
		t->state = TERMINAL_APPROVED;
	} else if (e == ERR_FORMAT) {
		log_info("login refused: %s", l.why.text);
		e = no(why,
		    "This token is not registered here for the name that was typed, or its answer "
		    "does not fit. Nobody was logged in.");
	}
	login_done(&l);
	return e;
}

static enum err
settle(
    struct web_request *q, struct terminal *t, const struct approval_answer *got, const char **why)
{
	struct register_answer made = { .client_data = got->client_data,
		.object = got->object,
		.transports = SPAN_LIT("usb"),
		.label = got->label };
	enum err e = register_settle(q, &t->c, &made, why);

	if (!e)
		t->state = TERMINAL_APPROVED;
	return e;
}

enum err
terminal_answer(
    struct web_request *q, struct terminal *t, const struct approval_answer *got, const char **why)
{
	enum err e;

	*why = "";
	if (t->state != TERMINAL_WAITS)
		return no(why, "This was answered already. Begin again on the page.");
	if (got->denied) {
		t->state = TERMINAL_DENIED;
		return ERR_OK;
	}
	e = t->c.kind == CEREMONY_LOGIN ? prove(q, t, got, why) : settle(q, t, got, why);
	if (e == ERR_FORMAT)
		t->state = TERMINAL_SPENT;
	return e;
}
