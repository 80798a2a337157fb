/*
 * ledger.h - who holds shares of the recovery phrase (key 10 of the body): rows of struct
 * share_set, the oldest first.  Never the shares themselves.
 */
#ifndef AGENT_VAULT_LEDGER_H
#define AGENT_VAULT_LEDGER_H

#include "agent/vault/delta.h"

/* Walk: *n rows, then while (ledger_next(&c, &n, &s)). */
struct cbor ledger_each(const struct body *b, size_t *n);
bool ledger_next(struct cbor *c, size_t *left, struct share_set *s);

/* Into d: the rows of b with one more.  ERR_LIMIT beyond SHARE_SETS. */
MUST enum err ledger_add(struct delta *d, const struct body *b, struct share_set *s);
/* Into d: row `at` becomes s; s NULL: it goes. */
MUST enum err ledger_replace(struct delta *d, const struct body *b, size_t at, struct share_set *s);

/* The share with this code, in the newest set that has one: its set and note, and where. */
struct ledger_place {
	size_t at; /* row */
	struct share_set set;
	struct share_note note;
};
/* ERR_SHARE_CODE. */
MUST enum err ledger_find(const struct body *b, struct span code, struct ledger_place *p);
/* Into d: this share is still there. */
MUST enum err ledger_confirm(
    struct delta *d, const struct body *b, const struct ledger_place *p, uint64_t now);

#endif
