/*
 * epochs.h - the epochs of an identity's key: which one is in use, and of which seed (DESIGN 5).
 *
 * An item without rows has epoch 0 of its origin's generation.  Rows are in ascending order, the
 * last active one is in use; older ones stay derivable, to read old messages.
 */
#ifndef AGENT_VAULT_EPOCHS_H
#define AGENT_VAULT_EPOCHS_H

#include "agent/vault/item.h"

/* The one in use; when none is active any more, the last one.  Its generation is filled in. */
void epochs_current(const struct item *it, struct item_epoch *ep);
/* How many there are, at least 1. */
size_t epochs_count(const struct item *it);

/* An edited list; v belongs to it, the item's epochs borrow from it until epochs_done. */
struct epochs {
	struct item_epoch *v;
	size_t n;
};
/* All rows of it, with room for one more.  ERR_LIMIT at ITEM_EPOCHS, ERR_NOMEM. */
MUST enum err epochs_load(const struct item *it, struct epochs *e);
void epochs_done(struct epochs *e);
/* The one in use becomes `state`; false when it is so already. */
bool epochs_set_state(struct epochs *e, enum item_epoch_state state);
/* What is active becomes retired, the next epoch is of this generation.  ERR_RANGE past 2^31-1. */
MUST enum err epochs_next(struct epochs *e, uint64_t generation, uint64_t now);
/* it->epochs = these */
void epochs_store(struct epochs *e, struct item *it);

#endif
