/*
 * task.h - what one child does: check the address, look its name up, fetch, give up the network,
 * read what came, answer.  It is killed when it takes too long.
 */
#ifndef OIDC_FETCH_TASK_H
#define OIDC_FETCH_TASK_H

#include "lib/fetchjob.h"
#include "lib/sandbox.h"

struct task_setup {
	bool person;	   /* a program of a person started us: fetchjob.h */
	const char *ca;	   /* file of certificates */
	const char *proxy; /* "" = none */
	const struct sandbox_rule *rules;
};

/* In a process of its own.  fd: gets one frame, a struct fetch_answer. */
MUST enum err task_run(const struct task_setup *s, const struct fetch_ask *ask, int fd);

#endif
