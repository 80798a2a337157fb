/*
 * succession.h - the job that signs entries of succession logs with keys that only the recovery
 * phrase can make.
 *
 * The entries come from the vault, which somebody may have taken over: nothing is signed that a
 * person with this phrase could not mean.  Only rotations and revocations; a revocation must be
 * announced by the key that signs; a rotation must announce a key of the same phrase in turn, so
 * that whoever got it signed can be thrown out again.
 */
#ifndef WORKER_SUCCESSION_H
#define WORKER_SUCCESSION_H

#include "agent/worker/worker.h"

/* Every entry, before the person is asked.  That of succession_parse; ERR_SUCC_REFUSED for an entry
 * that is not signed here, or two identities with one key; ERR_RANGE, ERR_TOOBIG. */
MUST enum err succession_sign_check(const struct worker_job *j);
/* Words from the person -> w->event.proofs.  ERR_SUCC_REFUSED when a key is not this phrase's. */
MUST enum err succession_sign(struct worker *w);

#endif
