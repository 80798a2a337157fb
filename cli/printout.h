/*
 * printout.h - where a page with secrets may go: to a pipe, to a file that exists in memory only
 * (tmpfs, ramfs), or, text with --show, to a terminal.  Never to a disk, where nothing is ever
 * really deleted.
 */
#ifndef CLI_PRINTOUT_H
#define CLI_PRINTOUT_H

#include "lib/err.h"
#include "lib/span.h"

enum printout_form { PRINTOUT_PDF, PRINTOUT_TEXT };
enum printout_place { PRINTOUT_PIPE, PRINTOUT_MEMORY, PRINTOUT_TERMINAL };

struct printout {
	int fd;
	enum printout_place place; /* a pipe gets text for ink, a terminal for its own kind */
	const char *path;	   /* of a file that we made, borrowed; else NULL */
	int dir;		   /* its directory */
};

/*
 * path: a file to be made (0600, it must not exist), NULL or "-" for standard output.  Ask for it
 * before the secrets are there.  On any error nothing was made.
 * ERR_PRINTOUT_DISK (also what is neither pipe nor terminal), ERR_PRINTOUT_OTHERS (a file behind
 * standard output that others may read, or that is not empty), ERR_PRINTOUT_BINARY (PDF on a
 * terminal), ERR_PRINTOUT_SHOW (a terminal without show), ERR_EXISTS, ERR_NOTFOUND, ERR_IO.
 */
MUST enum err printout_open(
    struct printout *o, const char *path, enum printout_form form, bool show);
/* The page; closes what was opened, in any case, and says on standard error what to do about
 * printers that keep jobs, or about the file.  ERR_IO, ERR_NOSPACE: our file is gone again. */
MUST enum err printout_put(struct printout *o, struct span page);
/* Give up: closes, and removes our file. */
void printout_drop(struct printout *o);

#endif
