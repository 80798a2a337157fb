/*
 * work.h - what each entry point begins with: its options, the person, their rows.
 */
#ifndef PAM_WORK_H
#define PAM_WORK_H

#include <security/pam_modules.h>

#include "lib/handoff.h"
#include "pam/login.h"

/* Of one call; on the heap, because a thread of the host may have a small stack. */
struct work {
	pam_handle_t *pamh;
	struct options options;
	struct person person;
	struct map map;
	struct say say;
	char host[256];
	char agent[HANDOFF_PATH_MAX + 1]; /* SSH_AUTH_SOCK, for from-agent; "": none */
	const char *service;
};

/* What went wrong is in the system's log, with the reason.  Given back by work_end in any case. */
MUST enum err work_begin(
    pam_handle_t *pamh, int flags, int argc, const char **argv, struct work **out);
MUST enum err work_map(struct work *w);
void work_end(struct work *w);

/* PAM's number, and a line in the log for what is no success. */
int work_code(pam_handle_t *pamh, const char *what, enum err e);

/* The factor between authentication and session: pam's data, wiped at its end.  It is for the
 * session of that person only: sudo and doas authenticate the caller, then name the target. */
MUST enum err work_keep(struct work *w, struct kept *k);
/* NULL: none of this person's. */
const struct factor *work_kept(const struct work *w);
void work_forget(const struct work *w);

/* The name of a session that counts (handoff_session), between its beginning and its end. */
MUST enum err work_keep_session(struct work *w, const char *name);
/* NULL: none. */
const char *work_session(const struct work *w);
void work_forget_session(const struct work *w);

#endif
