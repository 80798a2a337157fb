/*
 * upgrade.h - what the use of a way in writes down: that it was used, and, if its wrap was made
 * without it (deferred), a fresh one under a new salt (DESIGN 4).  Only after the body has opened
 * and the line check has passed.  When it was the phrase, its card is no longer owed.
 */
#ifndef AGENT_VAULT_UPGRADE_H
#define AGENT_VAULT_UPGRADE_H

#include "agent/vault/delta.h"
#include "agent/vault/way.h"

MUST enum err upgrade_slot(struct job *j, const struct way_got *got);
/* last_used / last_verified of slot i become now (one record). */
MUST enum err upgrade_note(struct job *j, int slot, bool verified);

/* The phrase or shares of it were typed: nothing is owed any more (defaults.owed). */
void upgrade_settle(struct delta *d, const struct body *b);

#endif
