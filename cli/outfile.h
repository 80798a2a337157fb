/*
 * outfile.h - a new file that is there whole or not at all: written beside its name, synced, given
 * its name, and the folder synced too.  For its owner alone (0600).
 */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <limits.h>

#include "lib/buf.h"

struct outfile {
	int fd; /* -1: not open */
	int dir;
	char name[NAME_MAX + 1]; /* the last part of its path */
	char part[NAME_MAX + 1]; /* its name while it is written; "": it has none */
	bool replace;
};

#define OUTFILE_NONE ((struct outfile){ .fd = -1, .dir = -1 })

/* ERR_EXISTS (unless replace), ERR_NOTFOUND (the folder), ERR_PERMISSION, ERR_NOSPACE, ERR_RANGE
 * (no file name), ERR_BUSY (somebody writes it now), ERR_IO. */
MUST enum err outfile_open(struct outfile *f, const char *path, bool replace);
MUST enum err outfile_write(struct outfile *f, struct span s);
/* It is there, for good.  After an error it is not; one that replaces may be, when it is not sure
 * that it would stay. */
MUST enum err outfile_commit(struct outfile *f);
/* Forget what was written, if it was not committed; close.  Harmless when done already. */
void outfile_done(struct outfile *f);

#endif
