/*
 * checker.h - what is signed for a login, and whether an answer is good: no system call, no key.
 *
 * A checker is begun once, and says "good" at most once.
 */
#ifndef PAM_VERIFY_CHECKER_H
#define PAM_VERIFY_CHECKER_H

#include "lib/token.h"
#include "lib/verify.h"

struct checker {
	struct token_nonce nonce;
	char rp_id[256];
	uint8_t message[SSHLOGIN_MAX], tbs[SSHLOGIN_TBS_MAX]; /* ssh */
	size_t message_len, tbs_len;
	bool begun, probe, ssh;
	unsigned checks; /* so many were asked for */
	bool over;	 /* one was good, or what came made no sense */
};

/* Take a job, fill the answer: begun, good or bad; its spans point into c. */
void checker_take(struct checker *c, const struct verify_job *q, struct verify_event *ev);

#endif
