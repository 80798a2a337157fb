/*
 * moving.h - the child that speaks to another Secret Service (lib/move.h): ownkey-secrets, because
 * `ownkey` itself is linked with no library of the bus.
 */
#ifndef CLI_MOVING_H
#define CLI_MOVING_H

#include <sys/types.h>

#include "cli/cli.h"
#include "lib/move.h"

struct moving {
	struct cli *c;
	pid_t pid;
	int fd;
	struct buf frame;  /* the last message; wiped */
	char program[128]; /* that answers there */
};

/* ERR_NOPROGRAM, ERR_LIMIT. */
MUST enum err moving_start(struct moving *m, struct cli *c, bool out);
void moving_done(struct moving *m);
/* Until it says who answers there; m->program is known then. */
MUST enum err moving_greet(struct moving *m);
/* The next message; what is for the person (SAY) has been said.  msg borrows from m.
 * END comes as its error, with the detail set; ERR_CANCELLED. */
MUST enum err moving_next(struct moving *m, struct move_msg *msg);

#endif
