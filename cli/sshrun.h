/*
 * sshrun.h - the person's own ssh, with their configuration: what it says is shown line by line,
 * with the name of the machine before it and without control characters.
 */
#ifndef CLI_SSHRUN_H
#define CLI_SSHRUN_H

#include <sys/types.h>

#include "lib/buf.h"

#define SSHRUN_ARGS 48

struct sshrun {
	const char *argv[SSHRUN_ARGS]; /* NULL-ended */
	size_t n;
	const char *host;
	pid_t pid, relay; /* 0 = none */
	bool ended;
	int status; /* exit status; 128 + signal */
};

/* "ssh", the options (each becomes -o OPTION); ERR_TOOBIG. */
MUST enum err sshrun_begin(
    struct sshrun *r, const char *host, const char *const *options, size_t n);
MUST enum err sshrun_arg(struct sshrun *r, const char *arg);
/* The host, the command (a script for sh, without single quotes; out: at least as long and 32), run
 * to its end; what it printed.  ERR_NOPROGRAM, ERR_CANCELLED. */
MUST enum err sshrun_ask(struct sshrun *r, const char *script, int cancel, struct buf *out);
/* The same in the background; what it prints is shown. */
MUST enum err sshrun_start(struct sshrun *r, const char *script);
/* Has it ended?  Then status is set. */
bool sshrun_ended(struct sshrun *r);
/* End it, if it runs; everything has been shown afterwards. */
void sshrun_end(struct sshrun *r);

#endif
