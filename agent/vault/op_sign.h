/*
 * op_sign.h - what the kinds of signatures share.
 */
#ifndef AGENT_VAULT_OP_SIGN_H
#define AGENT_VAULT_OP_SIGN_H

#include "agent/vault/item.h"
#include "agent/vault/vault.h"

/* Is its key in use, and for signatures of this type (enum ops_sign_type)?  ERR_DENIED. */
MUST enum err op_sign_may(const struct item *it, uint64_t type);
/* op_sign_ssh.c: SSHSIG, ssh-userauth, by keys of the vault and by added ones. */
MUST enum err op_sign_ssh(struct req *r);
/* Does the label name a key that it signs by: also one that was added, or a certificate? */
bool op_sign_ssh_knows(struct req *r);

#endif
