/*
 * kept.h - for which items the vault has given a value to which client since it was opened, and
 * for which others it would ask the person.
 *
 * Only the agent decides.  This is remembered so that Unlock([item]) need not make a client wait
 * for a prompt that has nothing to ask: gone at lock, and with the client.
 */
#ifndef CLI_SECRETS_KEPT_H
#define CLI_SECRETS_KEPT_H

#include "cli/secrets/secrets.h"

#define KEPT_MOST 4096 /* of a peer; the oldest goes */

bool kept_has(const struct secrets *s, const struct peer *p, const uint8_t id[16]);
/* False: the person would be asked about it before this client has its value (or would not, it is
 * denied).  The item is locked for it then, so that it unlocks first: in a prompt it may wait as
 * long as it takes, in GetSecret it gives up after 25 s. */
bool kept_may(const struct secrets *s, const struct peer *p, const struct entry *e);
/* What cannot be remembered is asked again. */
void kept_add(struct secrets *s, const struct peer *p, const uint8_t id[16]);
void kept_peer_gone(struct secrets *s, const struct peer *p);
void kept_clear(struct secrets *s);

#endif
