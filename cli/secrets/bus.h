/*
 * bus.h - the connection to the session bus: objects, names, and when it is not listened to.
 *
 * While the store is reading what an open vault holds, calls stay in the queue: a client that asks
 * in that moment gets its answer a little later, instead of "locked".
 */
#ifndef CLI_SECRETS_BUS_H
#define CLI_SECRETS_BUS_H

#include "cli/secrets/secrets.h"

/* Connect and export all objects; address NULL = the session's bus. */
MUST enum err bus_open(struct secrets *s, const char *address);
/* Take both names; replace: from whoever has them.  ERR_SECRETS_TAKEN. */
MUST enum err bus_take_names(struct secrets *s, bool replace);
/* Listen, or do not: by the state of the store. */
void bus_follow_state(struct secrets *s);
void bus_done(struct secrets *s);

#endif
