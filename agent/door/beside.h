/*
 * beside.h - other files of the same vault: what programs that synchronise folders put beside it
 * when both sides were changed, the file before, this machine's own copy (DESIGN 6).
 *
 * Front only knows the names; whether such a file is a copy of the vault, the vault decides.
 */
#ifndef AGENT_DOOR_BESIDE_H
#define AGENT_DOOR_BESIDE_H

#include "agent/door/file.h"

/* Is this the name that such a program gives to another version of the file called vault? */
bool beside_is_conflict(const char *vault, const char *name);
/* The same, or vault.prev, or one that the person set down there to be merged ("vault.merge-1"). */
bool beside_is_named(const char *vault, const char *name);

/*
 * FILE_BESIDE (link.h).  r->name: which one it was, valid until the next call.  ERR_NOTFOUND: there
 * is none at this place, or of this name.  ERR_LIMIT: there are more than FILE_BESIDE_MOST.
 * ERR_TOOBIG, ERR_FORMAT (no plain file), errors of files.
 */
MUST enum err beside_read(
    struct file *f, const struct file_request *q, struct file_reply *r, struct buf *out);

#endif
