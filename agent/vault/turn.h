/*
 * turn.h - one job at a time: the disk, the tokens.  Who comes first is served first; a job's turns
 * end with it.
 *
 * Tokens are one thing although there may be several: a person has one pair of eyes, and a touch
 * that was asked for by one program must not be taken by another.
 */
#ifndef AGENT_VAULT_TURN_H
#define AGENT_VAULT_TURN_H

#include "agent/vault/job.h"

/* Wait until it is ours (at once when it is already).  ERR_CANCELLED. */
MUST enum err turn_take(struct job *j, struct turn *t);
/* Harmless when it is not ours. */
void turn_release(struct job *j, struct turn *t);

#endif
