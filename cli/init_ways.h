/*
 * init_ways.h - the ways into a vault that is about to be made, as `init` and `restore` ask for
 * them.
 */
#ifndef CLI_INIT_WAYS_H
#define CLI_INIT_WAYS_H

#include "cli/cli.h"

#define INIT_WAYS_NAME 128

/* What was found and decided; q borrows from the rest. */
struct init_ways {
	struct ops_init q;
	char path[256];
	char label[INIT_WAYS_NAME];
	bool try_instead;
};

/* From the command line.  ERR_USAGE. */
MUST enum err init_ways_options(struct cli *c, struct init_ways *w);
/* Look, and ask the person.  Errors of tokens and of the terminal. */
MUST enum err init_ways_choose(struct cli *c, struct init_ways *w);

#endif
