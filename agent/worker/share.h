/*
 * share.h - the job that splits the recovery phrase into shares.  The shares go to the person only.
 */
#ifndef WORKER_SHARE_H
#define WORKER_SHARE_H

#include "agent/worker/worker.h"

/* Can it be split so?  ERR_SHARE_SPLIT. */
MUST enum err share_check(const struct worker_job *j);
/* Asks for the words; threshold of count shares, one card each; then the vault gets SHA-256 of the
 * words of each. */
MUST enum err share_make(struct worker *w);

#endif
