/* op_entry.h - what the handlers of entries share. */
#ifndef AGENT_VAULT_OP_ENTRY_H
#define AGENT_VAULT_OP_ENTRY_H

#include "agent/vault/entry.h"
#include "agent/vault/policy.h"

/* As it is listed; borrows from both. */
void op_entry_row(const struct item *it, const struct entry *en, struct ops_entry *row);
/* The answer: as it is now. */
MUST enum err op_entry_reply(struct req *r, const uint8_t id[16]);

/* Whom it is asked for; NULL: the client itself. */
const struct ops_who *op_entry_who(
    const struct wire_map *m, const void *in, const struct ops_who *who);
/* May it do this with that one?  Waits for the person. */
MUST enum err op_entry_may(struct req *r, const struct use *u, const uint8_t id[16]);
/* Entries that have no client yet, and that the person just said yes to, are this application's
 * from now on.  That it fails is nobody's loss: it is asked again. */
void op_entry_adopt(struct req *r, const struct ops_who *who, const struct use_item *v, size_t n);

#endif
