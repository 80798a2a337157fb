/*
 * session.h - one open session: a process of the person's that waits for its end, and locks when it
 * was the last.
 */
#ifndef PAM_HANDOFF_SESSION_H
#define PAM_HANDOFF_SESSION_H

#include "pam/handoff/hold.h"

struct session {
	struct hold hold;
	int count;
};

/* Started as root, it is the person afterwards.  ERR_BECOME, ERR_HANGUP, errors of count.h. */
MUST enum err session_begin(
    const struct handoff_ask *a, struct session *s, char name[HANDOFF_NAME_MAX]);
/* Until it ends.  Then s->hold.to is who waits for the answer, -1 = nobody. */
void session_wait(struct session *s);
/* It has ended.  ERR_OK too when others are open: the vault stays as it is. */
MUST enum err session_end(struct session *s);
/* Lock, unless one is open. */
MUST enum err session_lock(const struct handoff_ask *a);

#endif
