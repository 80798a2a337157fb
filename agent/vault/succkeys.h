/*
 * succkeys.h - the keys that only the recovery phrase makes, as much of them as the vault knows:
 * hashes of their public halves, and which is the first that no log announced (BODY_SUCCESSION).
 *
 * Each one serves one log, once.  What is taken here counts when succkeys_put's change is written,
 * in the same record as the log that announces it.
 */
#ifndef AGENT_VAULT_SUCCKEYS_H
#define AGENT_VAULT_SUCCKEYS_H

#include "agent/vault/delta.h"

#define SUCCKEYS_ROWS 256

struct succkey {
	uint64_t generation;
	uint64_t j;
	const uint8_t *hash; /* 32, borrowed from the body */
};

struct succkeys {
	struct succession row[SUCCKEYS_ROWS];
	size_t n;
	bool taken; /* something was: succkeys_put has work */
};

/* What it borrows from b is void after a change of the body. */
MUST enum err succkeys_load(const struct body *b, struct succkeys *s);
/* The next one of this generation, never given before.  ERR_SUCC_USED, also when the generation has
 * none. */
MUST enum err succkeys_take(struct succkeys *s, uint64_t generation, struct succkey *out);
/* Which one has this hash?  ERR_NOTFOUND. */
MUST enum err succkeys_find(const struct succkeys *s, const uint8_t hash[32], struct succkey *out);
/* Add what was taken to d. */
void succkeys_put(const struct succkeys *s, struct delta *d);

#endif
