/*
 * merge_parts.h - between merge.c, merge_items.c, merge_keys.c, merge_slots.c and merge_value.c.
 */
#ifndef AGENT_VAULT_MERGE_PARTS_H
#define AGENT_VAULT_MERGE_PARTS_H

#include "agent/vault/body_parts.h"
#include "agent/vault/merge.h"

/* One merge under way. */
struct merge {
	struct merge_copy copy[2]; /* ours, theirs */
	struct span vrk;
	struct outer *outer; /* the result */
	struct body *body;
	struct merge_report *rep;
	struct buf known; /* root || rev_id of what tombstones know, sorted */
};

/* One revision of an item as one copy has it. */
struct merge_version {
	uint8_t root[16];   /* the item that it and its conflicts grew out of */
	uint8_t family[16]; /* the item it is a revision of; of a derived key: hash of its path */
	uint8_t rev_id[16];
	uint64_t rev;
	struct span raw;
	uint8_t side;
	bool derived;  /* joined by merge_keys.c */
	bool conflict; /* kept under its conflict id */
};
struct merge_group {
	struct merge_version *v;
	size_t n;
};

/* Errors stick in text. */
void merge_say(struct merge_report *r, enum merge_event what, struct span label);
/* Does the merged list have this tombstone? */
bool merge_tomb(const struct merge *m, enum tomb_kind kind, const uint8_t id[16], struct tomb *out);
/* Total order: length, then bytes. */
int merge_order(struct span a, struct span b);
static inline struct span
merge_greater(struct span a, struct span b)
{
	return merge_order(a, b) < 0 ? b : a;
}
/* The earlier of two times; 0 is none. */
static inline uint64_t
merge_earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}
static inline uint64_t
merge_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Tombstones of both copies into m->body: before anything else. */
MUST enum err merge_tombs(struct merge *m);
/* Whoever removed the item, or what was kept of it as a conflict, knew this revision. */
bool merge_is_removed(const struct merge *m, const struct merge_version *v);
/* Items of both copies. */
MUST enum err merge_items(struct merge *m);
/* The joined key of these, all of one path, appended to out. */
MUST enum err merge_key(struct merge *m, const struct merge_group *g, struct buf *out);
/* Is it joined by path instead of kept in revisions?  *path: hash of it. */
bool merge_is_key(const struct item *it, uint8_t path[16]);
/* Ways in, notes; seeds. */
MUST enum err merge_slots(struct merge *m);
MUST enum err merge_seeds(struct merge *m);
/* Whole values of the body. */
MUST enum err merge_values(struct merge *m);

#endif
