/*
 * generation.h - one generation of the recovery root, as much of it as the vault keeps (DESIGN 4):
 * seed and passphrase of backups, sealed; fingerprint; hashes of the succession keys.
 */
#ifndef AGENT_VAULT_GENERATION_H
#define AGENT_VAULT_GENERATION_H

#include "agent/vault/body.h"
#include "lib/job.h"

#define GENERATION_HASHES (256 * 32)

struct generation_new {
	uint64_t generation;
	uint64_t now;
	struct span vrk; /* sealed under this */
};
/* Put what a worker yielded (seed, backup, fpr, hashes) into b; ERR_FORMAT when some is missing. */
MUST enum err generation_put(
    struct body *b, const struct generation_new *n, const struct worker_event *ev);
/* Identities whose epoch in use is of an older seed than g. */
uint64_t generation_older(const struct body *b, uint64_t g);

#endif
