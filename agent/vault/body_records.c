/* body_records.c - the records of the body, one kind after the other. */
#include "agent/vault/body_parts.h"

/* ---- items ---- */
static enum err
decode_item(const struct body *b, size_t at, struct item *it)
{
	return at ? wire_decode(&item_map, items_raw(&b->items, at - 1), it) : ERR_NOTFOUND;
}

enum err
body_item_by_id(const struct body *b, const uint8_t id[16], struct item *it)
{
	return decode_item(b, items_find_id(&b->items, id), it);
}

enum err
body_item_by_label(const struct body *b, uint64_t kind, struct span label, struct item *it)
{
	return decode_item(b, items_find_label(&b->items, kind, label), it);
}

bool
body_item_next(const struct body *b, size_t *pos, struct item *it)
{
	while (*pos < b->items.n) {
		size_t at = (*pos)++;

		if (b->items.v[at].raw && !wire_decode(&item_map, items_raw(&b->items, at), it))
			return true;
	}
	return false;
}

enum err
body_item_put(struct body *b, const struct item *it)
{
	struct item marked = *it, decoded;
	struct buf raw = BUF_INIT;
	enum err e;

	if (b->items.live >= BODY_ITEMS && !items_find_id(&b->items, it->id.p))
		return ERR_LIMIT;
	wire_mark(&item_map, &marked);
	if (!(e = item_check(it)) && !(e = wire_encode(&item_map, &marked, &raw)) &&
	    !(e = buf_err(&raw)) && !(e = wire_decode(&item_map, buf_span(&raw), &decoded)))
		e = items_put(&b->items, buf_span(&raw), &decoded);
	buf_done(&raw);
	return e;
}

enum err
body_item_remove(struct body *b, const uint8_t id[16], uint64_t at)
{
	struct tomb t = {.kind = TOMB_ITEM, .at = at};
	uint8_t copy[16];
	struct item it;
	enum err e;

	if ((e = body_item_by_id(b, id, &it)))
		return e;
	memcpy(copy, id, sizeof copy);
	t.id = SPAN(copy, sizeof copy);
	t.rev = it.rev;
	wire_mark(&tomb_map, &t);
	if ((e = body_tomb_put(b, &t)))
		return e;
	body_drop(b, &t);
	return ERR_OK;
}

/* ---- rows found by a 16-byte id, which every such message has first ---- */
/* {1: h'16 bytes', ...}: the id stands at a fixed place behind the head of the map. */
static struct span
row_id(struct span raw)
{
	struct cbor c = cbor_from(raw);
	struct span id = SPAN_NONE;
	uint64_t key;
	size_t n;

	if (cbor_get_map(&c, &n) || cbor_get_uint(&c, &key) || cbor_get_bytes(&c, &id))
		return SPAN_NONE;
	return id;
}

static size_t
find_row(const struct rows *r, const uint8_t id[16])
{
	size_t i = 0;

	while (i < r->n && !span_eq(row_id(rows_raw(r, i)), SPAN(id, 16)))
		i++;
	return i;
}

static enum err
put_message(struct rows *r, size_t pos, const struct wire_map *m, void *marked)
{
	struct buf raw = BUF_INIT;
	enum err e;

	wire_mark(m, marked);
	if (!(e = wire_encode(m, marked, &raw)) && !(e = buf_err(&raw)))
		e = rows_put(r, pos, 0, buf_span(&raw));
	buf_done(&raw);
	return e;
}

static bool
next_row(const struct rows *r, size_t *pos, const struct wire_map *m, void *st)
{
	if (*pos >= r->n)
		return false;
	return !wire_decode(m, rows_raw(r, (*pos)++), st);
}

/* ---- slot notes ---- */
enum err
body_note_get(const struct body *b, const uint8_t slot_id[16], struct slot_note *n)
{
	size_t at = find_row(&b->notes, slot_id);

	return at < b->notes.n ? wire_decode(&slot_note_map, rows_raw(&b->notes, at), n)
			       : ERR_NOTFOUND;
}

bool
body_note_next(const struct body *b, size_t *pos, struct slot_note *n)
{
	return next_row(&b->notes, pos, &slot_note_map, n);
}

enum err
body_note_put(struct body *b, const struct slot_note *n)
{
	struct slot_note marked = *n;

	if (n->slot_id.len != 16)
		return ERR_RANGE;
	return put_message(&b->notes, find_row(&b->notes, n->slot_id.p), &slot_note_map, &marked);
}

enum err
body_note_remove(struct body *b, const uint8_t slot_id[16], uint64_t at)
{
	struct tomb t = {.kind = TOMB_SLOT, .id = SPAN(slot_id, 16), .at = at};
	size_t pos = find_row(&b->notes, slot_id);
	enum err e;

	if (pos >= b->notes.n)
		return ERR_NOTFOUND;
	if ((e = body_tomb_put(b, &t)))
		return e;
	rows_remove(&b->notes, pos);
	return ERR_OK;
}

/* ---- seeds ---- */
enum err
body_seed_get(const struct body *b, uint64_t generation, struct seed *s)
{
	size_t pos = 0;

	while (body_seed_next(b, &pos, s))
		if (s->generation == generation)
			return ERR_OK;
	return ERR_NOTFOUND;
}

enum err
body_seed_last(const struct body *b, struct seed *s)
{
	struct seed each;
	bool found = false;
	size_t pos = 0;

	while (body_seed_next(b, &pos, &each))
		if (!found || each.generation > s->generation) {
			*s = each;
			found = true;
		}
	return found ? ERR_OK : ERR_NOTFOUND;
}

bool
body_seed_next(const struct body *b, size_t *pos, struct seed *s)
{
	return next_row(&b->seeds, pos, &seed_map, s);
}

enum err
body_seed_put(struct body *b, const struct seed *s)
{
	struct seed marked = *s, each;
	size_t at = 0;

	while (at < b->seeds.n && (wire_decode(&seed_map, rows_raw(&b->seeds, at), &each) ||
				   each.generation != s->generation))
		at++;
	return put_message(&b->seeds, at, &seed_map, &marked);
}

/* ---- tombstones ---- */
static size_t
find_tomb(const struct body *b, uint64_t kind, struct span id)
{
	struct tomb t;
	size_t i;

	for (i = 0; i < b->tombs.n; i++)
		if (span_eq(row_id(rows_raw(&b->tombs, i)), id) &&
		    !wire_decode(&tomb_map, rows_raw(&b->tombs, i), &t) && t.kind == kind)
			break;
	return i;
}

enum err
body_tomb_get(const struct body *b, enum tomb_kind kind, const uint8_t id[16], struct tomb *t)
{
	size_t at = find_tomb(b, kind, SPAN(id, 16));

	return at < b->tombs.n ? wire_decode(&tomb_map, rows_raw(&b->tombs, at), t) : ERR_NOTFOUND;
}

bool
body_tomb_next(const struct body *b, size_t *pos, struct tomb *t)
{
	return next_row(&b->tombs, pos, &tomb_map, t);
}

enum err
body_tomb_put(struct body *b, const struct tomb *t)
{
	struct tomb marked = *t;

	if (t->id.len != 16)
		return ERR_RANGE;
	return put_message(&b->tombs, find_tomb(b, t->kind, t->id), &tomb_map, &marked);
}

void
body_drop(struct body *b, const struct tomb *t)
{
	size_t at;

	if (t->kind == TOMB_ITEM && (at = items_find_id(&b->items, t->id.p)))
		items_remove(&b->items, at - 1);
	if (t->kind == TOMB_SLOT && (at = find_row(&b->notes, t->id.p)) < b->notes.n)
		rows_remove(&b->notes, at);
}

/* ---- whole values ---- */
static size_t
find_other(const struct body *b, uint64_t key)
{
	size_t i = 0;

	while (i < b->other.n && b->other.v[i].key < key)
		i++;
	return i;
}

struct span
body_raw(const struct body *b, uint64_t key)
{
	size_t at = find_other(b, key);

	return at < b->other.n && b->other.v[at].key == key ? rows_raw(&b->other, at) : SPAN_NONE;
}

enum err
body_other_put(struct body *b, uint64_t key, struct span value)
{
	size_t at = find_other(b, key);
	bool have = at < b->other.n && b->other.v[at].key == key;

	if (!value.len) {
		if (have)
			rows_remove(&b->other, at);
		return ERR_OK;
	}
	return have ? rows_put(&b->other, at, key, value) : rows_insert(&b->other, at, key, value);
}

static bool
has_functions(uint64_t key)
{
	return key <= BODY_TOMBS || key == BODY_LINES_KEY;
}

enum err
body_raw_put(struct body *b, uint64_t key, struct span value)
{
	enum err e;

	if (has_functions(key))
		return ERR_RANGE;
	if (value.len && (e = cbor_check(value)))
		return e;
	return body_other_put(b, key, value);
}

enum err
body_value_get(const struct body *b, enum body_key key, const struct wire_map *m, void *st)
{
	struct span raw = body_raw(b, key);

	return raw.len ? wire_decode(m, raw, st) : ERR_NOTFOUND;
}

enum err
body_value_put(struct body *b, enum body_key key, const struct wire_map *m, const void *st)
{
	struct buf raw = BUF_INIT;
	enum err e;

	if (!(e = wire_encode(m, st, &raw)) && !(e = buf_err(&raw)))
		e = body_raw_put(b, key, buf_span(&raw));
	buf_done(&raw);
	return e;
}

enum err
body_line_add(struct body *b, const uint8_t t[32])
{
	if (body_lines(b) >= BODY_LINES)
		return ERR_LIMIT;
	buf_put(&b->lines, t, 32);
	return buf_err(&b->lines);
}
