/*
 * jwtkeys.h - the public keys of issuers (format oidc): which sign, which will, which did.
 *
 * The epoch in use is current.  The next one is known before it is needed (of the newest seed; RSA:
 * in the item, oidc.h), so that it is published long before it signs.  A retired one is shown until
 * what it signed has ended, a revoked one not at all.  Old RSA keys are gone; their public half
 * stays in an attribute "ownkey.jwk.EPOCH" of the item.
 */
#ifndef AGENT_VAULT_JWTKEYS_H
#define AGENT_VAULT_JWTKEYS_H

#include "agent/vault/item.h"
#include "agent/vault/vault.h"

#define JWTKEYS_SLACK 300 /* seconds that clocks of others may differ */
#define JWTKEYS_OLD   8	  /* RSA keys whose public half is kept */

/* Does this key sign tokens? */
bool jwtkeys_is(const struct item *it);
/* Its rows (lib/jwt_rows.h), appended. */
MUST enum err jwtkeys_put(struct vault *v, const struct item *it, uint64_t now, struct buf *rows);
/* All of the open vault, to front. */
void jwtkeys_send(struct vault *v);

/* An RSA key is about to be replaced: keep the public half of the one in use, in it->attributes,
 * which borrows from *o until it was encoded. */
struct jwtkeys_old {
	struct item_attr v[ITEM_ATTRS];
	struct buf mem;
};
MUST enum err jwtkeys_keep_old(struct vault *v, struct item *it, struct jwtkeys_old *o);
void jwtkeys_old_done(struct jwtkeys_old *o);

#endif
