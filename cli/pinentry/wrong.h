/*
 * wrong.h - passphrases of the vault that gpg-agent found to be wrong: remembered in the state
 * folder until the secret is changed, so that no wrong one is given twice.  No secret is in there:
 * a keygrip is a hash of a public key.
 */
#ifndef CLI_PINENTRY_WRONG_H
#define CLI_PINENTRY_WRONG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/* It was given: the secret as it was changed at this time. */
MUST enum err wrong_given(const char *keygrip, uint64_t mtime);
/* What was given last was wrong; nothing when nothing was. */
MUST enum err wrong_was(const char *keygrip);
/* Was this one wrong? */
bool wrong_is(const char *keygrip, uint64_t mtime);

#endif
