/*
 * backup_key.h - what a person types to open a backup: its passphrase, the recovery phrase or
 * shares of it, or an age identity.
 */
#ifndef WORKER_BACKUP_KEY_H
#define WORKER_BACKUP_KEY_H

#include "agent/worker/gather.h"
#include "lib/age.h"

#define BACKUP_GENERATIONS 8 /* so many passphrases of a phrase are tried */

struct backup_key {
	struct age_reader *age; /* its header is there */
	unsigned log_n_max;	/* what the memory of this machine suffices for */
	struct gather shares;
	struct sec root; /* P, when words or shares opened it; else empty */
	size_t bad;	 /* the word that was wrong, from 1; 0 = none to name */
};

/* Errors of words and shares (ERR_SHARE_FEW: gather_progress says how many more), of
 * age_reader_*; ERR_KDF_MEMORY.  Unless ERR_OK, all is as before, and something else may be
 * typed. */
MUST enum err backup_key_try(struct backup_key *k, struct span typed);
/* Passphrases, one a line. */
MUST enum err backup_key_passphrases(struct backup_key *k, struct span lines);
void backup_key_done(struct backup_key *k);

#endif
