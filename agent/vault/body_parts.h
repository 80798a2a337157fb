/*
 * body_parts.h - between body.c and body_records.c.
 */
#ifndef AGENT_VAULT_BODY_PARTS_H
#define AGENT_VAULT_BODY_PARTS_H

#include "agent/vault/body.h"

/* Remove what a tombstone names; the tombstone itself is put elsewhere. */
void body_drop(struct body *b, const struct tomb *t);
/* A raw value under any key without functions of its own. */
MUST enum err body_other_put(struct body *b, uint64_t key, struct span value);

#endif
