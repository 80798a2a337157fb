/*
 * Decoding and encoding read the same table.  What is encoded is decoded again before it counts, so
 * that whatever we send or store is something that we would accept.
 */
#include <stdlib.h>

#include "lib/text.h"
#include "lib/wire.h"

#define MAX_FIELDS 64

static enum err decode_map(const struct wire_map *m, struct cbor *c, void *st, int depth);
static void encode_map(const struct wire_map *m, const void *st, struct buf *b, enum err *r);

/* Presence bits come first in every message. */
static uint64_t
get_has(const void *st)
{
	uint64_t has;

	memcpy(&has, st, sizeof(has));
	return has;
}

static void
put_has(void *st, uint64_t has)
{
	memcpy(st, &has, sizeof(has));
}

static const void *
member(const struct wire_field *f, const void *st)
{
	return (const uint8_t *)st + f->offset;
}

static void
store(const struct wire_field *f, void *st, const void *v, size_t n)
{
	if (st != NULL)
		memcpy((uint8_t *)st + f->offset, v, n);
}

/* --- limits --- */

static enum err
check_number(const struct wire_field *f, uint64_t v)
{
	return v < f->min || v > f->max ? ERR_RANGE : ERR_OK;
}

static enum err
check_length(const struct wire_field *f, size_t n)
{
	if (n > f->max)
		return ERR_TOOBIG;
	return n < f->min ? ERR_RANGE : ERR_OK;
}

/* C0 but tab and newline, DEL, and C1, which UTF-8 writes as C2 80..9F. */
static bool
has_controls(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if ((s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return true;
		if (s.p[i] == 0xc2 && i + 1 < s.len && s.p[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* --- decoding, one function a type; st NULL checks only --- */

static enum err
decode_uint(const struct wire_field *f, struct cbor *c, void *st)
{
	uint64_t v;
	enum err r;

	if ((r = cbor_get_uint(c, &v)) || (r = check_number(f, v)))
		return r;
	store(f, st, &v, sizeof(v));
	return ERR_OK;
}

static enum err
decode_int(const struct wire_field *f, struct cbor *c, void *st)
{
	int64_t v;
	enum err r;

	if ((r = cbor_get_int(c, &v)))
		return r;
	if ((f->min || f->max) && (v < (int64_t)f->min || v > (int64_t)f->max))
		return ERR_RANGE;
	store(f, st, &v, sizeof(v));
	return ERR_OK;
}

static enum err
decode_bool(const struct wire_field *f, struct cbor *c, void *st)
{
	bool v;
	enum err r;

	if ((r = cbor_get_bool(c, &v)))
		return r;
	store(f, st, &v, sizeof(v));
	return ERR_OK;
}

static enum err
decode_string(const struct wire_field *f, struct cbor *c, void *st)
{
	struct span v;
	enum err r;

	r = f->type == WIRE_TEXT ? cbor_get_text(c, &v) : cbor_get_bytes(c, &v);
	if (r || (r = check_length(f, v.len)))
		return r;
	if (f->type == WIRE_TEXT && has_controls(v))
		return ERR_TEXT;
	store(f, st, &v, sizeof(v));
	return ERR_OK;
}

static enum err
decode_raw(const struct wire_field *f, struct cbor *c, void *st)
{
	struct span v;
	enum err r;

	if ((r = cbor_skip(c, &v)))
		return r;
	if (f->max && (r = check_length(f, v.len)))
		return r;
	store(f, st, &v, sizeof(v));
	return ERR_OK;
}

static enum err
decode_item(const struct wire_field *f, struct cbor *c, int depth)
{
	switch (f->type) {
	case WIRE_LIST:
		return decode_map(f->sub, c, NULL, depth + 1);
	case WIRE_UINTS:
		return decode_uint(f, c, NULL);
	default:
		return decode_string(f, c, NULL);
	}
}

static enum err
decode_list(const struct wire_field *f, struct cbor *c, void *st, int depth)
{
	struct wire_list l = { 0 };
	size_t i;
	enum err r;

	if ((r = cbor_get_array(c, &l.n)))
		return r;
	if (f->type == WIRE_LIST && l.n > f->max)
		return ERR_TOOBIG;
	l.raw.p = c->p;
	for (i = 0; i < l.n; i++)
		if ((r = decode_item(f, c, depth)))
			return r;
	l.raw.len = (size_t)(c->p - l.raw.p);
	store(f, st, &l, sizeof(l));
	return ERR_OK;
}

static enum err
decode_field(const struct wire_field *f, struct cbor *c, void *st, int depth)
{
	switch (f->type) {
	case WIRE_UINT:
		return decode_uint(f, c, st);
	case WIRE_INT:
		return decode_int(f, c, st);
	case WIRE_BOOL:
		return decode_bool(f, c, st);
	case WIRE_BYTES:
	case WIRE_TEXT:
		return decode_string(f, c, st);
	case WIRE_RAW:
		return decode_raw(f, c, st);
	case WIRE_MAP:
		return decode_map(f->sub, c, st ? (uint8_t *)st + f->offset : NULL, depth + 1);
	case WIRE_LIST:
	case WIRE_UINTS:
	case WIRE_BLOBS:
		return decode_list(f, c, st, depth);
	}
	return ERR_INTERNAL;
}

/* All that is left: n unknown pairs, keys still ascending. */
static enum err
decode_rest(const struct wire_map *m, struct cbor *c, size_t n, void *st)
{
	struct wire_rest rest = { .n = n, .raw.p = c->p };
	uint64_t key, prev = 0;
	size_t i;
	enum err r;

	for (i = 0; i < n; i++, prev = key) {
		if ((r = cbor_get_uint(c, &key)))
			return r;
		if (i > 0 && key <= prev)
			return ERR_FORMAT;
		if ((r = cbor_skip(c, NULL)))
			return r;
	}
	rest.raw.len = (size_t)(c->p - rest.raw.p);
	if (st != NULL)
		memcpy((uint8_t *)st + m->rest, &rest, sizeof(rest));
	return ERR_OK;
}

/* Where the key belongs, from field i on; *i moves behind it.  Skips what may be absent. */
static enum err
find_field(const struct wire_map *m, size_t *i, uint64_t key, const struct wire_field **f)
{
	for (; *i < m->n && m->field[*i].key <= key; (*i)++) {
		if (m->field[*i].key == key) {
			*f = &m->field[(*i)++];
			return ERR_OK;
		}
		if (!(m->field[*i].flags & WF_OPT))
			return ERR_FORMAT;
	}
	*f = NULL;
	return *i == m->n && m->open ? ERR_OK : ERR_VERSION;
}

static enum err
check_absent(const struct wire_map *m, size_t i)
{
	for (; i < m->n; i++)
		if (!(m->field[i].flags & WF_OPT))
			return ERR_FORMAT;
	return ERR_OK;
}

static enum err
decode_pairs(const struct wire_map *m, struct cbor *c, size_t n, void *st, int depth)
{
	const struct wire_field *f;
	struct cbor at;
	uint64_t key, prev = 0, has = 0;
	size_t i = 0, done;
	enum err r;

	for (done = 0; done < n; done++, prev = key) {
		at = *c;
		if ((r = cbor_get_uint(c, &key)))
			return r;
		if (done > 0 && key <= prev)
			return ERR_FORMAT;
		if ((r = find_field(m, &i, key, &f)))
			return r;
		if (f == NULL) {
			*c = at;
			if ((r = decode_rest(m, c, n - done, st)))
				return r;
			break;
		}
		if ((r = decode_field(f, c, st, depth)))
			return r;
		has |= (uint64_t)1 << (f - m->field);
	}
	if (st != NULL)
		put_has(st, has);
	return check_absent(m, i);
}

static enum err
decode_map(const struct wire_map *m, struct cbor *c, void *st, int depth)
{
	size_t n;
	enum err r;

	if (depth > CBOR_DEPTH)
		return ERR_FORMAT;
	if (m->n > MAX_FIELDS)
		abort();
	if (st != NULL)
		memset(st, 0, m->size);
	if ((r = cbor_get_map(c, &n)))
		return r;
	return decode_pairs(m, c, n, st, depth);
}

enum err
wire_decode_at(const struct wire_map *m, struct cbor *c, void *st)
{
	struct cbor at = *c;
	enum err r;

	if ((r = decode_map(m, &at, st, 0)))
		return r;
	*c = at;
	return ERR_OK;
}

enum err
wire_decode(const struct wire_map *m, struct span s, void *st)
{
	struct cbor c = cbor_from(s);
	enum err r;

	if ((r = decode_map(m, &c, st, 0)))
		return r;
	return cbor_at_end(&c) ? ERR_OK : ERR_FORMAT;
}

struct cbor
wire_each(const struct wire_list *l)
{
	return cbor_from(l->raw);
}

enum err
wire_next(const struct wire_map *m, struct cbor *c, void *st)
{
	return wire_decode_at(m, c, st);
}

/* --- encoding; limits are left to the decoder --- */

static void
encode_list(const struct wire_field *f, const struct wire_list *l, struct buf *b, enum err *r)
{
	const struct span *blobs = l->v;
	const uint64_t *uints = l->v;
	const uint8_t *structs = l->v;
	size_t i;

	cbor_put_array(b, l->n);
	if (l->v == NULL) {
		buf_put_span(b, l->raw);
		return;
	}
	for (i = 0; i < l->n; i++) {
		if (f->type == WIRE_BLOBS)
			cbor_put_bytes(b, blobs[i]);
		else if (f->type == WIRE_UINTS)
			cbor_put_uint(b, uints[i]);
		else
			encode_map(f->sub, structs + i * f->sub->size, b, r);
	}
}

static void
encode_string(const struct wire_field *f, const void *v, struct buf *b)
{
	struct span s;

	memcpy(&s, v, sizeof(s));
	if (f->type != WIRE_RAW)
		cbor_put_head(b, f->type == WIRE_TEXT ? CBOR_TEXT : CBOR_BYTES, s.len);
	buf_put_span(b, s);
}

static void
encode_number(const struct wire_field *f, const void *v, struct buf *b)
{
	uint64_t u;
	int64_t i;

	if (f->type == WIRE_UINT) {
		memcpy(&u, v, sizeof(u));
		cbor_put_uint(b, u);
	} else {
		memcpy(&i, v, sizeof(i));
		cbor_put_int(b, i);
	}
}

static void
encode_field(const struct wire_field *f, const void *v, struct buf *b, enum err *r)
{
	switch (f->type) {
	case WIRE_UINT:
	case WIRE_INT:
		encode_number(f, v, b);
		break;
	case WIRE_BOOL:
		cbor_put_bool(b, *(const bool *)v);
		break;
	case WIRE_BYTES:
	case WIRE_TEXT:
	case WIRE_RAW:
		encode_string(f, v, b);
		break;
	case WIRE_MAP:
		encode_map(f->sub, v, b, r);
		break;
	case WIRE_LIST:
	case WIRE_UINTS:
	case WIRE_BLOBS:
		encode_list(f, v, b, r);
		break;
	}
}

static struct wire_rest
get_rest(const struct wire_map *m, const void *st)
{
	struct wire_rest rest = { 0 };

	if (m->open)
		memcpy(&rest, (const uint8_t *)st + m->rest, sizeof(rest));
	return rest;
}

static void
encode_map(const struct wire_map *m, const void *st, struct buf *b, enum err *r)
{
	struct wire_rest rest = get_rest(m, st);
	uint64_t has = get_has(st);
	size_t i;

	if (m->n > MAX_FIELDS || (m->n < MAX_FIELDS && has >> m->n != 0))
		*r = ERR_INTERNAL;
	cbor_put_map(b, (size_t)__builtin_popcountll(has) + rest.n);
	for (i = 0; i < m->n && i < MAX_FIELDS; i++) {
		if (has >> i & 1) {
			cbor_put_uint(b, m->field[i].key);
			encode_field(&m->field[i], member(&m->field[i], st), b, r);
		} else if (!(m->field[i].flags & WF_OPT)) {
			*r = ERR_INTERNAL;
		}
	}
	buf_put_span(b, rest.raw);
}

enum err
wire_encode(const struct wire_map *m, const void *st, struct buf *b)
{
	size_t start = b->len;
	enum err r = ERR_OK;

	encode_map(m, st, b, &r);
	if (buf_err(b))
		return buf_err(b);
	if (r == ERR_OK)
		r = wire_decode(m, SPAN(b->p + start, b->len - start), NULL);
	if (r)
		buf_cut(b, start);
	return r;
}

/* --- presence --- */

static size_t
index_of(const struct wire_map *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->field[i].name, name) == 0)
			return i;
	abort();
}

bool
wire_has(const struct wire_map *m, const void *st, const char *name)
{
	return get_has(st) >> index_of(m, name) & 1;
}

void
wire_set(const struct wire_map *m, void *st, const char *name)
{
	put_has(st, get_has(st) | (uint64_t)1 << index_of(m, name));
}

static bool
is_set(const struct wire_field *f, const void *v)
{
	const struct wire_list *l = v;
	const struct span *s = v;
	size_t i;

	switch (f->type) {
	case WIRE_UINT:
	case WIRE_INT:
		return *(const uint64_t *)v != 0;
	case WIRE_BOOL:
		return *(const bool *)v;
	case WIRE_BYTES:
	case WIRE_TEXT:
	case WIRE_RAW:
		return s->len > 0;
	case WIRE_LIST:
	case WIRE_UINTS:
	case WIRE_BLOBS:
		return l->n > 0;
	case WIRE_MAP:
		for (i = 0; i < f->sub->n; i++)
			if (is_set(&f->sub->field[i], member(&f->sub->field[i], v)))
				return true;
		return get_has(v) != 0;
	}
	return false;
}

void
wire_mark(const struct wire_map *m, void *st)
{
	const struct wire_field *f;
	uint64_t has = get_has(st);
	size_t i;

	for (i = 0; i < m->n; i++) {
		f = &m->field[i];
		if ((f->flags & WF_OPT) && !is_set(f, member(f, st)))
			continue;
		has |= (uint64_t)1 << i;
		if (f->type == WIRE_MAP)
			wire_mark(f->sub, (uint8_t *)st + f->offset);
	}
	put_has(st, has);
}
