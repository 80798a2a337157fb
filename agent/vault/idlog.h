/*
 * idlog.h - what a change of an identity's keys (op_id_change.c) means for its succession log: both
 * are written in one record, so that no state is between.
 */
#ifndef AGENT_VAULT_IDLOG_H
#define AGENT_VAULT_IDLOG_H

#include "agent/vault/logplan.h"

/* With the disk in hand, which is given free: have the phrase sign what the change d of this key
 * and others of its identity takes. */
MUST enum err idlog_ask(
    struct req *r, const uint8_t id[16], const struct delta *d, struct logproofs *out);
/* Add the log to d.  Without proofs a rotation stays owed, and no trouble with the log is in the
 * way of a change of keys. */
MUST enum err idlog_put(
    struct req *r, const uint8_t id[16], const struct logproofs *proofs, struct delta *d);
/* Is there a change of this key's identity that the log does not tell? */
bool idlog_is_owed(struct req *r, const uint8_t id[16]);

#endif
