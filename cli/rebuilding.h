/*
 * rebuilding.h - an account is found again: its public keys in each generation and epoch are shown,
 * and the person says which they recognise.
 */
#ifndef CLI_REBUILDING_H
#define CLI_REBUILDING_H

#include "cli/cli.h"

#define REBUILDING_ROWS (OPS_REBUILD_GENERATIONS * OPS_REBUILD_EPOCHS)

struct rebuilding {
	struct cli *c;
	size_t accounts; /* taken so far */
	uint64_t top;	 /* newest generation among them */
};

/* All accounts of one service, until the person says none.  what: what an account of it is. */
MUST enum err rebuilding_service(struct rebuilding *r, const char *service, const char *what);

#endif
