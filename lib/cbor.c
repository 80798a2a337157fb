/* Deterministic CBOR: RFC 8949 3 (heads) and 4.2.1 (shortest forms, sorted keys). */
#include "lib/cbor.h"
#include "lib/text.h"

enum { FALSE_ = 20, TRUE_ = 21, NULL_ = 22 };

static size_t
left(const struct cbor *c)
{
	return (size_t)(c->end - c->p);
}

/* Additional information 24..27: 1, 2, 4, 8 bytes follow; a shorter form must not have existed. */
static enum err
read_argument(const struct cbor *c, unsigned ai, uint64_t *v, size_t *len)
{
	static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };
	size_t i, n;

	if (ai < 24) {
		*v = ai;
		*len = 1;
		return ERR_OK;
	}
	if (ai > 27)
		return ERR_FORMAT;
	n = (size_t)1 << (ai - 24);
	if (left(c) < 1 + n)
		return ERR_TRUNCATED;
	for (*v = 0, i = 1; i <= n; i++)
		*v = *v << 8 | c->p[i];
	*len = 1 + n;
	return *v < least[ai - 24] ? ERR_FORMAT : ERR_OK;
}

/* No tags, no floats, no undefined; no more of anything than bytes are left for it. */
static enum err
check_head(const struct cbor_head *h, size_t rest)
{
	switch (h->type) {
	case CBOR_UINT:
	case CBOR_NINT:
		return ERR_OK;
	case CBOR_BYTES:
	case CBOR_TEXT:
	case CBOR_ARRAY:
		return h->n > rest ? ERR_TRUNCATED : ERR_OK;
	case CBOR_MAP:
		return h->n > rest / 2 ? ERR_TRUNCATED : ERR_OK;
	case CBOR_SIMPLE:
		return h->n < FALSE_ || h->n > NULL_ ? ERR_FORMAT : ERR_OK;
	}
	return ERR_FORMAT;
}

static enum err
read_head(const struct cbor *c, struct cbor_head *h, size_t *len)
{
	struct cbor_head got;
	enum err r;

	if (left(c) == 0)
		return ERR_TRUNCATED;
	got.type = (enum cbor_type)(c->p[0] >> 5);
	if (got.type == CBOR_SIMPLE && (c->p[0] & 31) > 23)
		return ERR_FORMAT;
	if ((r = read_argument(c, c->p[0] & 31, &got.n, len)) ||
	    (r = check_head(&got, left(c) - *len)))
		return r;
	*h = got;
	return ERR_OK;
}

enum err
cbor_peek(const struct cbor *c, struct cbor_head *h)
{
	size_t len;

	return read_head(c, h, &len);
}

enum err
cbor_get_head(struct cbor *c, struct cbor_head *h)
{
	size_t len;
	enum err r;

	if ((r = read_head(c, h, &len)))
		return r;
	c->p += len;
	return ERR_OK;
}

static enum err
get_typed(struct cbor *c, enum cbor_type t, uint64_t *n)
{
	struct cbor_head h;
	size_t len;
	enum err r;

	if ((r = read_head(c, &h, &len)))
		return r;
	if (h.type != t)
		return ERR_FORMAT;
	c->p += len;
	*n = h.n;
	return ERR_OK;
}

enum err
cbor_get_uint(struct cbor *c, uint64_t *v)
{
	return get_typed(c, CBOR_UINT, v);
}

enum err
cbor_get_int(struct cbor *c, int64_t *v)
{
	struct cbor_head h;
	size_t len;
	enum err r;

	if ((r = read_head(c, &h, &len)))
		return r;
	if (h.type > CBOR_NINT || h.n > INT64_MAX)
		return ERR_FORMAT;
	c->p += len;
	*v = h.type == CBOR_UINT ? (int64_t)h.n : -1 - (int64_t)h.n;
	return ERR_OK;
}

enum err
cbor_get_bool(struct cbor *c, bool *v)
{
	struct cbor_head h;
	size_t len;
	enum err r;

	if ((r = read_head(c, &h, &len)))
		return r;
	if (h.type != CBOR_SIMPLE || h.n == NULL_)
		return ERR_FORMAT;
	c->p += len;
	*v = h.n == TRUE_;
	return ERR_OK;
}

static enum err
get_string(struct cbor *c, enum cbor_type t, struct span *v)
{
	struct cbor at = *c;
	uint64_t n;
	enum err r;

	if ((r = get_typed(&at, t, &n)))
		return r;
	if (t == CBOR_TEXT && !text_is_utf8(SPAN(at.p, (size_t)n)))
		return ERR_FORMAT;
	*v = SPAN(at.p, (size_t)n);
	c->p = at.p + n;
	return ERR_OK;
}

enum err
cbor_get_bytes(struct cbor *c, struct span *v)
{
	return get_string(c, CBOR_BYTES, v);
}

enum err
cbor_get_text(struct cbor *c, struct span *v)
{
	return get_string(c, CBOR_TEXT, v);
}

enum err
cbor_get_array(struct cbor *c, size_t *n)
{
	uint64_t v;
	enum err r;

	if ((r = get_typed(c, CBOR_ARRAY, &v)))
		return r;
	*n = (size_t)v;
	return ERR_OK;
}

enum err
cbor_get_map(struct cbor *c, size_t *npairs)
{
	uint64_t v;
	enum err r;

	if ((r = get_typed(c, CBOR_MAP, &v)))
		return r;
	*npairs = (size_t)v;
	return ERR_OK;
}

/* Bytewise order of the encoded keys (RFC 8949 4.2.1); for keys of one type CTAP2's is the same. */
static bool
is_after(struct span key, struct span before)
{
	size_t n = key.len < before.len ? key.len : before.len;
	int d = n && before.p ? memcmp(key.p, before.p, n) : 0;

	return d > 0 || (d == 0 && key.len > before.len);
}

static enum err skip_item(struct cbor *c, int depth);

static enum err
skip_pairs(struct cbor *c, uint64_t n, int depth)
{
	struct span key, before = SPAN_NONE;
	const uint8_t *start;
	enum err r;

	for (; n > 0; n--, before = key) {
		start = c->p;
		if ((r = skip_item(c, depth)))
			return r;
		key = SPAN(start, (size_t)(c->p - start));
		if (!is_after(key, before))
			return ERR_FORMAT;
		if ((r = skip_item(c, depth)))
			return r;
	}
	return ERR_OK;
}

static enum err
skip_elements(struct cbor *c, uint64_t n, int depth)
{
	enum err r = ERR_OK;

	for (; n > 0 && r == ERR_OK; n--)
		r = skip_item(c, depth);
	return r;
}

static enum err
skip_item(struct cbor *c, int depth)
{
	struct cbor_head h;
	struct span s;
	enum err r;

	if ((r = cbor_peek(c, &h)))
		return r;
	if (h.type == CBOR_BYTES || h.type == CBOR_TEXT)
		return get_string(c, h.type, &s);
	if ((r = cbor_get_head(c, &h)) || (h.type != CBOR_ARRAY && h.type != CBOR_MAP))
		return r;
	if (depth == CBOR_DEPTH)
		return ERR_FORMAT;
	if (h.type == CBOR_MAP)
		return skip_pairs(c, h.n, depth + 1);
	return skip_elements(c, h.n, depth + 1);
}

enum err
cbor_skip(struct cbor *c, struct span *raw)
{
	struct cbor at = *c;
	enum err r;

	if ((r = skip_item(&at, 0)))
		return r;
	if (raw != NULL)
		*raw = SPAN(c->p, (size_t)(at.p - c->p));
	*c = at;
	return ERR_OK;
}

enum err
cbor_check(struct span s)
{
	struct cbor c = cbor_from(s);
	enum err r;

	if ((r = cbor_skip(&c, NULL)))
		return r;
	return cbor_at_end(&c) ? ERR_OK : ERR_FORMAT;
}

/* --- writing --- */

void
cbor_put_head(struct buf *b, enum cbor_type t, uint64_t n)
{
	uint8_t major = (uint8_t)(t << 5);

	if (n < 24) {
		buf_put_u8(b, (uint8_t)(major | n));
	} else if (n <= UINT8_MAX) {
		buf_put_u8(b, major | 24);
		buf_put_u8(b, (uint8_t)n);
	} else if (n <= UINT16_MAX) {
		buf_put_u8(b, major | 25);
		buf_put_u16(b, (uint16_t)n);
	} else if (n <= UINT32_MAX) {
		buf_put_u8(b, major | 26);
		buf_put_u32(b, (uint32_t)n);
	} else {
		buf_put_u8(b, major | 27);
		buf_put_u64(b, n);
	}
}

void
cbor_put_uint(struct buf *b, uint64_t v)
{
	cbor_put_head(b, CBOR_UINT, v);
}

void
cbor_put_int(struct buf *b, int64_t v)
{
	if (v >= 0)
		cbor_put_head(b, CBOR_UINT, (uint64_t)v);
	else
		cbor_put_head(b, CBOR_NINT, (uint64_t)(-1 - v));
}

void
cbor_put_bool(struct buf *b, bool v)
{
	cbor_put_head(b, CBOR_SIMPLE, v ? TRUE_ : FALSE_);
}

void
cbor_put_null(struct buf *b)
{
	cbor_put_head(b, CBOR_SIMPLE, NULL_);
}

void
cbor_put_bytes(struct buf *b, struct span s)
{
	cbor_put_head(b, CBOR_BYTES, s.len);
	buf_put_span(b, s);
}

void
cbor_put_text(struct buf *b, struct span s)
{
	cbor_put_head(b, CBOR_TEXT, s.len);
	buf_put_span(b, s);
}

void
cbor_put_str(struct buf *b, const char *s)
{
	cbor_put_text(b, span_str(s));
}

void
cbor_put_array(struct buf *b, size_t n)
{
	cbor_put_head(b, CBOR_ARRAY, n);
}

void
cbor_put_map(struct buf *b, size_t npairs)
{
	cbor_put_head(b, CBOR_MAP, npairs);
}
