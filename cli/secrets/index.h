/*
 * index.h - the copy that the store keeps: entries by id, by time, and by each of their attributes,
 * so that a search costs what it finds.  Ordinary memory, wiped when it is freed.
 *
 * Attributes are hashed with a key of this process: applications choose them.
 */
#ifndef CLI_SECRETS_INDEX_H
#define CLI_SECRETS_INDEX_H

#include "cli/secrets/store.h"

struct index;

MUST enum err index_new(struct index **out);
void index_free(struct index *x); /* wipes; NULL is fine */
/* row, as it was decoded, in place of the one with its id.  *now: the copy.  ERR_NOMEM, ERR_FORMAT:
 * nothing has changed. */
MUST enum err index_put(struct index *x, const struct ops_entry *row, const struct entry **now);
void index_remove(struct index *x, const uint8_t id[16]);
const struct entry *index_find(const struct index *x, const uint8_t id[16]);
/* The collection with this id (lib/ops_entry.h), the oldest if merging left two. */
const struct entry *index_collection(const struct index *x, struct span id);
void index_collections(const struct index *x, store_each_fn *fn, void *arg);
/* All, collections too, by time; i < index_count. */
size_t index_count(const struct index *x);
const struct entry *index_at(const struct index *x, size_t i);
void index_search(const struct index *x, const struct store_query *q, store_each_fn *fn, void *arg);
/* Do they say the same, all of it? */
bool index_same(const struct entry *a, const struct entry *b);

#endif
