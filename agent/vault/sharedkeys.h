/*
 * sharedkeys.h - two machines may have announced one key of the phrase for two identities before
 * their copies were joined: merging cannot tell which was first, but a person should hear of it.
 */
#ifndef AGENT_VAULT_SHAREDKEYS_H
#define AGENT_VAULT_SHAREDKEYS_H

#include "agent/vault/mergenotes.h"

/* A sentence for each pair of succession logs that announce the same next key. */
void sharedkeys_say(const struct body *b, struct mergenotes *m);

#endif
