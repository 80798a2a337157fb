/*
 * worker.h - one job of ownkey-worker: read it, check it, do it, answer.
 *
 * The order is fixed: worker_read and worker_prepare before the sandbox (they look at the machine),
 * worker_run inside it.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "lib/job.h"
#include "lib/sec.h"

#define WORKER_ARENA  (128 * 1024)
#define WORKER_WIDEN  4096 /* of a job that needs more than that */
#define WORKER_SLOTS  16
#define WORKER_SHARES 16

struct worker {
	int vault; /* stream: the job in, one RESULT or ERROR out */
	int door;  /* seqpacket: the supervisor passes the person's connection */
	struct sec frame;
	struct worker_job job; /* borrows from frame */
	/* what the job yields */
	unsigned log_n_max; /* of scrypt, that the memory of this machine suffices for */
	struct sec out;
	struct sec seed;
	struct sec recs;
	struct sec hashes;
	struct sec backup;
	uint8_t fpr[4];
	uint8_t hash[32];
	struct span rec[WORKER_SLOTS];
	uint8_t shares[WORKER_SHARES][32]; /* SHA-256 of their words */
	struct span share[WORKER_SHARES];
	struct succession_signature proof[WORKER_SUCCESSIONS];
	struct worker_event event; /* borrows from the above */
};

/* The job; ERR_HANGUP, ERR_TIMEOUT, or what is wrong with it. */
MUST enum err worker_read(struct worker *w);
/* A larger arena, if this job needs one; made as the first one was.  ERR_NOMEM. */
struct worker_arena {
	bool mlock, allow_swap;
};
MUST enum err worker_widen(struct worker *w, const struct worker_arena *a);
/* Can it be done on this machine?  *as_limit: address space it needs, bytes. */
MUST enum err worker_prepare(struct worker *w, uint64_t *as_limit);
/* Do it and fill w->event. */
MUST enum err worker_run(struct worker *w);
/* Send w->event as it is, as this kind; more may follow. */
MUST enum err worker_send(struct worker *w, enum worker_kind kind);
/* Send RESULT (e is ERR_OK) or ERROR. */
MUST enum err worker_answer(struct worker *w, enum err e);
/* Wipe everything. */
void worker_done(struct worker *w);

#endif
