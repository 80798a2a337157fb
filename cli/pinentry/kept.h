/*
 * kept.h - the passphrase of a key from the vault: the secret called gpg/KEYGRIP.
 */
#ifndef CLI_PINENTRY_KEPT_H
#define CLI_PINENTRY_KEPT_H

#include "cli/pinentry/settings.h"
#include "lib/sec.h"

#define KEPT_MAX 1024 /* gpg-agent itself takes at most 255 bytes */

/* Ask the agent, which is started, unlocks and asks the person as its policy says; cancel: readable
 * when gpg-agent wants to stop.  out: reserved by the caller.  ERR_NOTFOUND: there is none, or it
 * was wrong before.  ERR_REFUSED: the person said no. */
MUST enum err kept_get(const struct settings *s, int cancel, struct sec *out);

#endif
