/* body_parts.c - the lists of the body that are no items, as rows of a table. */
#include <stdlib.h>

#include "agent/vault/body_parts.h"

/* Ids are random: their first bytes tell nearly all of them apart. */
static uint64_t
key_of_note(const union body_record *rec)
{
	return be64(rec->note.slot_id.p);
}

static uint64_t
key_of_seed(const union body_record *rec)
{
	return rec->seed.generation;
}

static uint64_t
key_of_tomb(const union body_record *rec)
{
	return be64(rec->tomb.id.p);
}

static bool
is_same_note(const union body_record *a, const union body_record *b)
{
	return span_eq(a->note.slot_id, b->note.slot_id);
}

static bool
is_same_seed(const union body_record *a, const union body_record *b)
{
	return a->seed.generation == b->seed.generation;
}

static bool
is_same_tomb(const union body_record *a, const union body_record *b)
{
	return a->tomb.kind == b->tomb.kind && span_eq(a->tomb.id, b->tomb.id);
}

static const struct body_part parts[] = {
	{ BODY_NOTES, &slot_note_map, BODY_NOTES_MAX, true, key_of_note, is_same_note },
	{ BODY_SEEDS, &seed_map, BODY_SEEDS_MAX, true, key_of_seed, is_same_seed },
	{ BODY_TOMBS, &tomb_map, BODY_TOMBS_MAX, false, key_of_tomb, is_same_tomb },
};

const struct body_part *
body_part(enum body_key key)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].key == key)
			return &parts[i];
	abort();
}

struct rows *
body_rows(struct body *b, enum body_key key)
{
	return key == BODY_NOTES ? &b->notes : key == BODY_SEEDS ? &b->seeds : &b->tombs;
}

size_t
body_row_find(const struct body *b, enum body_key key, const union body_record *rec)
{
	const struct body_part *p = body_part(key);
	const struct rows *r = body_rows((struct body *)(uintptr_t)b, key);
	uint64_t row_key = p->row_key(rec);
	union body_record other;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i].key == row_key && !wire_decode(p->map, rows_raw(r, i), &other) &&
		    p->is_same(&other, rec))
			break;
	return i;
}

enum err
body_row_put(struct body *b, enum body_key key, struct span raw, const union body_record *rec)
{
	const struct body_part *p = body_part(key);
	struct rows *r = body_rows(b, key);
	size_t at = body_row_find(b, key, rec);

	if (at == r->n && r->n >= p->max)
		return ERR_LIMIT;
	return rows_put(r, at, p->row_key(rec), raw);
}

void
body_drop(struct body *b, const struct tomb *t)
{
	union body_record note = { .note.slot_id = t->id };
	size_t at;

	if (t->kind == TOMB_ITEM && (at = items_find_id(&b->items, t->id.p)))
		items_remove(&b->items, at - 1);
	if (t->kind == TOMB_SLOT && (at = body_row_find(b, BODY_NOTES, &note)) < b->notes.n)
		rows_remove(&b->notes, at);
}

/* ---- encoding ---- */
enum err
body_item_encode(const struct item *it, struct buf *out)
{
	struct item marked = *it;
	enum err e;

	/* bits of an earlier decoding would insist on what was emptied since */
	marked.has = marked.origin.has = marked.policy.has = marked.conflict.has = 0;
	wire_mark(&item_map, &marked);
	if ((e = item_check(&marked)))
		return e;
	return wire_encode(&item_map, &marked, out);
}

static enum err
encode(const struct wire_map *m, void *copy, struct buf *out)
{
	const uint64_t none = 0;

	memcpy(copy, &none, sizeof none);
	wire_mark(m, copy);
	return wire_encode(m, copy, out);
}

enum err
body_record_encode(enum body_key key, const void *st, struct buf *out)
{
	const struct body_part *p = body_part(key);
	union body_record rec;

	memcpy(&rec, st, p->map->size);
	return encode(p->map, &rec, out);
}

enum err
body_value_encode(const struct wire_map *m, const void *st, struct buf *out)
{
	_Alignas(max_align_t) uint8_t copy[BODY_VALUE_SIZE];

	if (m->size > sizeof copy)
		return ERR_INTERNAL;
	memcpy(copy, st, m->size);
	return encode(m, copy, out);
}

/* ---- whole values ---- */
static enum err
check_list(const struct wire_map *m, size_t most, struct span value)
{
	struct cbor c = cbor_from(value);
	size_t n;
	enum err e;

	if ((e = cbor_get_array(&c, &n)))
		return e;
	if (n > most)
		return ERR_LIMIT;
	while (!e && n-- > 0)
		e = wire_decode_at(m, &c, NULL);
	return e;
}

enum err
body_value_check(uint64_t key, struct span value)
{
	switch (key) {
	case BODY_SUCCESSION:
		return check_list(&succession_map, BODY_SEEDS_MAX, value);
	case BODY_AUDIT:
		return wire_decode(&audit_map, value, NULL);
	case BODY_DEFAULTS:
		return wire_decode(&defaults_map, value, NULL);
	case BODY_SHARES:
		return check_list(&share_set_map, SHARE_SETS, value);
	case BODY_BACKUPS:
		return check_list(&backup_note_map, BACKUP_NOTES, value);
	default:
		return ERR_OK;
	}
}
