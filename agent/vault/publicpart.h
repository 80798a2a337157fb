/*
 * publicpart.h - the public half of a key, kept in its item: what lists show while nothing is
 * derived and while the vault is locked.
 */
#ifndef AGENT_VAULT_PUBLICPART_H
#define AGENT_VAULT_PUBLICPART_H

#include "agent/vault/delta.h"
#include "agent/vault/vault.h"

/* Add the item to d with the public part of its epoch in use.  Items that no format knows, and
 * purposes without a public half, are added as they are.  Errors of deriving. */
MUST enum err publicpart_put(struct vault *v, const struct item *it, struct delta *d);

#endif
