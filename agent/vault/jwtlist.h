/*
 * jwtlist.h - the audiences and accounts that an issuer may make tokens for: what a provider that
 * was taken over cannot go beyond (ops_jwt.h).
 *
 * One small item each (ITEM_JWT), found by its label, so that a list of ten thousand costs a
 * signature nothing; backups and merging need not know of it.
 *	label		ISSUER " audience " NAME, or ISSUER " account " NAME
 *	attributes	"sector", "public" ("1"), "note"
 * What merging kept as a conflict does not count.
 */
#ifndef AGENT_VAULT_JWTLIST_H
#define AGENT_VAULT_JWTLIST_H

#include "agent/vault/item.h"
#include "agent/vault/vault.h"

/* Append the label. */
void jwtlist_label(struct span issuer, uint64_t kind, struct span name, struct buf *out);
/* ERR_JWT_AUDIENCE, ERR_JWT_ACCOUNT: it is not on the list. */
MUST enum err jwtlist_find(
    const struct vault *v, struct span issuer, uint64_t kind, struct span name, struct item *it);
/* What an item says; borrowed.  false: of another issuer, or does not count. */
bool jwtlist_read(
    const struct vault *v, struct span issuer, const struct item *it, struct ops_jwt_name *out);

#endif
