/*
 * body_parts.h - between body.c, body_records.c and delta.c.
 */
#ifndef AGENT_VAULT_BODY_PARTS_H
#define AGENT_VAULT_BODY_PARTS_H

#include "agent/vault/body.h"

#define BODY_NOTES_MAX 256u
#define BODY_SEEDS_MAX 256u
#define BODY_TOMBS_MAX 4000000u

union body_record {
	struct slot_note note;
	struct seed seed;
	struct tomb tomb;
};

/* A list of records that are no items. */
struct body_part {
	enum body_key key;
	const struct wire_map *map;
	size_t max;  /* records */
	bool unique; /* two that stand for the same thing are refused */
	/* kept in struct row: differs for nearly all that are not the same */
	uint64_t (*row_key)(const union body_record *rec);
	/* do two records stand for the same thing? */
	bool (*is_same)(const union body_record *a, const union body_record *b);
};

/* BODY_NOTES, BODY_SEEDS, BODY_TOMBS; aborts on another key. */
const struct body_part *body_part(enum body_key key);
struct rows *body_rows(struct body *b, enum body_key key);
/* Position of the record that stands for the same thing as rec; the list's n when there is none. */
size_t body_row_find(const struct body *b, enum body_key key, const union body_record *rec);
/* Insert or replace an encoded record, copying it; rec is what it says. */
MUST enum err body_row_put(
    struct body *b, enum body_key key, struct span raw, const union body_record *rec);

/* Append one record.  Zero and absent mean the same everywhere in the body: absent is written. */
MUST enum err body_item_encode(const struct item *it, struct buf *out);
MUST enum err body_record_encode(enum body_key key, const void *st, struct buf *out);
/* The same for the one message of a whole value; ERR_INTERNAL when the struct is too large. */
#define BODY_VALUE_SIZE 512
MUST enum err body_value_encode(const struct wire_map *m, const void *st, struct buf *out);

/* Remove what a tombstone names; the tombstone itself is put elsewhere. */
void body_drop(struct body *b, const struct tomb *t);
/* A raw value under any key without functions of its own. */
MUST enum err body_other_put(struct body *b, uint64_t key, struct span value);
/* A whole value whose shape is known is what it should be. */
MUST enum err body_value_check(uint64_t key, struct span value);

#endif
