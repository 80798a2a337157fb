/*
 * logplan.h - several succession logs brought up to date together: what the log keys may write,
 * the rotations that the recovery phrase signs with one typing, all of it in one change.
 *
 * The person may take half an hour to find the phrase, and the disk is not held for that.  So a
 * plan is made twice: to know what is to be signed, and, when the disk is ours again, to write it.
 * It comes out the same unless something changed meanwhile; then the signature does not fit, and
 * nothing is written.
 */
#ifndef AGENT_VAULT_LOGPLAN_H
#define AGENT_VAULT_LOGPLAN_H

#include "agent/vault/job.h"
#include "agent/vault/keylog.h"

#define LOGPLAN_MAX OPS_LOGS

/* What the phrase signed; lives across waiting. */
struct logproofs {
	uint64_t now; /* of both plans */
	size_t n;
	struct {
		uint8_t entry[32]; /* SHA-256 */
		struct succession_proof proof;
	} v[LOGPLAN_MAX];
};

struct logplan {
	struct keylog_making making;
	struct succkeys keys;
	size_t n;
	struct keylog *log; /* LOGPLAN_MAX of them */
	size_t nrotation;
	size_t rotation[LOGPLAN_MAX]; /* positions of those that the phrase signs */
	struct worker_succession task[LOGPLAN_MAX];
	uint8_t fpr[4]; /* of that phrase */
};

/* Too large for a stack.  Borrows from the body until it is changed or waited for: after that it
 * can be freed, and nothing else. */
MUST enum err logplan_new(struct vault *v, uint64_t now, struct logplan **out);
void logplan_free(struct logplan *p);
/* With now as the time. */
MUST enum err logproofs_new(struct logproofs **out);
void logproofs_free(struct logproofs *p);

enum logplan_how {
	LOGPLAN_HOT,	/* what the log key may do; rotations stay owed */
	LOGPLAN_ROTATE, /* rotations, too */
	LOGPLAN_ANEW	/* give the log up and begin another */
};
struct logplan_want {
	struct span service, account;
	const struct delta *after; /* what is about to change; NULL: as things are */
	enum logplan_how how;
};
/*
 * Add the log of this identity; one that is begun here has the state before that in its first
 * entry.  The identity may have nothing to tell: then nothing is added, *at = NULL.  ERR_LIMIT,
 * ERR_SUCC_USED, ERR_SUCC_LOST.
 */
MUST enum err logplan_add(struct logplan *p, const struct logplan_want *w, struct keylog **at);
/* Is it in the plan already? */
bool logplan_has(const struct logplan *p, struct span service, struct span account);
/* Have the rotations signed.  In a job, without the disk; the plan is used up.  ERR_OK at once when
 * there are none. */
MUST enum err logplan_ask(struct req *r, struct logplan *p, struct logproofs *out);
/* Add the logs to d.  ERR_VAULT_CHANGED when a rotation has no proof (proofs may be NULL). */
MUST enum err logplan_put(struct logplan *p, const struct logproofs *proofs, struct delta *d);

#endif
