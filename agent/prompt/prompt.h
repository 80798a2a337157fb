/*
 * prompt.h - one job of ownkey-prompt: read it, ask the person one way or another, answer.
 */
#ifndef PROMPT_PROMPT_H
#define PROMPT_PROMPT_H

#include "lib/job.h"
#include "lib/sec.h"

#define PROMPT_ARENA	  (128 * 1024)
#define PROMPT_ANSWER_MAX 1024

struct prompt {
	int vault; /* stream: the job in, one event out */
	int signals;
	struct sec frame;
	struct prompt_job job; /* borrows from frame */
	struct sec answer;
};

/* The job; ERR_HANGUP, ERR_TIMEOUT, or what is wrong with it. */
MUST enum err prompt_read(struct prompt *p);
/* Ask, by pinentry if there is one that works, else on the terminal of the job.  The answer is in
 * p->answer; ERR_REFUSED, ERR_CANCELLED, ERR_TIMEOUT, ERR_NOPROMPT. */
MUST enum err prompt_run(struct prompt *p);
/* Tell the vault what came of it. */
MUST enum err prompt_answer(struct prompt *p, enum err e);
/* Wipe everything. */
void prompt_done(struct prompt *p);

#endif
