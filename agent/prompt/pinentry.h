/*
 * pinentry.h - asking through a pinentry program (GnuPG's, or whichever the person chose).
 */
#ifndef PROMPT_PINENTRY_H
#define PROMPT_PINENTRY_H

#include "agent/prompt/watch.h"
#include "lib/job.h"
#include "lib/sec.h"

#define PINENTRY_PATH 1024

/* Which program: want = a path, a name to be looked up in path (the value of PATH), or "" for
 * "pinentry".  ERR_NOTFOUND; also for "none". */
MUST enum err pinentry_find(struct span want, const char *path, char *out, size_t cap);
/* Start program, put the question, take it down again.  The tty of the job is named to it only
 * when has_tty: it opens that for writing.  *answer: reserved by the caller, appended to.
 * ERR_CANCELLED, ERR_REFUSED, ERR_TIMEOUT as the person, the clock or the vault decided;
 * ERR_NOPROMPT for a program that is unable to ask, or whose answer makes no sense. */
MUST enum err pinentry_ask(const char *program, const struct prompt_job *job, bool has_tty,
    const struct watch *watch, struct sec *answer);

#endif
