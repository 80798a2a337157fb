/*
 * restore_join.h - a derived key that is both in a backup and here: one key, whose epochs are
 * joined.  Nothing of it can be lost, so there is nothing to keep twice.
 */
#ifndef AGENT_VAULT_RESTORE_JOIN_H
#define AGENT_VAULT_RESTORE_JOIN_H

#include "agent/vault/body.h"

/* Derived, of one path and algorithm? */
bool restore_is_one_key(const struct item *theirs, const struct item *mine);
/*
 * Epochs of both; the last active one stays active, with its public part, the others retire.
 * Everything else stays as it is here.  Nothing is written when nothing is new.  ERR_LIMIT,
 * ERR_NOMEM.
 */
MUST enum err restore_join(struct body *into, const struct item *theirs, const struct item *mine);
/*
 * The succession log of one identity on both sides: the one that goes on from the other, or that
 * took the phrase, is the log (ownkey-succession(5)).  *joined: false when nothing tells which is
 * right, and nothing was written.
 */
MUST enum err restore_join_log(
    struct body *into, const struct item *theirs, const struct item *mine, bool *joined);

#endif
