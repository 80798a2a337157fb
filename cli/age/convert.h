/*
 * convert.h - lines for people: identities of other plugins become ours, so that age starts this
 * plugin for them and theirs stays what it was.
 */
#ifndef CLI_AGE_CONVERT_H
#define CLI_AGE_CONVERT_H

#include "lib/buf.h"

#define CONVERT_MAX 65536 /* of a file of identities */

/* Lines of a file of identities: comments stay, identities are wrapped, recipients (age1...) become
 * age1ownkey1...  ERR_AGE_IDENTITY with *line, from 1; ERR_VERSION; ERR_UNSUPPORTED: a secret key,
 * which belongs into the vault. */
MUST enum err convert_text(struct span text, struct buf *out, size_t *line);
/* "-" is standard input.  ERR_NOTFOUND, ERR_PERMISSION, ERR_TOOBIG, and those above. */
MUST enum err convert_file(const char *path, struct buf *out, size_t *line);

#endif
