/*
 * public.h - the public rows of keys, which front keeps and shows while the vault is locked, and
 * what the ssh door lists (sshrows.h).
 */
#ifndef AGENT_VAULT_PUBLIC_H
#define AGENT_VAULT_PUBLIC_H

#include "agent/vault/vault.h"

/* After unlocking and after each change of a key.  The first 2,048 keys. */
void public_send(struct vault *v);

#endif
