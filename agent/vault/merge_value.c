/*
 * merge_value.c - whole values of the body: succession, audit, defaults, sets of shares, backups,
 * and what later versions keep there.
 *
 * They are joined by their shape, known or not: of two numbers the greater, of two texts the
 * longer, then the bytewise greater, maps key by key, lists of maps row by row, rows known by what
 * is unique in them.  So rows are never lost, and order and repetition do not matter.  What this
 * does not fit is put right afterwards.
 */
#include <stdlib.h>

#include "agent/vault/merge_parts.h"

/* How the rows of a list are told apart. */
struct shape {
	uint64_t key;	/* of the body */
	uint64_t id;	/* bit k: key k is part of what is unique in a row */
	uint64_t order; /* oldest first by this key, a number; 0 = by what is unique */
	size_t most;	/* rows; the oldest go; 0 = no limit */
	bool whole;	/* a row is taken whole, the one with the greater number 2 */
};

#define BIT(k) ((uint64_t)1 << (k))

static const struct shape shapes[] = {
	{ BODY_SUCCESSION, BIT(1), 0, BODY_SEEDS_MAX, false },
	/* a head belongs to its number of entries */
	{ BODY_AUDIT, BIT(1), 0, 0, true },
	/* fifteen bits of an identifier are not enough */
	{ BODY_SHARES, BIT(1) | BIT(3) | BIT(4), 3, SHARE_SETS, false },
	{ BODY_BACKUPS, BIT(2), 1, BACKUP_NOTES, false },
};
static const struct shape any_shape = { 0, BIT(1), 0, 0, false };

static const struct shape *
shape_of(uint64_t key)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (shapes[i].key == key)
			return &shapes[i];
	return &any_shape;
}

/* Two values of one place; what they were is checked: they come from a body. */
struct pair {
	const struct shape *shape;
	struct span a, b;
};
static enum err join(const struct pair *p, int depth, struct buf *out);

static enum cbor_type
type_of(struct span raw)
{
	struct cbor c = cbor_from(raw);
	struct cbor_head h;

	return cbor_peek(&c, &h) ? CBOR_SIMPLE : h.type;
}

/* ---- maps ---- */
static bool
next_pair(struct cbor *c, uint64_t *key, struct span *value)
{
	return !cbor_at_end(c) && !cbor_get_uint(c, key) && !cbor_skip(c, value);
}

static struct span
value_of(struct span map, uint64_t want)
{
	struct cbor c = cbor_from(map);
	struct span value;
	uint64_t key;
	size_t n;

	if (cbor_get_map(&c, &n))
		return SPAN_NONE;
	while (next_pair(&c, &key, &value))
		if (key == want)
			return value;
	return SPAN_NONE;
}

static uint64_t
number_of(struct span map, uint64_t key)
{
	struct cbor c = cbor_from(value_of(map, key));
	uint64_t v = 0;

	return cbor_at_end(&c) || cbor_get_uint(&c, &v) ? 0 : v;
}

/* Keys of later versions may be texts; such a map is taken whole. */
static bool
has_number_keys(struct span map)
{
	struct cbor c = cbor_from(map);
	struct span value;
	uint64_t key;
	size_t n;

	if (type_of(map) != CBOR_MAP || cbor_get_map(&c, &n))
		return false;
	while (next_pair(&c, &key, &value))
		continue;
	return cbor_at_end(&c);
}

static enum err
join_pairs(const struct pair *p, int depth, struct buf *out, size_t *n)
{
	struct cbor x = cbor_from(p->a), y = cbor_from(p->b);
	uint64_t kx = 0, ky = 0;
	size_t skip;
	struct pair v = { 0 };
	bool in_x, in_y;
	enum err e = ERR_OK;

	if ((e = cbor_get_map(&x, &skip)) || (e = cbor_get_map(&y, &skip)))
		return e;
	in_x = next_pair(&x, &kx, &v.a);
	in_y = next_pair(&y, &ky, &v.b);
	for (*n = 0; !e && (in_x || in_y); ++*n) {
		bool from_x = in_x && (!in_y || kx <= ky), from_y = in_y && (!in_x || ky <= kx);

		struct pair each = { p->shape, from_x ? v.a : v.b, from_y ? v.b : v.a };

		cbor_put_uint(out, from_x ? kx : ky);
		e = join(&each, depth + 1, out); /* of one side: brought into the one form */
		if (from_x)
			in_x = next_pair(&x, &kx, &v.a);
		if (from_y)
			in_y = next_pair(&y, &ky, &v.b);
	}
	return e;
}

static enum err
join_maps(const struct pair *p, int depth, struct buf *out)
{
	struct buf pairs = BUF_INIT;
	size_t n;
	enum err e;

	if (!(e = join_pairs(p, depth, &pairs, &n)) && !(e = buf_err(&pairs))) {
		cbor_put_map(out, n);
		buf_put_span(out, buf_span(&pairs));
	}
	buf_done(&pairs);
	return e;
}

/* ---- lists ---- */
struct table_row {
	struct span raw;
	size_t id_at, id_len; /* what is unique in it, in table.ids */
	uint64_t order;
	const uint8_t *ids;
};
struct table {
	struct table_row *v;
	size_t n;
	struct buf ids;
};

static void
table_done(struct table *t)
{
	free(t->v);
	buf_done(&t->ids);
}

static void
put_id(const struct shape *s, struct span row, struct buf *ids)
{
	struct cbor c = cbor_from(row);
	struct span value;
	uint64_t key;
	size_t n;

	if (cbor_get_map(&c, &n))
		return;
	while (next_pair(&c, &key, &value))
		if (key < 64 && s->id & BIT(key)) {
			buf_put_u8(ids, (uint8_t)key);
			buf_put_span(ids, value);
		}
}

static int
by_id(const void *x, const void *y)
{
	const struct table_row *a = x, *b = y;

	return merge_order(SPAN(a->ids + a->id_at, a->id_len), SPAN(b->ids + b->id_at, b->id_len));
}

static int
by_order(const void *x, const void *y)
{
	const struct table_row *a = x, *b = y;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return by_id(x, y);
}

/* Rows with something unique in each: *is. */
static enum err
read_table(const struct shape *s, struct span list, struct table *t, bool *is)
{
	struct cbor c = cbor_from(list);
	struct span raw;
	size_t n;
	enum err e;

	*is = true;
	if ((e = cbor_get_array(&c, &n)))
		return e;
	if (!(t->v = calloc(n ? n : 1, sizeof *t->v)))
		return ERR_NOMEM;
	for (; t->n < n; t->n++) {
		struct table_row *r = &t->v[t->n];

		if ((e = cbor_skip(&c, &raw)))
			return e;
		*r = (struct table_row){ .raw = raw, .id_at = t->ids.len };
		if (has_number_keys(raw))
			put_id(s, raw, &t->ids);
		r->id_len = t->ids.len - r->id_at;
		r->order = s->order ? number_of(raw, s->order) : 0;
		*is = *is && r->id_len;
	}
	for (size_t i = 0; i < n; i++)
		t->v[i].ids = t->ids.p;
	if (n && *is)
		qsort(t->v, n, sizeof *t->v, by_id);
	for (size_t i = 1; i < n && *is; i++)
		*is = by_id(&t->v[i - 1], &t->v[i]) != 0;
	return buf_err(&t->ids);
}

static struct span
greater_row(struct span a, struct span b)
{
	uint64_t x = number_of(a, 2), y = number_of(b, 2);

	return x != y ? (x > y ? a : b) : merge_greater(a, b);
}

/* Both sorted by what is unique: each row once.  What was joined lies in mem, which may move. */
struct zipping {
	const struct pair *p;
	int depth;
	struct table *to;
	struct buf mem;
};

static enum err
put_row(struct zipping *z, const struct table_row *a, const struct table_row *b)
{
	struct table_row *r = &z->to->v[z->to->n++];
	struct pair v = { z->p->shape, a ? a->raw : b->raw, b ? b->raw : a->raw };
	size_t at = z->mem.len;
	enum err e = ERR_OK;

	*r = a ? *a : *b;
	if (z->p->shape->whole)
		buf_put_span(&z->mem, greater_row(v.a, v.b));
	else
		e = join(&v, z->depth + 1, &z->mem);
	r->raw = SPAN(NULL, z->mem.len - at);
	return e;
}

static enum err
zip(struct zipping *z, const struct table *a, const struct table *b)
{
	size_t i = 0, k = 0, at = 0;
	enum err e = ERR_OK;

	if (!(z->to->v = calloc(a->n + b->n + 1, sizeof *z->to->v)))
		return ERR_NOMEM;
	while (!e && (i < a->n || k < b->n)) {
		int order = i == a->n ? 1 : k == b->n ? -1 : by_id(&a->v[i], &b->v[k]);

		e = put_row(z, order <= 0 ? &a->v[i] : NULL, order >= 0 ? &b->v[k] : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	for (i = 0; i < z->to->n; i++) {
		z->to->v[i].raw.p = z->mem.p + at;
		at += z->to->v[i].raw.len;
	}
	return e ? e : buf_err(&z->mem);
}

static void
put_table(const struct shape *s, struct table *t, struct buf *out)
{
	size_t drop = s->most && t->n > s->most ? t->n - s->most : 0;

	if (s->order && t->n)
		qsort(t->v, t->n, sizeof *t->v, by_order);
	cbor_put_array(out, t->n - drop);
	for (size_t i = drop; i < t->n; i++)
		buf_put_span(out, t->v[i].raw);
}

/* In the lists inside of a row the first key tells; those of the audit log have a limit, too. */
static enum err
join_lists(const struct pair *p, int depth, struct buf *out)
{
	struct shape inner = { .key = p->shape->key, .id = BIT(1), .whole = p->shape->whole };
	struct pair q = { depth ? &inner : p->shape, p->a, p->b };
	struct table a = { 0 }, b = { 0 }, to = { 0 };
	struct zipping z = { .p = &q, .depth = depth, .to = &to };
	bool is_a = false, is_b = false;
	enum err e;

	if (inner.whole) {
		inner.order = 2;
		inner.most = AUDIT_HEADS;
	}
	if (!(e = read_table(q.shape, p->a, &a, &is_a)) &&
	    !(e = read_table(q.shape, p->b, &b, &is_b))) {
		if (!is_a || !is_b)
			buf_put_span(out,
			    is_a == is_b ? merge_greater(p->a, p->b)
				: is_a	 ? p->b
					 : p->a);
		else if (!(e = zip(&z, &a, &b)))
			put_table(q.shape, &to, out);
	}
	buf_done(&z.mem);
	table_done(&a);
	table_done(&b);
	table_done(&to);
	return e;
}

/* ---- anything ---- */
static enum err
join(const struct pair *p, int depth, struct buf *out)
{
	enum cbor_type x = type_of(p->a), y = type_of(p->b);
	bool maps = has_number_keys(p->a) && has_number_keys(p->b);

	if (x == CBOR_ARRAY && y == CBOR_ARRAY)
		return join_lists(p, depth, out);
	if (maps)
		return join_maps(p, depth, out);
	if (x != y)
		buf_put_span(out, x > y ? p->a : p->b);
	else if (has_number_keys(p->a) != has_number_keys(p->b))
		buf_put_span(out, has_number_keys(p->a) ? p->b : p->a);
	else
		buf_put_span(out, merge_greater(p->a, p->b));
	return ERR_OK;
}

/* ---- put right ---- */
static enum err
put_audit(struct merge *m, struct span a, struct span b)
{
	struct audit joined, x, y;
	bool second;
	enum err e;

	if ((e = body_value_get(m->body, BODY_AUDIT, &audit_map, &joined)) ||
	    (e = wire_decode(&audit_map, a, &x)) || (e = wire_decode(&audit_map, b, &y)))
		return e;
	second = y.n != x.n ? y.n > x.n : merge_order(y.head, x.head) > 0;
	joined.n = second ? y.n : x.n;
	joined.head = second ? y.head : x.head;
	return body_value_put(m->body, BODY_AUDIT, &audit_map, &joined);
}

/* What is owed was paid when the copy that was written last says so. */
static uint64_t
owed_now(const struct merge *m, const struct defaults *a, const struct defaults *b)
{
	uint64_t x = m->copy[0].body->saved_at, y = m->copy[1].body->saved_at;

	if (x == y)
		return merge_later(a->owed, b->owed);
	return x > y ? a->owed : b->owed;
}

static enum err
put_defaults(struct merge *m, struct span a, struct span b)
{
	struct defaults joined, x = { 0 }, y = { 0 };
	enum err e;

	if ((e = body_value_get(m->body, BODY_DEFAULTS, &defaults_map, &joined)) ||
	    (a.len && (e = wire_decode(&defaults_map, a, &x))) ||
	    (b.len && (e = wire_decode(&defaults_map, b, &y))))
		return e;
	joined.created = merge_earlier(x.created, y.created);
	joined.owed = owed_now(m, &x, &y);
	return body_value_put(m->body, BODY_DEFAULTS, &defaults_map, &joined);
}

/* ---- all ---- */
static size_t
rows_in(struct span list)
{
	struct cbor c = cbor_from(list);
	size_t n;

	return list.len && !cbor_get_array(&c, &n) ? n : 0;
}

static void
say(struct merge *m, uint64_t key, struct span a, struct span b)
{
	struct span now = body_raw(m->body, key);
	struct buf number = BUF_INIT;

	buf_putf(&number, "%llu", (unsigned long long)key);
	if (!span_eq(now, a) && !span_eq(now, b))
		merge_say(m->rep, MERGE_VALUE, buf_span(&number));
	if (rows_in(now) < rows_in(a) || rows_in(now) < rows_in(b) ||
	    (shape_of(key)->most && rows_in(now) == shape_of(key)->most && !span_eq(now, a)))
		merge_say(m->rep, MERGE_DROPPED, buf_span(&number));
	buf_done(&number);
}

static enum err
merge_value(struct merge *m, uint64_t key)
{
	struct span a = body_raw(m->copy[0].body, key), b = body_raw(m->copy[1].body, key);
	struct pair p = { shape_of(key), a.len ? a : b, b.len ? b : a };
	struct buf out = BUF_INIT;
	enum err e;

	if (!(e = join(&p, 0, &out)) && !(e = buf_err(&out)))
		e = body_raw_put(m->body, key, buf_span(&out));
	if (!e && key == BODY_AUDIT)
		e = put_audit(m, p.a, p.b);
	if (!e && key == BODY_DEFAULTS)
		e = put_defaults(m, a, b);
	if (!e)
		say(m, key, a, b);
	buf_done(&out);
	return e;
}

enum err
merge_values(struct merge *m)
{
	enum err e = ERR_OK;

	for (size_t k = 0; k < 2; k++) {
		const struct rows *r = &m->copy[k].body->other;

		for (size_t i = 0; i < r->n && !e; i++)
			if (!body_raw(m->body, r->v[i].key).len)
				e = merge_value(m, r->v[i].key);
	}
	return e;
}
