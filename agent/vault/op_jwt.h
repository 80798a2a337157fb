/*
 * op_jwt.h - what the operations of issuers share.
 */
#ifndef AGENT_VAULT_OP_JWT_H
#define AGENT_VAULT_OP_JWT_H

#include "agent/vault/item.h"
#include "agent/vault/vault.h"

/* The key of this issuer with this purpose (oidc.h).  ERR_NOTFOUND. */
MUST enum err op_jwt_key(struct req *r, struct span issuer, const char *purpose, struct item *it);

#endif
