/*
 * volatile.h - the collection "session": items in memory, for every client of the person's, gone
 * when the program ends.  Never locked: the vault has no part in it.  Values are in the arena.
 */
#ifndef CLI_SECRETS_VOLATILE_H
#define CLI_SECRETS_VOLATILE_H

#include "cli/secrets/secrets.h"

#define VOLATILE_ITEMS 256
#define VOLATILE_BYTES (512 * 1024) /* of all values */
#define VOLATILE_META  (64 * 1024)  /* of what is around one */

struct volatile_item {
	uint64_t number, created, modified;
	struct buf memory; /* of the spans */
	struct span label, type;
	struct store_attr attr[OPS_ENTRY_ATTRS];
	size_t nattr;
	struct sec value;
	struct volatile_item *next;
};

struct volatile_item *volatile_find(const struct secrets *s, uint64_t number);
/* Attributes: all of these. */
bool volatile_matches(const struct volatile_item *v, const struct attrs *a);
/* A new one, or what is given of an old one; the value is moved out of `value` (NULL = none given)
 * when it succeeds.  ERR_LIMIT, ERR_NOMEM: nothing has changed. */
MUST enum err volatile_put(
    struct secrets *s, struct volatile_item **at, const struct store_set *set, struct sec *value);
/* Of those with the same attributes, one; NULL. */
struct volatile_item *volatile_same(const struct secrets *s, const struct attrs *a);
void volatile_drop(struct secrets *s, struct volatile_item *v);
void volatile_clear(struct secrets *s);

#endif
