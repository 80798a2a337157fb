/*
 * identity.h - a new item for a key of an identity, as its format wants it.
 */
#ifndef AGENT_VAULT_IDENTITY_H
#define AGENT_VAULT_IDENTITY_H

#include "agent/vault/itemop.h"

/* What a new item borrows from; it must live until the item was encoded. */
struct identity {
	struct itemop_new fresh;
	struct item item;
	struct item_epoch epoch;
	struct buf label;
	struct buf box; /* of a key that is not derived: its secret */
};

struct identity_want {
	const struct format *format;
	const struct format_key *key;
	struct span account;
	uint64_t epoch;
	uint64_t generation;
};
/* Fill it; the item has one epoch, active.  Of a key that is not derived the secret is still to be
 * set.  ERR_NOMEM. */
MUST enum err identity_make(struct identity *id, const struct identity_want *w);
void identity_done(struct identity *id);
/* Is this key made of the seed? */
bool identity_is_derived(const struct format_key *k);
/* Does an identity with this account have this key, when nothing more is said? */
bool identity_wants(const struct format_key *k, struct span account);

#endif
