/*
 * synced.h - a vault that is on several machines: what was changed apart is joined when the file is
 * opened, or found to be another one (DESIGN 6, merge.h).
 *
 * Looked at are: what this process has open; this machine's own copy in the state folder, when the
 * file is not one that goes on from what was seen here last; what programs that synchronise folders
 * put beside the vault; vault.prev, when what was seen last is still missing.  Only what the VRK at
 * hand opens is of this line, and merged; everything else gets a sentence.
 *
 * No file is ever deleted here: those that hold nothing new any more are named.
 */
#ifndef AGENT_VAULT_SYNCED_H
#define AGENT_VAULT_SYNCED_H

#include "agent/vault/mergenotes.h"
#include "agent/vault/store_inner.h"

/* The file under the vault's name, opened. */
struct arrival {
	struct span bytes;
	struct outer outer;
	struct body body;
	struct vaultfile_state st;
	enum line_verdict verdict;
	enum err refused; /* of line_check */
};

/*
 * Join what else there is with the file *a; the disk is ours.  ours: what is open now, or NULL.
 * ERR_OK, *joined false: the file has everything; so it does when a->refused was
 * ERR_VAULT_DIVERGED.  ERR_OK, *joined true: the result was written, and is open (vrk moved).
 * Otherwise nothing has changed: a->refused; ERR_VAULT_CHANGED: another program was faster; errors
 * of merge_copies, store_rewrite.  What a person should hear: v->open.notes.
 */
struct synced_with {
	struct arrival *a;
	const struct open_vault *ours;
	struct sec *vrk;
};
MUST enum err synced_join(struct job *j, const struct synced_with *w, bool *joined);

#endif
