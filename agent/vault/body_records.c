/* body_records.c - the records of the body, one kind after the other. */
#include <stdlib.h>

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

		if (!b->items.v[at].raw)
			continue;
		/* it was checked when it came in; to leave it out of a list would be a lie */
		if (decode_item(b, at + 1, it))
			abort();
		return true;
	}
	return false;
}

bool
body_entry_next(const struct body *b, size_t *pos, struct item *it)
{
	while (*pos < b->items.n && (!b->items.v[*pos].raw || !b->items.v[*pos].hash_entry))
		(*pos)++;
	return body_item_next(b, pos, it);
}

bool
body_kind_next(const struct body *b, uint64_t kind, size_t *pos, struct item *it)
{
	while (*pos < b->items.n && (!b->items.v[*pos].raw || b->items.v[*pos].kind != kind))
		(*pos)++;
	return body_item_next(b, pos, it);
}

bool
body_entry_like(const struct body *b, const uint8_t id[16], size_t *at, struct item *it)
{
	size_t pos = items_find_id(&b->items, id);

	if (!pos || !(*at = items_next_entry(&b->items, pos - 1, *at)))
		return false;
	if (decode_item(b, *at, it))
		abort();
	return true;
}

enum err
body_item_put(struct body *b, const struct item *it)
{
	struct buf raw = BUF_INIT;
	struct item decoded;
	enum err e;

	if (!(e = body_item_encode(it, &raw)) &&
	    !(e = wire_decode(&item_map, buf_span(&raw), &decoded))) {
		if (b->items.live >= BODY_ITEMS && !items_find_id(&b->items, decoded.id.p))
			e = ERR_LIMIT;
		else
			e = items_put(&b->items, buf_span(&raw), &decoded);
	}
	buf_done(&raw);
	return e;
}

/* Append those of an earlier tombstone that are not there yet. */
static size_t
add_revs(const struct wire_list *more, struct span *v, size_t n)
{
	struct span old[TOMB_REVS];
	size_t nold = item_revs(more, old, TOMB_REVS), have = n;

	for (size_t i = 0; i < nold && n < TOMB_REVS; i++) {
		size_t k = 0;

		while (k < have && !span_eq(v[k], old[i]))
			k++;
		if (k == have)
			v[n++] = old[i];
	}
	return n;
}

void
body_item_tomb(const struct body *b, const struct item *it, uint64_t at, struct tomb *t,
    struct body_tomb_revs *revs)
{
	struct tomb old;
	size_t n = item_revs(&it->rev_ids, revs->v, ITEM_REVS);

	*t = (struct tomb){ .id = it->id, .kind = TOMB_ITEM, .rev = it->rev, .at = at };
	t->root = it->conflict.root;
	if (!body_tomb_get(b, TOMB_ITEM, it->id.p, &old)) {
		n = add_revs(&old.rev_ids, revs->v, n);
		if (old.rev > t->rev)
			t->rev = old.rev;
		if (!t->root.len)
			t->root = old.root;
	}
	t->rev_ids = (struct wire_list){ .v = revs->v, .n = n };
	wire_mark(&tomb_map, t);
}

enum err
body_item_remove(struct body *b, const uint8_t id[16], uint64_t at)
{
	struct body_tomb_revs revs;
	struct tomb t;
	uint8_t copy[16];
	struct item it;
	enum err e;

	memcpy(copy, id, sizeof copy); /* it may lie in the item */
	if ((e = body_item_by_id(b, copy, &it)))
		return e;
	body_item_tomb(b, &it, at, &t, &revs);
	t.id = SPAN(copy, sizeof copy);
	if ((e = body_tomb_put(b, &t)))
		return e;
	body_drop(b, &t);
	return ERR_OK;
}

/* ---- the other lists ---- */
static enum err
get_record(const struct body *b, enum body_key key, const union body_record *like, void *st)
{
	const struct rows *r = body_rows((struct body *)(uintptr_t)b, key);
	size_t at = body_row_find(b, key, like);

	return at < r->n ? wire_decode(body_part(key)->map, rows_raw(r, at), st) : ERR_NOTFOUND;
}

/* st may borrow from the record that it replaces. */
static enum err
put_record(struct body *b, enum body_key key, const void *st)
{
	union body_record rec;
	struct buf raw = BUF_INIT;
	enum err e;

	if (!(e = body_record_encode(key, st, &raw)) &&
	    !(e = wire_decode(body_part(key)->map, buf_span(&raw), &rec)))
		e = body_row_put(b, key, buf_span(&raw), &rec);
	buf_done(&raw);
	return e;
}

static bool
next_row(const struct rows *r, size_t *pos, const struct wire_map *m, void *st)
{
	if (*pos >= r->n)
		return false;
	if (wire_decode(m, rows_raw(r, (*pos)++), st))
		abort();
	return true;
}

/* ---- slot notes ---- */
enum err
body_note_get(const struct body *b, const uint8_t slot_id[16], struct slot_note *n)
{
	union body_record like = { .note.slot_id = SPAN(slot_id, 16) };

	return get_record(b, BODY_NOTES, &like, n);
}

bool
body_note_next(const struct body *b, size_t *pos, struct slot_note *n)
{
	return next_row(&b->notes, pos, &slot_note_map, n);
}

enum err
body_note_put(struct body *b, const struct slot_note *n)
{
	return put_record(b, BODY_NOTES, n);
}

enum err
body_note_remove(struct body *b, const uint8_t slot_id[16], uint64_t at)
{
	struct tomb t = { .kind = TOMB_SLOT, .at = at };
	struct slot_note n;
	uint8_t copy[16];
	enum err e;

	memcpy(copy, slot_id, sizeof copy); /* it may lie in the note */
	t.id = SPAN(copy, sizeof copy);
	if ((e = body_note_get(b, copy, &n)) || (e = body_tomb_put(b, &t)))
		return e;
	body_drop(b, &t);
	return ERR_OK;
}

/* ---- seeds ---- */
enum err
body_seed_get(const struct body *b, uint64_t generation, struct seed *s)
{
	union body_record like = { .seed.generation = generation };

	return get_record(b, BODY_SEEDS, &like, s);
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
	return put_record(b, BODY_SEEDS, s);
}

/* ---- tombstones ---- */
enum err
body_tomb_get(const struct body *b, enum tomb_kind kind, const uint8_t id[16], struct tomb *t)
{
	union body_record like = { .tomb = { .kind = kind, .id = SPAN(id, 16) } };

	return get_record(b, BODY_TOMBS, &like, t);
}

bool
body_tomb_next(const struct body *b, size_t *pos, struct tomb *t)
{
	return next_row(&b->tombs, pos, &tomb_map, t);
}

enum err
body_tomb_put(struct body *b, const struct tomb *t)
{
	return put_record(b, BODY_TOMBS, t);
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
	if (value.len && ((e = cbor_check(value)) || (e = body_value_check(key, value))))
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

	if (!(e = body_value_encode(m, st, &raw)))
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
