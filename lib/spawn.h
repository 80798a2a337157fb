/*
 * spawn.h - start a helper with a clean environment and exactly the descriptors it is given.
 */
#ifndef LIB_SPAWN_H
#define LIB_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

struct spawn {
	const char *path;	 /* absolute */
	const char *const *argv; /* NULL-ended */
	const char *const *keep; /* names of environment variables kept; NULL-ended; may be NULL */
	const char *const *set;	 /* "NAME=value" added; NULL-ended; may be NULL */
	int fds[8];		 /* become 0, 1, 2, ... in the child; -1 = /dev/null */
	int nfds;
	bool outlives;	  /* the child is not killed when we end */
	bool new_session; /* setsid: no terminal signals (prompts keep theirs) */
};

/* fork and exec; the child gets default signal handlers, an empty mask, PDEATHSIG SIGKILL, closed
 * descriptors beyond nfds.  Reports a failed exec as ERR_NOPROGRAM. */
MUST enum err spawn_start(const struct spawn *s, pid_t *pid);
/* Kill (SIGKILL) and reap. */
void spawn_kill(pid_t pid);

#endif
