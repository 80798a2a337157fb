/*
 * pamssh.h - lines of the administrator's map for keys of an ssh agent (pam_ownkey(8), FROM AN SSH
 * AGENT), made from public lines as ssh-keygen and `ssh-add -L` write them.
 */
#ifndef CLI_PAMSSH_H
#define CLI_PAMSSH_H

#include "lib/buf.h"

/* One public line, without '\n'; its line for that user, with '\n', is appended: keys on tokens
 * want a touch.  ERR_SSHKEY_KIND (certificates are none), ERR_SSHKEY_FORMAT: nothing was. */
MUST enum err pamssh_put(struct span line, const char *user, struct buf *out);

#endif
