/* body.c - the body as a whole: decoded, encoded, changed by a journal record. */
#include "agent/vault/body_parts.h"

void
body_init(struct body *b)
{
	*b = (struct body){ 0 };
}

void
body_done(struct body *b)
{
	rows_done(&b->notes);
	rows_done(&b->seeds);
	items_done(&b->items);
	rows_done(&b->tombs);
	rows_done(&b->other);
	buf_done(&b->lines);
	buf_done(&b->plain);
	body_init(b);
}

/* ---- decoding ---- */
/* An array of messages of one kind: each is checked, and kept where it stands. */
static enum err
take_rows(struct body *b, enum body_key key, struct cbor *c)
{
	const struct body_part *p = body_part(key);
	struct rows *rows = body_rows(b, key);
	union body_record rec;
	struct span raw;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	if (n > p->max)
		return ERR_TOOBIG;
	for (size_t i = 0; i < n; i++) {
		raw.p = c->p;
		if ((e = wire_decode_at(p->map, c, &rec)))
			return e;
		raw.len = (size_t)(c->p - raw.p);
		if (p->unique && body_row_find(b, key, &rec) < rows->n)
			return ERR_FORMAT;
		if ((e = rows_add(rows, p->row_key(&rec), raw)))
			return e;
	}
	return ERR_OK;
}

static enum err
take_items(struct items *items, struct cbor *c)
{
	struct span raw;
	struct item it;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	if (n > BODY_ITEMS)
		return ERR_TOOBIG;
	if ((e = items_reserve(items, n)))
		return e;
	for (size_t i = 0; i < n; i++) {
		raw.p = c->p;
		if ((e = wire_decode_at(&item_map, c, &it)) || (e = item_check(&it)))
			return e;
		raw.len = (size_t)(c->p - raw.p);
		if ((e = items_add(items, raw, &it)))
			return e;
	}
	return items_link(items) ? ERR_FORMAT : ERR_OK;
}

static enum err
take_lines(struct buf *lines, struct cbor *c)
{
	struct span t;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	if (n > BODY_LINES)
		return ERR_TOOBIG;
	for (size_t i = 0; i < n; i++) {
		if ((e = cbor_get_bytes(c, &t)))
			return e;
		if (t.len != 32)
			return ERR_RANGE;
		buf_put_span(lines, t);
	}
	return buf_err(lines);
}

static enum err
take_other(struct body *b, uint64_t key, struct cbor *c)
{
	struct span raw;
	enum err e;

	if ((e = cbor_skip(c, &raw)))
		return e;
	if ((e = body_value_check(key, raw)))
		return e;
	return rows_add(&b->other, key, raw);
}

static enum err
take_key(struct body *b, uint64_t key, struct cbor *c)
{
	switch (key) {
	case BODY_GENERATION:
		return cbor_get_uint(c, &b->generation);
	case BODY_SAVED_AT:
		return cbor_get_uint(c, &b->saved_at);
	case BODY_NOTES:
	case BODY_SEEDS:
	case BODY_TOMBS:
		return take_rows(b, (enum body_key)key, c);
	case BODY_ITEMS_KEY:
		return take_items(&b->items, c);
	case BODY_LINES_KEY:
		return take_lines(&b->lines, c);
	default:
		return take_other(b, key, c);
	}
}

static enum err
take_map(struct body *b, struct cbor *c)
{
	uint64_t key, last = 0;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	for (size_t i = 0; i < n; i++) {
		if ((e = cbor_get_uint(c, &key)))
			return e;
		if (key <= last)
			return ERR_FORMAT;
		last = key;
		if ((e = take_key(b, key, c)))
			return e;
	}
	return cbor_at_end(c) ? ERR_OK : ERR_FORMAT;
}

enum err
body_decode(struct body *b, struct buf *owner, struct span cbor)
{
	struct cbor c = cbor_from(cbor);
	enum err e;

	body_init(b);
	b->plain = *owner;
	*owner = BUF_INIT;
	if ((e = cbor.len > BODY_MAX ? ERR_TOOBIG : take_map(b, &c)))
		body_done(b);
	return e;
}

/* ---- encoding ---- */
static void
put_rows(const struct rows *r, uint64_t key, struct buf *out)
{
	if (!r->n)
		return;
	cbor_put_uint(out, key);
	cbor_put_array(out, r->n);
	for (size_t i = 0; i < r->n; i++)
		buf_put_span(out, rows_raw(r, i));
}

static void
put_items(const struct items *t, struct buf *out)
{
	if (!t->live)
		return;
	cbor_put_uint(out, BODY_ITEMS_KEY);
	cbor_put_array(out, t->live);
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].raw)
			buf_put_span(out, items_raw(t, i));
}

static void
put_lines(const struct body *b, struct buf *out)
{
	if (!body_lines(b))
		return;
	cbor_put_uint(out, BODY_LINES_KEY);
	cbor_put_array(out, body_lines(b));
	for (size_t i = 0; i < body_lines(b); i++)
		cbor_put_bytes(out, SPAN(body_line(b, i), 32));
}

/* Keys 7 to 10 stand between tombstones and lines, those of later versions behind. */
static void
put_other(const struct body *b, bool behind, struct buf *out)
{
	for (size_t i = 0; i < b->other.n; i++)
		if ((b->other.v[i].key > BODY_LINES_KEY) == behind) {
			cbor_put_uint(out, b->other.v[i].key);
			buf_put_span(out, rows_raw(&b->other, i));
		}
}

/* So that a large body is not copied again and again while it grows. */
static size_t
estimate(const struct body *b)
{
	const struct rows *r[] = { &b->notes, &b->seeds, &b->tombs, &b->other };
	size_t n = 256 + b->lines.len + body_lines(b) * 2;

	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < r[k]->n; i++)
			n += r[k]->v[i].len + 9;
	for (size_t i = 0; i < b->items.n; i++)
		n += b->items.v[i].raw ? b->items.v[i].len : 0;
	return n;
}

enum err
body_encode(const struct body *b, uint64_t generation, uint64_t saved_at, struct buf *out)
{
	size_t n = b->other.n + 2u + (b->notes.n > 0) + (b->seeds.n > 0) + (b->items.live > 0) +
	    (b->tombs.n > 0) + (body_lines(b) > 0);
	size_t start = out->len;

	if (b->items.live > BODY_ITEMS)
		return ERR_LIMIT;
	(void)buf_room(out, estimate(b));
	cbor_put_map(out, n);
	cbor_put_uint(out, BODY_GENERATION);
	cbor_put_uint(out, generation);
	cbor_put_uint(out, BODY_SAVED_AT);
	cbor_put_uint(out, saved_at);
	put_rows(&b->notes, BODY_NOTES, out);
	put_rows(&b->seeds, BODY_SEEDS, out);
	put_items(&b->items, out);
	put_rows(&b->tombs, BODY_TOMBS, out);
	put_other(b, false, out);
	put_lines(b, out);
	put_other(b, true, out);
	if (out->len - start > BODY_MAX)
		return ERR_TOOBIG;
	return buf_err(out);
}

enum err
body_clone(const struct body *src, struct body *dst)
{
	struct buf cbor = BUF_INIT;
	enum err e;

	if ((e = body_encode(src, src->generation, src->saved_at, &cbor))) {
		buf_done(&cbor);
		return e;
	}
	return body_decode(dst, &cbor, buf_span(&cbor));
}

/* ---- a journal record ---- */
/* Records of one list; a tombstone takes away what it names. */
static enum err
apply_rows(struct body *b, const struct body *d, enum body_key key)
{
	const struct rows *rows = body_rows((struct body *)(uintptr_t)d, key);
	union body_record rec;
	enum err e = ERR_OK;

	for (size_t i = 0; !e && i < rows->n; i++) {
		if ((e = wire_decode(body_part(key)->map, rows_raw(rows, i), &rec)))
			break;
		if (key == BODY_TOMBS)
			body_drop(b, &rec.tomb);
		e = body_row_put(b, key, rows_raw(rows, i), &rec);
	}
	return e;
}

static enum err
apply_items(struct body *b, const struct body *d)
{
	struct item it;
	size_t pos = 0;
	enum err e = ERR_OK;

	for (; !e && pos < d->items.n; pos++) {
		struct span raw = items_raw(&d->items, pos);

		if (!(e = wire_decode(&item_map, raw, &it)))
			e = items_put(&b->items, raw, &it);
	}
	return e;
}

static enum err
apply_rest(struct body *b, const struct body *d)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < d->other.n && !e; i++)
		e = body_other_put(b, d->other.v[i].key, rows_raw(&d->other, i));
	if (e || !d->lines.len)
		return e;
	buf_reset(&b->lines);
	buf_put_span(&b->lines, buf_span(&d->lines));
	return buf_err(&b->lines);
}

/* Tombstones first, so that what is put again by the same record is there. */
static enum err
apply_all(struct body *b, const struct body *d)
{
	enum err e;

	if (!(e = apply_rows(b, d, BODY_TOMBS)) && !(e = apply_rows(b, d, BODY_NOTES)) &&
	    !(e = apply_rows(b, d, BODY_SEEDS)) && !(e = apply_items(b, d)))
		e = apply_rest(b, d);
	return e;
}

/* As a body of its own: so it is checked whole before anything is changed. */
static enum err
decode_delta(struct span delta, uint64_t generation, struct body *d)
{
	struct buf copy = BUF_INIT;
	enum err e;

	buf_put_span(&copy, delta);
	if ((e = buf_err(&copy))) {
		buf_done(&copy);
		return e;
	}
	if ((e = body_decode(d, &copy, buf_span(&copy))))
		return e;
	if (!d->generation || d->generation == generation)
		return ERR_OK;
	body_done(d);
	return ERR_FORMAT;
}

enum err
body_check_delta(struct span delta, uint64_t generation)
{
	struct body d;
	enum err e;

	if (!(e = decode_delta(delta, generation, &d)))
		body_done(&d);
	return e;
}

enum err
body_apply(struct body *b, struct span delta, uint64_t generation)
{
	struct body d;
	enum err e;

	if ((e = decode_delta(delta, generation, &d)))
		return e;
	if (!(e = apply_all(b, &d))) {
		b->generation = generation;
		if (d.saved_at)
			b->saved_at = d.saved_at;
	}
	body_done(&d);
	return e;
}
