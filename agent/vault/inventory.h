/*
 * inventory.h - what an open vault has: how much of it exists nowhere else, what others may know,
 * how old the newest backup is.
 */
#ifndef AGENT_VAULT_INVENTORY_H
#define AGENT_VAULT_INVENTORY_H

#include "agent/vault/vault.h"

/* The fields of a status that are about items, seeds and backups. */
void inventory_put(const struct vault *v, struct ops_status_rep *rep);

#endif
