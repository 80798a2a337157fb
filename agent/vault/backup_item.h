/*
 * backup_item.h - one item in a backup: what it is, its value or its derived keys, where they go.
 */
#ifndef AGENT_VAULT_BACKUP_ITEM_H
#define AGENT_VAULT_BACKUP_ITEM_H

#include "agent/vault/backup.h"

MUST enum err backup_item_put(struct backup *b, const struct item *it);

#endif
