/*
 * infile.h - a text that somebody sent: a file, or "-" for standard input, read whole.
 */
#ifndef CLI_INFILE_H
#define CLI_INFILE_H

#include "cli/cli.h"

/* At most max bytes, appended to out.  ERR_NOTFOUND, ERR_PERMISSION, ERR_UNSUPPORTED (a folder),
 * ERR_TOOBIG, ERR_IO; the detail is set. */
MUST enum err infile_read(struct cli *c, const char *path, size_t max, struct buf *out);

#endif
