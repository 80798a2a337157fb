/*
 * rsakey.h - RSA keys of identities: made by ownkey-worker, because that takes long and nothing in
 * it depends on the seed.  What becomes of their bytes: agent/format/oidc.h.
 */
#ifndef AGENT_VAULT_RSAKEY_H
#define AGENT_VAULT_RSAKEY_H

#include "agent/vault/job.h"

struct item;

/* Two new keys, one behind the other, into *out, which is empty.  In a job, without the disk. */
MUST enum err rsakey_pair(struct job *j, struct sec *out);
/* The private bytes after a rotation: the next key signs, and `pair` gives the next one after it.
 * all: both are of `pair`, because others may know the old ones. */
MUST enum err rsakey_rotate(struct span old, struct span pair, bool all, struct sec *out);

#endif
