/*
 * helper.h - git's three operations, done with secrets of the vault.
 *
 * One password is one secret: its name is made by message_label with "git", and what it is for
 * stands in its attributes: kind=git, protocol, host, path (where git says it), username, and
 * expires, rejected (unix seconds).  A refresh token is a secret of its own, "git-refresh/...".
 */
#ifndef CLI_GIT_HELPER_H
#define CLI_GIT_HELPER_H

#include "cli/git/message.h"
#include "lib/client.h"

/* The answer, appended; nothing when there is no password for this.  ERR_LOCKED and the like: it
 * could not be looked for. */
MUST enum err helper_get(struct client_conn *c, const struct message *m, struct buf *out);
/* It was right: kept, if it is new. */
MUST enum err helper_store(struct client_conn *c, const struct message *m);
/* It was wrong: not given out again, if it is the one that is kept.  Nothing is removed, since that
 * needs the person (DESIGN 9). */
MUST enum err helper_erase(struct client_conn *c, const struct message *m);

#endif
