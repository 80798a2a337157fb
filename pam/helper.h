/*
 * helper.h - a helper program of ours, started from somebody else's process.
 *
 * The process may have threads, closed descriptors 0 to 2, small stacks, real and effective ids
 * that differ, its own ideas of SIGCHLD: nothing of it is changed.  The helper gets an empty
 * environment, descriptor 0 = stream socket to us, 1 and 2 = /dev/null, no other, default signals,
 * and our effective ids as all of its ids.  Every wait ends at `until` (helper_clock).
 */
#ifndef PAM_HELPER_H
#define PAM_HELPER_H

#include <sys/types.h>

#include "lib/err.h"
#include "lib/span.h"

/* Where the helpers are, absolute and fixed when ownkey is built (pam/where.c).  Tests are linked
 * with another. */
const char *where_libexec(void);

struct helper {
	pid_t pid;
	int pidfd;
	int fd;	       /* our end, never 0 to 2 */
	uint8_t *page; /* what was read: locked memory, wiped at the end */
	size_t max;
	size_t have;  /* bytes read */
	size_t taken; /* of them the frame that was returned last */
};
#define HELPER_NONE                              \
	{                                        \
		.pid = -1, .pidfd = -1, .fd = -1 \
	}

/* Milliseconds that no clock change moves. */
int64_t helper_clock(void);

/* name: "ownkey-token".  max: largest frame from it.  ERR_NOPROGRAM, ERR_NOMEM, ERR_LIMIT. */
MUST enum err helper_start(const char *name, size_t max, struct helper *h);
/* ERR_HANGUP: it is gone.  ERR_TIMEOUT. */
MUST enum err helper_send(struct helper *h, struct span frame, int64_t until);
/* The next frame, in place until the next call.  ERR_HANGUP, ERR_TIMEOUT, ERR_TOOBIG. */
MUST enum err helper_recv(struct helper *h, int64_t until, struct span *frame);
/* The same of whichever speaks first; *which is set for ERR_HANGUP and ERR_TOOBIG, too.  Those with
 * fd -1 are passed over; ERR_NOTFOUND when all are. */
MUST enum err helper_recv_any(
    struct helper *h, size_t n, int64_t until, size_t *which, struct span *frame);
/* Kill, reap, wipe, close.  Harmless on HELPER_NONE and twice. */
void helper_end(struct helper *h);

#endif
