/* op_entry.h - what the handlers of entries share. */
#ifndef AGENT_VAULT_OP_ENTRY_H
#define AGENT_VAULT_OP_ENTRY_H

#include "agent/vault/entry.h"
#include "agent/vault/vault.h"

/* As it is listed; borrows from both. */
void op_entry_row(const struct item *it, const struct entry *en, struct ops_entry *row);
/* The answer: as it is now. */
MUST enum err op_entry_reply(struct req *r, const uint8_t id[16]);

#endif
