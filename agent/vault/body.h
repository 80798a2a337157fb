/*
 * body.h - the decrypted body of the vault: one CBOR map (DESIGN 6), indexed, in ordinary memory
 * that is wiped.  Secrets in it are sealed once more.  Pure: no files, no clocks.
 *
 * Records stay encoded; what you ask for is decoded into your struct, whose spans are valid until
 * that record is replaced or removed, or body_done.  Loading makes one array and two hash chains;
 * records that were changed have memory of their own.
 *
 * Keys: 1 generation, 2 saved_at, 3 slot notes, 4 seeds, 5 items, 6 tombstones, 7 succession,
 * 8 audit, 9 defaults, 10 sets of shares, 11 lines, 12 backups.  Keys of later versions are kept
 * as they are.
 */
#ifndef AGENT_VAULT_BODY_H
#define AGENT_VAULT_BODY_H

#include "agent/vault/item.h"
#include "agent/vault/items.h"
#include "agent/vault/rows.h"

#define BODY_MAX   (512u * 1024 * 1024) /* CBOR */
#define BODY_ITEMS 1000000u
#define BODY_LINES 4096u

enum body_key {
	BODY_GENERATION = 1,
	BODY_SAVED_AT = 2,
	BODY_NOTES = 3,
	BODY_SEEDS = 4,
	BODY_ITEMS_KEY = 5,
	BODY_TOMBS = 6,
	BODY_SUCCESSION = 7,
	BODY_AUDIT = 8,
	BODY_DEFAULTS = 9,
	BODY_SHARES = 10,
	BODY_LINES_KEY = 11,
	BODY_BACKUPS = 12
};

struct body {
	uint64_t generation; /* of what was opened or replayed last */
	uint64_t saved_at;   /* unix seconds */
	struct rows notes;   /* struct slot_note by slot_id */
	struct rows seeds;   /* struct seed by generation */
	struct items items;
	struct rows tombs; /* struct tomb */
	struct rows other; /* raw values by key: 7 8 9 10 and what is unknown, ascending */
	struct buf lines;  /* n x 32: earlier t, oldest first */
	struct buf plain;  /* what untouched records borrow from */
};

/* An empty body (zero bytes are one, too). */
void body_init(struct body *b);
void body_done(struct body *b); /* wipes */

/*
 * Decode cbor, which lies inside *owner; *owner is moved into the body (also on failure, when
 * everything is wiped).  ERR_FORMAT, ERR_TRUNCATED, ERR_RANGE, ERR_TOOBIG, ERR_TEXT, ERR_NOMEM.
 */
MUST enum err body_decode(struct body *b, struct buf *owner, struct span cbor);
/* Append the CBOR of everything, with this generation and time instead of the body's own. */
MUST enum err body_encode(
    const struct body *b, uint64_t generation, uint64_t saved_at, struct buf *out);
/* *dst = a deep copy of src; dst must be empty. */
MUST enum err body_clone(const struct body *src, struct body *dst);
/*
 * Apply a journal record's CBOR (delta.h): items, notes and seeds are put, tombstones remove,
 * everything else replaces.  All of it is checked before anything is changed; only ERR_NOMEM can
 * leave half of it: then the body must not be used any more.  The generation becomes the given one.
 */
MUST enum err body_apply(struct body *b, struct span delta, uint64_t generation);
/* Would body_apply take it? */
MUST enum err body_check_delta(struct span delta, uint64_t generation);

/* ---- items ---- */
static inline size_t
body_items(const struct body *b)
{
	return b->items.live;
}
/* ERR_NOTFOUND. */
MUST enum err body_item_by_id(const struct body *b, const uint8_t id[16], struct item *it);
/* Several may have one label after a merge: the first in the file's order. */
MUST enum err body_item_by_label(
    const struct body *b, uint64_t kind, struct span label, struct item *it);
/* Walk: *pos from 0, false at the end.  *pos stays good (as a cursor for pages, too) whatever is
 * put or removed meanwhile, until the body is decoded anew. */
bool body_item_next(const struct body *b, size_t *pos, struct item *it);
/* The same, of entries (entry.h) alone. */
bool body_entry_next(const struct body *b, size_t *pos, struct item *it);
/* The same, of items of this kind alone; the others cost next to nothing. */
bool body_kind_next(const struct body *b, uint64_t kind, size_t *pos, struct item *it);
/* Entries with the collection and attributes of the one with this id, itself included, and perhaps
 * others: look at them.  *at from 0, false at the end; nothing may be put meanwhile. */
bool body_entry_like(const struct body *b, const uint8_t id[16], size_t *at, struct item *it);
/* Insert or replace by id (copied in).  ERR_LIMIT beyond BODY_ITEMS, encoding errors. */
MUST enum err body_item_put(struct body *b, const struct item *it);
/* The tombstone of an item, which knows its revisions, and those of an earlier one; borrows from
 * both and from revs, which must live until it was encoded. */
struct body_tomb_revs {
	struct span v[TOMB_REVS];
};
void body_item_tomb(const struct body *b, const struct item *it, uint64_t at, struct tomb *t,
    struct body_tomb_revs *revs);
/* Remove and leave a tombstone. */
MUST enum err body_item_remove(struct body *b, const uint8_t id[16], uint64_t at);

/* ---- slot notes ---- */
MUST enum err body_note_get(const struct body *b, const uint8_t slot_id[16], struct slot_note *n);
bool body_note_next(const struct body *b, size_t *pos, struct slot_note *n);
MUST enum err body_note_put(struct body *b, const struct slot_note *n);
/* Remove and leave a tombstone. */
MUST enum err body_note_remove(struct body *b, const uint8_t slot_id[16], uint64_t at);

/* ---- seeds ---- */
MUST enum err body_seed_get(const struct body *b, uint64_t generation, struct seed *s);
/* The highest generation. */
MUST enum err body_seed_last(const struct body *b, struct seed *s);
bool body_seed_next(const struct body *b, size_t *pos, struct seed *s);
MUST enum err body_seed_put(struct body *b, const struct seed *s);

/* ---- tombstones ---- */
MUST enum err body_tomb_get(
    const struct body *b, enum tomb_kind kind, const uint8_t id[16], struct tomb *t);
bool body_tomb_next(const struct body *b, size_t *pos, struct tomb *t);
MUST enum err body_tomb_put(struct body *b, const struct tomb *t);

/* ---- whole values: succession, audit, defaults, shares, unknown keys ---- */
/* SPAN_NONE when absent. */
struct span body_raw(const struct body *b, uint64_t key);
/* Exactly one CBOR item; SPAN_NONE removes.  ERR_RANGE for keys with functions of their own. */
MUST enum err body_raw_put(struct body *b, uint64_t key, struct span value);
/* One message: audit, defaults.  ERR_NOTFOUND. */
MUST enum err body_value_get(
    const struct body *b, enum body_key key, const struct wire_map *m, void *st);
MUST enum err body_value_put(
    struct body *b, enum body_key key, const struct wire_map *m, const void *st);
/* ---- lines ---- */
static inline size_t
body_lines(const struct body *b)
{
	return b->lines.len / 32;
}
static inline const uint8_t *
body_line(const struct body *b, size_t i)
{
	return b->lines.p + i * 32;
}
MUST enum err body_line_add(struct body *b, const uint8_t t[32]);

#endif
