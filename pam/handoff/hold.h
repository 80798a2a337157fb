/*
 * hold.h - what stays behind: a factor that outlives the process that authenticated (sshd), kept by
 * root until the session opens, for HANDOFF_HOLD_S seconds at most; and whoever sees a session end.
 */
#ifndef PAM_HANDOFF_HOLD_H
#define PAM_HANDOFF_HOLD_H

#include "lib/handoff.h"

/* Listen under a random name of the abstract namespace, which is put into name. */
MUST enum err hold_listen(char name[HANDOFF_NAME_MAX], int *fd);
/* In the child that stays: until somebody with our uid, or root, says `what` about this person;
 * they wait for an answer at `to`.  ERR_CANCELLED: they said drop it; ERR_TIMEOUT; ERR_HANGUP: the
 * host has ended, or we are told to. */
struct hold {
	int listener;
	int host;     /* pidfd; -1: its end is of no matter */
	int signal;   /* signalfd; -1 */
	int64_t ms;   /* -1: for ever */
	uint32_t uid; /* who asks must mean this person */
	uint32_t what;
	int to;
};
MUST enum err hold_wait(struct hold *h);
/* pidfd of who made the socket that is our descriptor 0. */
MUST enum err hold_host(int *fd);
/* Signals that end others are read from *fd. */
MUST enum err hold_signals(int *fd);

#endif
