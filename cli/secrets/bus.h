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
/* All objects and filters on s->bus; negative errno. */
int bus_export(struct secrets *s);
/* Both names are taken when it is known whether the vault is open, and read if it is: until then
 * the bus keeps what clients ask, and nobody is told that an open one is locked.  Without an agent
 * to say so, after 1.5 s.  s->name_err: ERR_SECRETS_TAKEN; s->replace: from whoever has them. */
MUST enum err bus_expect_names(struct secrets *s);
/* Listen, or do not: by the state of the store. */
void bus_follow_state(struct secrets *s);
void bus_done(struct secrets *s);

#endif
