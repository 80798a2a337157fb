/* body.c - the body as a whole: decoded, encoded, changed by a journal record. */
#include "agent/vault/body.h"

#include "agent/vault/body_parts.h"

void
body_init(struct body *b)
{
	*b = (struct body){0};
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
take_rows(struct rows *rows, const struct wire_map *m, struct cbor *c, size_t most)
{
	struct span raw;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	if (n > most)
		return ERR_TOOBIG;
	for (size_t i = 0; i < n; i++) {
		raw.p = c->p;
		if ((e = wire_decode_at(m, c, NULL)))
			return e;
		raw.len = (size_t)(c->p - raw.p);
		if ((e = rows_add(rows, 0, raw)))
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
			return e == ERR_EXISTS ? ERR_FORMAT : e;
	}
	return ERR_OK;
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
	if (key == BODY_AUDIT && (e = wire_decode(&audit_map, raw, NULL)))
		return e;
	if (key == BODY_DEFAULTS && (e = wire_decode(&defaults_map, raw, NULL)))
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
		return take_rows(&b->notes, &slot_note_map, c, 4096);
	case BODY_SEEDS:
		return take_rows(&b->seeds, &seed_map, c, 65536);
	case BODY_ITEMS_KEY:
		return take_items(&b->items, c);
	case BODY_TOMBS:
		return take_rows(&b->tombs, &tomb_map, c, BODY_ITEMS);
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
	if ((e = take_map(b, &c)))
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

enum err
body_encode(const struct body *b, uint64_t generation, uint64_t saved_at, struct buf *out)
{
	size_t n = b->other.n + 2u + (b->notes.n > 0) + (b->seeds.n > 0) + (b->items.live > 0) +
		   (b->tombs.n > 0) + (body_lines(b) > 0);

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
/* Checked whole before anything is changed: it is decoded as a body of its own. */
static enum err
apply_tombs(struct body *b, const struct body *d)
{
	struct tomb t;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_tomb_next(d, &pos, &t)) {
		body_drop(b, &t);
		e = body_tomb_put(b, &t);
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
apply_rows(struct body *b, const struct body *d)
{
	struct slot_note n;
	struct seed s;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_note_next(d, &pos, &n))
		e = body_note_put(b, &n);
	pos = 0;
	while (!e && body_seed_next(d, &pos, &s))
		e = body_seed_put(b, &s);
	for (size_t i = 0; i < d->other.n && !e; i++)
		e = body_other_put(b, d->other.v[i].key, rows_raw(&d->other, i));
	return e;
}

enum err
body_apply(struct body *b, struct span delta, uint64_t generation)
{
	struct buf copy = BUF_INIT;
	struct body d;
	enum err e;

	buf_put_span(&copy, delta);
	if ((e = buf_err(&copy))) {
		buf_done(&copy);
		return e;
	}
	if ((e = body_decode(&d, &copy, buf_span(&copy))))
		return e;
	if (!(e = apply_tombs(b, &d)) && !(e = apply_items(b, &d)) && !(e = apply_rows(b, &d))) {
		b->generation = generation;
		b->saved_at = d.saved_at;
	}
	body_done(&d);
	return e;
}
