/*
 * rebuild.h - a vault rebuilt from the recovery phrase alone: what the phrase gives, and what the
 * person recognised of it, in memory until it is written.
 *
 * One at a time, owned by a client connection; wiped when that leaves, and at lock.  Several
 * generations of seeds are at hand while the person looks; only those up to the newest in use get
 * into the vault, so that the next one stays unknown to it (DESIGN 5).
 */
#ifndef AGENT_VAULT_REBUILD_H
#define AGENT_VAULT_REBUILD_H

#include "agent/format/format.h"
#include "agent/vault/generation.h"
#include "agent/vault/newvault.h"

struct rebuild_seed {
	struct sec seed, backup;
	struct sec root; /* derive.h */
	uint8_t hashes[GENERATION_HASHES];
};

struct rebuild {
	uint32_t conn;
	struct newvault n;
	struct sec rec; /* factor of the phrase for n.phrase_id */
	uint8_t fpr[4];
	struct rebuild_seed seed[OPS_REBUILD_GENERATIONS];
	uint64_t top; /* newest generation in use */
};

/* Ask for the phrase (or shares), in a job.  Errors of words. */
MUST enum err rebuild_open(struct job *j, struct rebuild **out);
void rebuild_free(struct rebuild *r); /* NULL is fine */

/* A key as it would be: in borrows from priv, pub and account.  ERR_RANGE: no such generation. */
struct rebuild_key {
	const struct format *format;
	const struct format_key *key;
	struct span account;
	uint64_t epoch, generation;
	struct sec priv;
	struct buf pub;
};
MUST enum err rebuild_derive(const struct rebuild *r, struct rebuild_key *k, struct format_in *in);
void rebuild_key_done(struct rebuild_key *k);

/* All keys of an account into the new body; epochs ascending, at least one.  ERR_EXISTS, ERR_RANGE.
 */
struct rebuild_account {
	const struct format *format;
	struct span account;
	struct span purpose;		/* this key only; empty = all */
	const struct item_epoch *epoch; /* state and generation filled in */
	size_t n;
};
MUST enum err rebuild_add(struct rebuild *r, const struct rebuild_account *a);
/* Seeds up to the newest in use, the phrase's way in, defaults: what is left but ways in. */
MUST enum err rebuild_finish(struct rebuild *r, uint64_t at_least, bool one_way_in);

#endif
