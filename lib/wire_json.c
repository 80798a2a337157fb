/* A message as JSON, straight from its bytes: the table says how to read and how to show. */
#include "lib/text.h"
#include "lib/wire.h"

static void put_map(const struct wire_map *m, struct cbor *c, bool show, struct buf *out);
static void put_any(struct cbor *c, struct buf *out);

/* RFC 8259 7, and what a terminal would act upon: DEL and C1 (C2 80..9F in UTF-8). */
static void
put_string(struct span s, struct buf *out)
{
	size_t i;

	buf_put_u8(out, '"');
	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_putf(out, "\\%c", s.p[i]);
		else if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			buf_putf(out, "\\u%04x", s.p[i]);
		else if (s.p[i] == 0xc2 && i + 1 < s.len && s.p[i + 1] < 0xa0)
			buf_putf(out, "\\u%04x", s.p[++i]);
		else
			buf_put_u8(out, s.p[i]);
	}
	buf_put_u8(out, '"');
}

static void
put_bytes(struct span s, bool hex, struct buf *out)
{
	buf_put_u8(out, '"');
	text_encode(hex ? TEXT_HEX : TEXT_BASE64, s, out);
	buf_put_u8(out, '"');
}

/* Name v of "zero|one|two"; the number when it has none. */
static void
put_enum(const char *names, uint64_t v, struct buf *out)
{
	uint64_t i = v;
	size_t n;

	for (; i > 0 && (names = strchr(names, '|')) != NULL; i--)
		names++;
	n = names ? strcspn(names, "|") : 0;
	if (n > 0)
		put_string(SPAN(names, n), out);
	else
		buf_putf(out, "%llu", (unsigned long long)v);
}

static void
put_negative(uint64_t n, struct buf *out)
{
	if (n == UINT64_MAX)
		buf_put_str(out, "-18446744073709551616");
	else
		buf_putf(out, "-%llu", (unsigned long long)n + 1);
}

static void
put_simple(uint64_t n, struct buf *out)
{
	buf_put_str(out, n == 20 ? "false" : n == 21 ? "true" : "null");
}

static void
put_elements(struct cbor *c, uint64_t n, struct buf *out)
{
	uint64_t i;

	buf_put_u8(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		put_any(c, out);
	}
	buf_put_u8(out, ']');
}

/* JSON has only strings as keys: numbers become such; whatever else, its CBOR in hex. */
static void
put_key(struct cbor *c, struct buf *out)
{
	struct cbor_head h;
	struct span raw, text;
	struct cbor at = *c;

	if (cbor_peek(c, &h) || cbor_skip(c, &raw))
		return;
	if (h.type == CBOR_TEXT && cbor_get_text(&at, &text) == ERR_OK) {
		put_string(text, out);
	} else if (h.type == CBOR_UINT) {
		buf_putf(out, "\"%llu\"", (unsigned long long)h.n);
	} else if (h.type == CBOR_NINT) {
		buf_put_u8(out, '"');
		put_negative(h.n, out);
		buf_put_u8(out, '"');
	} else {
		put_bytes(raw, true, out);
	}
}

static void
put_pairs(struct cbor *c, uint64_t n, struct buf *out)
{
	uint64_t i;

	buf_put_u8(out, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		put_key(c, out);
		buf_put_u8(out, ':');
		put_any(c, out);
	}
	buf_put_u8(out, '}');
}

/* An item of any shape that cbor_skip has accepted; bytes as base64. */
static void
put_any(struct cbor *c, struct buf *out)
{
	struct cbor_head h;

	if (cbor_get_head(c, &h))
		return;
	switch (h.type) {
	case CBOR_UINT:
		buf_putf(out, "%llu", (unsigned long long)h.n);
		break;
	case CBOR_NINT:
		put_negative(h.n, out);
		break;
	case CBOR_BYTES:
		put_bytes(SPAN(c->p, (size_t)h.n), false, out);
		c->p += h.n;
		break;
	case CBOR_TEXT:
		put_string(SPAN(c->p, (size_t)h.n), out);
		c->p += h.n;
		break;
	case CBOR_ARRAY:
		put_elements(c, h.n, out);
		break;
	case CBOR_MAP:
		put_pairs(c, h.n, out);
		break;
	case CBOR_SIMPLE:
		put_simple(h.n, out);
		break;
	}
}

static void
put_list(const struct wire_field *f, struct cbor *c, bool show, struct buf *out)
{
	struct span s;
	size_t i, n;

	if (cbor_get_array(c, &n))
		return;
	buf_put_u8(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_put_u8(out, ',');
		if (f->type == WIRE_LIST)
			put_map(f->sub, c, show, out);
		else if (f->type == WIRE_UINTS)
			put_any(c, out);
		else if (cbor_get_bytes(c, &s) == ERR_OK)
			put_bytes(s, f->flags & WF_HEX, out);
	}
	buf_put_u8(out, ']');
}

static void
put_value(const struct wire_field *f, struct cbor *c, bool show, struct buf *out)
{
	struct span s;
	uint64_t v;

	if (f->type == WIRE_MAP)
		put_map(f->sub, c, show, out);
	else if (f->type == WIRE_LIST || f->type == WIRE_UINTS || f->type == WIRE_BLOBS)
		put_list(f, c, show, out);
	else if (f->type == WIRE_UINT && f->flags & WF_ENUM && cbor_get_uint(c, &v) == ERR_OK)
		put_enum(f->names, v, out);
	else if (f->type == WIRE_BYTES && cbor_get_bytes(c, &s) == ERR_OK)
		put_bytes(s, f->flags & WF_HEX, out);
	else
		put_any(c, out);
}

static const struct wire_field *
field_of(const struct wire_map *m, uint64_t key)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->field[i].key == key)
			return &m->field[i];
	return NULL;
}

/* The message was checked before: nothing fails any more but memory, and that sticks in out. */
static void
put_map(const struct wire_map *m, struct cbor *c, bool show, struct buf *out)
{
	const struct wire_field *f;
	const char *comma = "";
	uint64_t key;
	size_t n;

	if (cbor_get_map(c, &n))
		return;
	buf_put_u8(out, '{');
	for (; n > 0; n--) {
		if (cbor_get_uint(c, &key))
			return;
		f = field_of(m, key);
		if (f == NULL || (f->flags & WF_SECRET && !show)) {
			if (cbor_skip(c, NULL))
				return;
			continue;
		}
		buf_putf(out, "%s\"%s\":", comma, f->name);
		put_value(f, c, show, out);
		comma = ",";
	}
	buf_put_u8(out, '}');
}

enum err
wire_json(const struct wire_map *m, struct span msg, bool show, struct buf *out)
{
	struct cbor c = cbor_from(msg);
	enum err r;

	if ((r = wire_decode(m, msg, NULL)))
		return r;
	put_map(m, &c, show, out);
	return buf_err(out);
}
