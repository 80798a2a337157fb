/* approval.c - what a terminal and a provider say to each other. */
#include "lib/approval.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "lib/textblock.h"

#define N(a) (sizeof(a) / sizeof *(a))

/* ---- messages ---- */
static const struct wire_field want_fields[] = {
	WIRE_F(approval_want, 1, TEXT, WF_OPT, code, APPROVAL_CODE, APPROVAL_CODE, "of the page"),
	WIRE_F(approval_want, 2, TEXT, WF_OPT, invite, 1, 128, "an invitation"),
};
const struct wire_map approval_want_map = { "approval-want", sizeof(struct approval_want),
	want_fields, N(want_fields), false, 0 };

static const struct wire_field ask_fields[] = {
	WIRE_E(approval_ask, 1, 0, kind, APPROVAL_REGISTER, "login|register", "what is wanted"),
	WIRE_F(approval_ask, 2, TEXT, 0, issuer, 1, WEBURL_MAX, "the provider"),
	WIRE_F(approval_ask, 3, TEXT, 0, code, APPROVAL_CODE, APPROVAL_CODE, "names the request"),
	WIRE_F(approval_ask, 4, BYTES, 0, challenge, APPROVAL_CHALLENGE, APPROVAL_CHALLENGE,
	    "to be signed"),
	WIRE_F(approval_ask, 5, UINT, 0, seconds, 0, APPROVAL_LIFE, "that it is good for"),
	WIRE_F(approval_ask, 6, TEXT, WF_OPT, name, 1, 128, "of the provider"),
	WIRE_F(approval_ask, 7, BLOBS, WF_OPT, creds, 1, 1023, "credentials"),
	WIRE_F(approval_ask, 8, TEXT, WF_OPT, site, 1, 256, "who wants to know"),
	WIRE_F(approval_ask, 9, TEXT, WF_OPT, host, 1, 256, "where it leads back to"),
	WIRE_F(approval_ask, 10, TEXT, WF_OPT, address, 1, 64, "of the browser"),
	WIRE_F(approval_ask, 11, TEXT, WF_OPT, number, 3, 3, "to compare"),
	WIRE_F(approval_ask, 12, BYTES, WF_OPT, user_id, 1, 64, "who is registered"),
	WIRE_F(approval_ask, 13, TEXT, WF_OPT, user, 1, 64, "their name"),
};
const struct wire_map approval_ask_map = { "approval-ask", sizeof(struct approval_ask), ask_fields,
	N(ask_fields), false, 0 };

static const struct wire_field answer_fields[] = {
	WIRE_F(approval_answer, 1, TEXT, 0, code, APPROVAL_CODE, APPROVAL_CODE, "of the request"),
	WIRE_F(approval_answer, 2, BOOL, WF_OPT, denied, 0, 1, "the person said no"),
	WIRE_F(approval_answer, 3, BYTES, WF_OPT, client_data, 1, 4096, "clientDataJSON"),
	WIRE_F(approval_answer, 4, BYTES, WF_OPT, id, 1, 1023, "credential"),
	WIRE_F(approval_answer, 5, BYTES, WF_OPT, authdata, 37, 4096, "authenticator data"),
	WIRE_F(approval_answer, 6, BYTES, WF_OPT, signature, 1, 1024, "signature"),
	WIRE_F(approval_answer, 7, BYTES, WF_OPT, object, 1, 8192, "attestationObject"),
	WIRE_F(approval_answer, 8, TEXT, WF_OPT, label, 1, APPROVAL_LABEL, "the token's name"),
};
const struct wire_map approval_answer_map = { "approval-answer", sizeof(struct approval_answer),
	answer_fields, N(answer_fields), false, 0 };

static const struct wire_field said_fields[] = {
	WIRE_F(approval_said, 1, TEXT, WF_OPT, text, 1, 500, "why not"),
};
const struct wire_map approval_said_map = { "approval-said", sizeof(struct approval_said),
	said_fields, N(said_fields), false, 0 };

/* ---- codes ---- */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
approval_code_make(char out[APPROVAL_CODE + 1])
{
	uint8_t random[APPROVAL_CODE];

	crypto_random(random, sizeof random);
	for (size_t i = 0; i < APPROVAL_CODE; i++)
		out[i] = letters[random[i] & 31];
	out[APPROVAL_CODE] = '\0';
}

static char
letter_of(uint8_t c)
{
	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	return c && strchr(letters, c) ? (char)c : '\0';
}

enum err
approval_code_read(struct span text, char out[APPROVAL_CODE + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-' || text.p[i] == ' ')
			continue;
		if (n == APPROVAL_CODE || !(out[n] = letter_of(text.p[i])))
			return ERR_FORMAT;
		n++;
	}
	out[n] = '\0';
	return n == APPROVAL_CODE ? ERR_OK : ERR_FORMAT;
}

void
approval_code_show(const char code[APPROVAL_CODE + 1], char out[APPROVAL_CODE_TEXT])
{
	memcpy(out, code, 4);
	out[4] = '-';
	memcpy(out + 5, code + 4, 4);
	out[9] = '\0';
}

/* ---- blocks ---- */
#define SUM 4

void
approval_block_put(const char *kind, struct span message, struct buf *out)
{
	struct buf b = BUF_INIT;
	uint8_t hash[32];

	crypto_sha256(message, hash);
	buf_put(&b, hash, SUM);
	buf_put_span(&b, message);
	if (buf_err(&b))
		out->failed = true;
	else
		textblock_write(kind, buf_span(&b), out);
	buf_done(&b);
}

enum err
approval_block_get(const char *kind, struct span text, struct buf *message)
{
	struct buf b = BUF_INIT;
	struct span inside;
	uint8_t hash[32];
	enum err e;

	if ((e = textblock_read(kind, text, SUM + APPROVAL_MAX, &b)))
		goto out;
	e = ERR_APPROVE_BLOCK;
	if (b.len <= SUM)
		goto out;
	inside = SPAN(b.p + SUM, b.len - SUM);
	crypto_sha256(inside, hash);
	if (memcmp(hash, b.p, SUM) != 0)
		goto out;
	buf_put_span(message, inside);
	e = buf_err(message);
out:
	buf_done(&b);
	return e && e != ERR_NOMEM ? ERR_APPROVE_BLOCK : e;
}

/* ---- whom a token signs for ---- */
/* What stands in JSON between quotes, and a browser writes exactly so. */
static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '%' || s.p[i] == '"' ||
		    s.p[i] == '\\')
			return false;
	return true;
}

static bool
is_default_port(const struct weburl *u)
{
	return u->has_port && u->port == (u->is_https ? 443 : 80);
}

enum err
approval_party_of(struct span address, struct approval_party *out)
{
	struct weburl u;

	if (address.len && address.p[address.len - 1] == '/')
		address.len--;
	if (weburl_parse(address, &u) || u.has_query || u.has_fragment || weburl_has_dots(u.path) ||
	    (u.path.len && u.path.p[u.path.len - 1] == '/'))
		return ERR_APPROVE_PLACE;
	if (u.kind == WEBURL_BRACKET || is_default_port(&u) || !is_plain(u.scheme) ||
	    !is_plain(u.authority) || (!u.is_https && !weburl_is_local(&u)))
		return ERR_APPROVE_PLACE;
	out->issuer = address;
	out->origin = SPAN(address.p, (size_t)(u.authority.p + u.authority.len - address.p));
	out->rp_id = u.host;
	out->is_https = u.is_https;
	return ERR_OK;
}

void
approval_client_data(
    enum approval_kind kind, const struct approval_party *p, struct span challenge, struct buf *out)
{
	buf_putf(out, "{\"type\":\"webauthn.%s\",\"challenge\":\"",
	    kind == APPROVAL_LOGIN ? "get" : "create");
	text_encode(TEXT_BASE64URL, challenge, out);
	buf_put_str(out, "\",\"origin\":\"");
	buf_put_span(out, p->origin);
	buf_put_str(out, "\",\"crossOrigin\":false}");
}

void
approval_object(struct span authdata, struct buf *out)
{
	cbor_put_map(out, 3);
	cbor_put_text(out, SPAN_LIT("fmt"));
	cbor_put_text(out, SPAN_LIT("none"));
	cbor_put_text(out, SPAN_LIT("attStmt"));
	cbor_put_map(out, 0);
	cbor_put_text(out, SPAN_LIT("authData"));
	cbor_put_bytes(out, authdata);
}
