/*
 * real.h - the pinentry that asks the person: started when it is needed, told all that gpg-agent
 * said before, and relayed to.
 */
#ifndef CLI_PINENTRY_REAL_H
#define CLI_PINENTRY_REAL_H

#include <sys/types.h>

#include "cli/pinentry/line.h"
#include "cli/pinentry/settings.h"

struct real {
	pid_t pid; /* 0: not started; -1: it is gone, and is not started again */
	int to, from;
	struct line in;
};

/* Its path: "pinentry" of ownkey.conf, else what gpg-agent.conf had named, else the first in PATH;
 * never this program.  ERR_NOPROGRAM. */
MUST enum err real_find(char *out, size_t cap);
/* ERR_NOPROGRAM, ERR_HANGUP: it ended at once.  args: our own, which are for it. */
MUST enum err real_start(struct real *r, const struct settings *s, char **args);
/*
 * One command: the line to it, its lines to `out` until OK or ERR, and what gpg-agent answers to an
 * INQUIRE in between.  signals: a signalfd; what comes is passed on to it.  ERR_HANGUP: it ended;
 * ERR_CANCELLED: gpg-agent did.
 */
struct real_talk {
	struct line *in;
	int out;
	int signals;
};
MUST enum err real_command(struct real *r, const struct real_talk *t, struct span line);
void real_stop(struct real *r);

#endif
