/*
 * textblock.h - bytes as a block of text, to be posted, mailed and pasted:
 *
 *	-----BEGIN OWNKEY SUCCESSION-----
 *	base64 (RFC 4648 4) in lines of 64
 *	-----END OWNKEY SUCCESSION-----
 *
 * Whatever stands around it is for people and counts for nothing.  The reader takes CR, CRLF,
 * spaces around lines, empty lines and the ">" of quoted mail in its stride.
 */
#ifndef LIB_TEXTBLOCK_H
#define LIB_TEXTBLOCK_H

#include "lib/buf.h"

#define TEXTBLOCK_TEXT_MAX (1024 * 1024)

/* Append the block; kind is "SUCCESSION" and so on.  Errors stick in out. */
void textblock_write(const char *kind, struct span data, struct buf *out);
/*
 * Append to data what the block of this kind holds.  The same block twice is fine.
 * ERR_BLOCK_MISSING, ERR_BLOCK_MANY, ERR_FORMAT (no base64), ERR_TRUNCATED (no END line),
 * ERR_TOOBIG (more than max bytes inside, or a text above TEXTBLOCK_TEXT_MAX).
 */
MUST enum err textblock_read(const char *kind, struct span text, size_t max, struct buf *data);

#endif
