/*
 * phrasejob.h - a worker talks with the person about the recovery phrase or its shares; what it
 * yields is judged here.  P itself never leaves the worker (DESIGN 4).
 */
#ifndef AGENT_VAULT_PHRASEJOB_H
#define AGENT_VAULT_PHRASEJOB_H

#include "agent/vault/job.h"
#include "lib/job.h"

#define PHRASEJOB_MS	   1800000 /* to find the card, and to type; shares have 33 words each */
#define PHRASEJOB_WRITE_MS 600000  /* to write a share by hand */

struct phrasejob {
	struct worker_job q;	  /* wait_ms and marks are set here */
	enum ops_event_kind kind; /* what the client is told */
	const char *text;	  /* for the person */
	uint64_t more_ms;	  /* patience beyond PHRASEJOB_MS */
	/* The result; ev borrows from the frame and is void afterwards. */
	enum err (*take)(void *arg, const struct worker_event *ev);
	/* Before it, one for each generation that was asked for (q.generations). */
	enum err (*take_generation)(void *arg, const struct worker_event *ev);
	void *arg;
};
/* In a job; an open vault does not lock for idleness meanwhile.  ERR_NOPROMPT when nobody can type;
 * errors of words, ERR_CANCELLED, ERR_TIMEOUT. */
MUST enum err phrasejob_run(struct job *j, struct phrasejob *p);

#endif
