/*
 * state.h - the state file of ownkey-softtoken.
 */
#ifndef SOFTTOKEN_STATE_H
#define SOFTTOKEN_STATE_H

#include "lib/buf.h"

/* Append what the file holds.  ERR_NOTFOUND, ERR_PERMISSION (others may read it), ERR_IO. */
MUST enum err soft_state_read(const char *path, struct buf *out);
/* Replace it; when this returns ERR_OK it will be there after a power loss. */
MUST enum err soft_state_write(const char *path, struct span state);

#endif
