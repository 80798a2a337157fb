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

/*
 * op_sign_login.c: signatures that log somebody in (lib/sshlogin.h).  They are SSHSIG in a
 * namespace of their own; the person is shown what for, each time, whatever the policy of the key.
 */
bool op_sign_is_login(const struct ops_sign *in);
/* ERR_SIGN_LOGIN: it does not say what for, or what is signed is something else. */
MUST enum err op_sign_login_check(const struct ops_sign *in);
/* For the prompt, in lines; and for a touch, in one. */
void op_sign_login_put(const struct ops_sign *in, struct buf *text);
void op_sign_login_touch(const struct ops_sign *in, struct buf *text);

#endif
