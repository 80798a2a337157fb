/*
 * whole.h - files that are read and replaced as a whole, so that there is always the old one or the
 * new one: a temporary file of its own, fsync, rename, fsync of the folder.
 */
#ifndef LIB_WHOLE_H
#define LIB_WHOLE_H

#include "lib/buf.h"

/* name in the folder dirfd, which the caller has open; tmp: a second name beside it, which only one
 * writer at a time uses. */
struct whole {
	int dirfd;
	const char *name;
	const char *tmp;
	unsigned mode; /* of what is put there; 0 is 0600 */
};

/* Append all of it to out, at most out->max bytes.  ERR_NOTFOUND: nothing is there.  ERR_FORMAT:
 * what is there is no regular file (links are not followed).  ERR_TOOBIG, ERR_PERMISSION,
 * ERR_IO. */
MUST enum err whole_read(const struct whole *w, struct buf *out);
/* Put s in its place.  ERR_NOSPACE, ERR_PERMISSION (also: the disk is read-only),
 * ERR_IO: the old one is still there.  ERR_VAULT_UNSURE: the new one is, and the disk does not
 * confirm that it will stay. */
MUST enum err whole_replace(const struct whole *w, struct span s);

#endif
