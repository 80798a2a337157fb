/* jwt.c - header and payload of a token. */
#include "lib/jwt.h"

#include "lib/jwk.h"
#include "lib/text.h"

#define PAYLOAD_MOST ((size_t)40 * 1024) /* base64url of it, and a signature, fit JWT_TOKEN_MAX */
#define NUMBER_MOST  (((uint64_t)1 << 53) - 1) /* RFC 8259 6: exact wherever it is read */

uint64_t
jwt_lifetime(enum jwt_typ typ)
{
	return typ == JWT_LOGOUT_TOKEN ? JWT_LIFETIME_LOGOUT : JWT_LIFETIME;
}

const char *
jwt_typ_name(enum jwt_typ typ)
{
	static const char *const names[] = { "JWT", "at+jwt", "logout+jwt" };

	return names[typ];
}

/* ---- JSON ---- */
static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c != 0x7f && !strchr("\"\\<>&", c);
}

static enum err
put_string(struct buf *out, struct span s)
{
	size_t i, from = 0;

	if (!text_is_utf8(s))
		return ERR_TEXT;
	buf_put_str(out, "\"");
	for (i = 0; i < s.len; i++) {
		if (is_plain(s.p[i]))
			continue;
		buf_put(out, s.p + from, i - from);
		buf_putf(out, "\\u%04x", s.p[i]);
		from = i + 1;
	}
	if (i > from)
		buf_put(out, s.p + from, i - from);
	buf_put_str(out, "\"");
	return buf_err(out);
}

/* Names are of our tables. */
static void
put_name(struct buf *out, const char *name)
{
	buf_putf(out, ",\"%s\":", name);
}

static enum err
put_member(struct buf *out, const char *name, struct span value)
{
	put_name(out, name);
	return put_string(out, value);
}

static enum err
put_number(struct buf *out, uint64_t n)
{
	if (n > NUMBER_MOST)
		return ERR_RANGE;
	buf_putf(out, "%llu", (unsigned long long)n);
	return buf_err(out);
}

/* ["a","b"], or {"a":{},"b":{}} */
static enum err
put_texts(struct buf *out, const struct wire_list *l, bool events)
{
	struct cbor c = wire_each(l);
	struct span one;
	enum err e = ERR_OK;

	if (l->n > JWT_TEXTS)
		return ERR_JWT_CLAIM;
	buf_put_str(out, events ? "{" : "[");
	for (size_t i = 0; i < l->n && !e; i++) {
		if (i)
			buf_put_str(out, ",");
		if ((e = cbor_get_bytes(&c, &one)) || (e = put_string(out, one)))
			return e;
		if (events)
			buf_put_str(out, ":{}");
	}
	buf_put_str(out, events ? "}" : "]");
	return buf_err(out);
}

/* ---- claims ---- */
#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

/* Which of the four values are there. */
static unsigned
values_of(const struct ops_jwt_claim *c)
{
	static const char *const names[] = { "text", "number", "truth", "texts" };
	unsigned bits = 0;

	for (unsigned i = 0; i < 4; i++)
		if (wire_has(&ops_jwt_claim_map, c, names[i]))
			bits |= 1u << i;
	return bits;
}

static bool
is_logout(const struct wire_list *events)
{
	struct cbor c = wire_each(events);
	struct span one;

	return events->n == 1 && !cbor_get_bytes(&c, &one) && span_is(one, LOGOUT_EVENT);
}

static enum err
check_value(const struct jwt_claim *row, const struct ops_jwt_claim *c)
{
	static const unsigned want[] = { [JWT_TEXT] = 1,
		[JWT_NUMBER] = 2,
		[JWT_TRUTH] = 4,
		[JWT_TEXT_LIST] = 8,
		[JWT_EVENTS] = 8 };

	if (values_of(c) != want[row->value])
		return ERR_JWT_CLAIM;
	return row->value == JWT_EVENTS && !is_logout(&c->texts) ? ERR_JWT_CLAIM : ERR_OK;
}

static enum err
put_value(struct buf *out, const struct jwt_claim *row, const struct ops_jwt_claim *c)
{
	switch (row->value) {
	case JWT_TEXT:
		return put_string(out, c->text);
	case JWT_NUMBER:
		return put_number(out, c->number);
	case JWT_TRUTH:
		buf_put_str(out, c->truth ? "true" : "false");
		return buf_err(out);
	default:
		return put_texts(out, &c->texts, row->value == JWT_EVENTS);
	}
}

/* *seen: bits of rows of the table, of which there are fewer than 64. */
static enum err
put_claim(struct buf *out, enum jwt_typ typ, const struct ops_jwt_claim *c, uint64_t *seen)
{
	const struct jwt_claim *row = jwt_claim_find(c->name);
	uint64_t bit;
	enum err e;

	if (!row || !(row->typs & 1u << typ))
		return ERR_JWT_CLAIM;
	bit = (uint64_t)1 << (row - jwt_claims);
	if (*seen & bit)
		return ERR_JWT_CLAIM;
	*seen |= bit;
	if ((e = check_value(row, c)))
		return e;
	put_name(out, row->name);
	return put_value(out, row, c);
}

static enum err
put_claims(const struct jwt_fields *f, struct buf *out)
{
	struct cbor at = wire_each(&f->claims);
	struct ops_jwt_claim c;
	uint64_t seen = 0,
		 events = (uint64_t)1 << (jwt_claim_find(SPAN_LIT("events")) - jwt_claims);
	enum err e = ERR_OK;

	for (size_t i = 0; i < f->claims.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_claim_map, &at, &c)))
			e = put_claim(out, f->typ, &c, &seen);
	if (!e && f->typ == JWT_LOGOUT_TOKEN && !(seen & events))
		e = ERR_JWT_CLAIM;
	return e;
}

/* ---- the token ---- */
enum err
jwt_put_header(const struct jwt_fields *f, struct buf *out)
{
	enum err e;

	buf_putf(out, "{\"alg\":\"%s\"", jwk_alg_name(f->alg));
	if ((e = put_member(out, "kid", f->kid)))
		return e;
	buf_putf(out, ",\"typ\":\"%s\"}", jwt_typ_name(f->typ));
	return buf_err(out);
}

enum err
jwt_put_payload(const struct jwt_fields *f, struct buf *out)
{
	enum err e;

	buf_put_str(out, "{\"iss\":");
	if ((e = put_string(out, f->issuer)) || (e = put_member(out, "sub", f->subject)) ||
	    (e = put_member(out, "aud", f->audience)))
		return e;
	put_name(out, "iat");
	if ((e = put_number(out, f->issued)))
		return e;
	put_name(out, "exp");
	if ((e = put_number(out, f->expires)) || (e = put_claims(f, out)))
		return e;
	buf_put_str(out, "}");
	return out->len > PAYLOAD_MOST ? ERR_TOOBIG : buf_err(out);
}

/* One buffer for all: nothing is allocated once it is warm. */
enum err
jwt_put(const struct jwt_fields *f, struct buf *out)
{
	static struct buf json;
	enum err e;

	buf_reset(&json);
	if ((e = jwt_put_header(f, &json)))
		return e;
	text_encode(TEXT_BASE64URL, buf_span(&json), out);
	buf_put_str(out, ".");
	buf_reset(&json);
	json.max = 2 * PAYLOAD_MOST;
	if (!(e = jwt_put_payload(f, &json)))
		text_encode(TEXT_BASE64URL, buf_span(&json), out);
	buf_reset(&json);
	return e ? e : buf_err(out);
}
