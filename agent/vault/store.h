/*
 * store.h - the vault's side of its file: front moves the bytes, the vault says which and checks
 * them (DESIGN 6).  All functions run in a job; one job at a time uses the disk, others queue until
 * store_release.
 */
#ifndef AGENT_VAULT_STORE_H
#define AGENT_VAULT_STORE_H

#include "agent/vault/job.h"

/* Wait until the disk is ours. */
MUST enum err store_take(struct job *j);
/* Give the disk to the next job (done at the end of every job; harmless if it was not ours). */
void store_release(struct job *j);

/* Read the file into out, and `seen`; gives the disk free again, so that nobody waits for a person
 * with it in hand.  ERR_NOVAULT. */
MUST enum err store_read(struct job *j, struct buf *out);
/* Read vault.prev into out. */
MUST enum err store_read_previous(struct job *j, struct buf *out);
/* Read another file that may be a copy of the vault (link.h, BESIDE): by place, or by name.  What
 * it is called is in v->store.name, also after most errors. */
MUST enum err store_read_beside(struct job *j, uint64_t at, struct span name, struct buf *out);
/*
 * With VRK at hand: open the body of these bytes (outer: parsed from them), replay the journal,
 * check the line against `seen` and the memory of our predecessor; join it with other copies
 * (synced.h); on success v->open has outer, body, state and VRK (moved), and `seen` is written.
 * Opened by somebody else meanwhile: ERR_OK.  accept_older overrides ERR_VAULT_OLD, FORGED and
 * DIVERGED, and leaves other copies alone.
 */
struct store_opening {
	struct span bytes;
	const struct outer *outer;
	bool accept_older;
};
MUST enum err store_open(struct job *j, const struct store_opening *so, struct sec *vrk);
/*
 * One durable change: a record is appended, then applied to v->open.body.  What has to be recorded
 * of it goes to the audit log in the same frame, first: when that fails nothing has changed
 * (ERR_AUDIT_WRITE).  ERR_VAULT_CHANGED: another program changed the file; it has been read anew.
 */
MUST enum err store_append(struct job *j, struct delta *d);
/* If changes made the journal too long: rewrite the file, when they have ended for a moment.  At
 * the end of every job, behind its answer and when it has given the disk free. */
void store_fold(struct job *j);
/*
 * Rewrite the whole file from these; on success they are moved into v->open (what was there is
 * freed), on failure they are still the caller's and the old file is untouched.
 */
struct store_rewrite {
	struct outer *outer;
	struct body *body; /* NULL: v->open.body stays */
	struct sec *vrk;   /* NULL: v->open.vrk stays */
	bool create;	   /* there must be no vault yet */
	bool new_line;	   /* VRK was replaced: vault.prev is deleted */
	bool fold;	   /* what is in it stays as it is: nobody is told */
	bool joined;	   /* of several copies: not a change of a client, the audit log is not
			    * concerned; ERR_VAULT_CHANGED is for the caller */
};
MUST enum err store_rewrite(struct job *j, const struct store_rewrite *w);
/* What clients are told as ops_event.change. */
uint64_t store_change(const struct vault *v);
/* Exchange vault and vault.prev; the next unlock must say accept_older. */
MUST enum err store_previous(struct job *j);
/* Append to the audit log / read len bytes of it at `at` (step ROTATE: of the older file); *size:
 * all that it has.  ERR_AUDIT_CHANGED, ERR_NOTFOUND, errors of files. */
MUST enum err store_audit(struct job *j, const struct file_audit *part);
MUST enum err store_audit_read(
    struct job *j, const struct file_audit *what, struct buf *out, uint64_t *size);
/* The vault is about to be locked: the last entries of the audit log, and its head into the vault
 * when there is more than the lock to remember.  Waits for nothing. */
void store_last(struct vault *v);
/* Answers of front. */
void store_reply(struct vault *v, struct span payload);

#endif
