/*
 * yield.h - what a worker hands out of the recovery root P.
 */
#ifndef WORKER_YIELD_H
#define WORKER_YIELD_H

#include "agent/worker/worker.h"

/* Each derives into the arena and points w->event at it. */
void yield_fingerprint(struct worker *w, struct span root);
MUST enum err yield_recs(struct worker *w, struct span root);
MUST enum err yield_seed(struct worker *w, struct span root);
/* The public keys that may succeed an identity, and the passphrase of backups. */
MUST enum err yield_succession(struct worker *w, struct span root);
MUST enum err yield_backup(struct worker *w, struct span root);

#endif
