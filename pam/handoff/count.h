/*
 * count.h - how many sessions a person has open.
 *
 * Each is a shared lock of a process that stays on one file of the person: the kernel counts, and
 * forgets who has died.  Root's are in HANDOFF_SESSIONS, where nobody else can lock them.
 */
#ifndef PAM_HANDOFF_COUNT_H
#define PAM_HANDOFF_COUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

#define COUNT_FOLDER "/run/ownkey-sessions"

/* As root, before becoming the person. */
MUST enum err count_open_root(uid_t uid, int *fd);
/* As the person: where their sockets are. */
MUST enum err count_open_own(int *fd);
/* One more.  Waits while the last one before it is being ended. */
MUST enum err count_enter(int fd);
/* One less, and was it the last?  Then nobody enters until fd is closed. */
bool count_leave(int fd);

#endif
