/*
 * restoring.h - what `restore` and `backup verify` share: a backup is opened by the agent, and
 * compared with the vault that is open.
 */
#ifndef CLI_RESTORING_H
#define CLI_RESTORING_H

#include "cli/cli.h"

struct restoring {
	struct ops_restore_open_rep head; /* spans are void */
	uint64_t same, differ, backup_only, here_only, newer;
};

/* The file, for reading.  ERR_NOTFOUND, ERR_PERMISSION, ERR_IO; c->detail has its name. */
MUST enum err restoring_file(struct cli *c, const char *path, int *fd);
/* c->file goes to the agent; says what stands in it, on stderr. */
MUST enum err restoring_open(struct cli *c, struct restoring *r, bool live_key);
/* All pages; what differs goes to stdout, a line each, unless quiet. */
MUST enum err restoring_compare(struct cli *c, struct restoring *r, bool quiet);
MUST enum err restoring_close(
    struct cli *c, const struct restoring *r, struct ops_restore_close_rep *rep);

#endif
