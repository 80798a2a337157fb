/*
 * items.h - the array of encoded items and its indexes: by id, by (kind, label), and what desktop
 * applications keep (entry.h) by its collection and attributes.
 * Inside of body.h; others use body_item_*.
 */
#ifndef AGENT_VAULT_ITEMS_H
#define AGENT_VAULT_ITEMS_H

#include "agent/vault/item.h"

struct items_entry {
	uint8_t *raw; /* encoded item; NULL = removed */
	uint32_t len;
	uint32_t id_at; /* offsets in raw */
	uint32_t label_at;
	uint32_t next_id; /* chains: position + 1, 0 = end */
	uint32_t next_label;
	uint32_t next_entry;
	uint32_t hash_id;
	uint32_t hash_label;
	uint32_t hash_entry; /* 0 = it is none */
	uint16_t label_len;
	uint16_t kind;
	bool owned; /* raw is ours, else it lies in body.plain */
};

struct items {
	struct items_entry *v;
	size_t n; /* positions, removed ones included */
	size_t cap;
	size_t live;
	uint32_t *by_id; /* heads: position + 1 */
	uint32_t *by_label;
	uint32_t *by_entry;
	size_t nheads;	  /* power of two */
	uint8_t seed[16]; /* of the hash: labels are chosen by clients */
};

void items_done(struct items *t);
/* Room for n items at once. */
MUST enum err items_reserve(struct items *t, size_t n);
/* Loading an empty struct items: append each, borrowing raw; then index them all.  Before
 * items_link nothing is found.  ERR_EXISTS: an id is there twice; then only items_done may
 * follow. */
MUST enum err items_add(struct items *t, struct span raw, const struct item *it);
MUST enum err items_link(struct items *t);
/* Insert or replace, copying raw. */
MUST enum err items_put(struct items *t, struct span raw, const struct item *it);
/* Position + 1, 0 = none. */
size_t items_find_id(const struct items *t, const uint8_t id[16]);
size_t items_find_label(const struct items *t, uint64_t kind, struct span label);
/* Of entries with the collection and attributes of the one at pos, perhaps others too: the next one
 * behind `at`, or the first (at 0).  Position + 1, 0 = none. */
size_t items_next_entry(const struct items *t, size_t pos, size_t at);
void items_remove(struct items *t, size_t pos);
static inline struct span
items_raw(const struct items *t, size_t pos)
{
	return SPAN(t->v[pos].raw, t->v[pos].len);
}

#endif
