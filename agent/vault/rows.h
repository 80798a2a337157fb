/*
 * rows.h - a short list of encoded records, kept in order and searched from the front.
 * Inside of body.h.
 */
#ifndef AGENT_VAULT_ROWS_H
#define AGENT_VAULT_ROWS_H

#include "lib/buf.h"

struct row {
	uint64_t key; /* of body.other; else a hint for searching */
	uint8_t *raw;
	size_t len;
	bool owned; /* raw is ours, wiped and freed */
};

struct rows {
	struct row *v;
	size_t n;
	size_t cap;
};

void rows_done(struct rows *r);
/* Append a borrowed record. */
MUST enum err rows_add(struct rows *r, uint64_t key, struct span raw);
/* Replace record at pos (pos == n: append; else < n), copying raw. */
MUST enum err rows_put(struct rows *r, size_t pos, uint64_t key, struct span raw);
/* Insert in front of pos, copying raw. */
MUST enum err rows_insert(struct rows *r, size_t pos, uint64_t key, struct span raw);
void rows_remove(struct rows *r, size_t pos);
static inline struct span
rows_raw(const struct rows *r, size_t pos)
{
	return SPAN(r->v[pos].raw, r->v[pos].len);
}

#endif
