/*
 * tty.h - the question put on a terminal by ourselves, where there is no pinentry.
 */
#ifndef PROMPT_TTY_H
#define PROMPT_TTY_H

#include <termios.h>

#include "agent/prompt/watch.h"
#include "lib/job.h"
#include "lib/sec.h"

struct tty {
	int fd;		    /* owned; -1 = none */
	struct termios old; /* as we found it */
};

/* Open the terminal at path: a character device, a terminal, ours, not by way of a link.
 * ERR_NOPROMPT when it is anything else. */
MUST enum err tty_open(struct tty *t, struct span path);
/* Put its settings back, also after somebody else (a pinentry) was killed over it. */
void tty_restore(const struct tty *t);
void tty_close(struct tty *t);
/* Show the question, read the answer: a line that is not echoed, or y or n.  *answer: reserved by
 * the caller, appended to; its capacity is the longest line (ERR_TOOBIG).  ERR_CANCELLED (Ctrl-C,
 * Ctrl-D, hang-up), ERR_REFUSED, ERR_TIMEOUT. */
MUST enum err tty_ask(
    struct tty *t, const struct prompt_job *job, const struct watch *watch, struct sec *answer);

#endif
