/*
 * file.h - one file of the person's, read as them.
 */
#ifndef PAM_HANDOFF_FILE_H
#define PAM_HANDOFF_FILE_H

#include "lib/buf.h"

/* Appends it to *out.  A plain file of ours or root's that nobody else may write, no link at its
 * end; ERR_TOOBIG beyond most, or, with part, only that much.  ERR_NOTFOUND, ERR_PERMISSION. */
MUST enum err file_read(const char *path, size_t most, bool part, struct buf *out);

#endif
