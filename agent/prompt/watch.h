/*
 * watch.h - waiting for one descriptor while watching for the end: the vault hanging up (it cancels
 * so, and never writes after the job), a signal, the deadline.
 */
#ifndef PROMPT_WATCH_H
#define PROMPT_WATCH_H

#include <stdint.h>

#include "lib/err.h"

struct watch {
	int vault;
	int signals;	   /* signalfd of TERM, INT, HUP; -1 = none (tests) */
	uint64_t deadline; /* as loop_now */
};

/* Blocks those signals and makes the descriptor; ERR_IO. */
MUST enum err watch_signals(struct watch *w);
/* Until fd is ready for events (poll(2)) or at an end.  ERR_CANCELLED, ERR_TIMEOUT. */
MUST enum err watch_wait(const struct watch *w, int fd, short events);

#endif
