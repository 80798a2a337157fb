/*
 * vault.h - the vault of the demo: made, opened by a passphrase that nobody ever sees, with keys of
 * an issuer and a list for one account and one client.
 */
#ifndef OIDC_DEMO_VAULT_H
#define OIDC_DEMO_VAULT_H

#include "oidc/db/db.h"

/* By the agent that the environment names. */
MUST enum err demo_vault_make(
    const char *issuer, const uint8_t account[DB_ID], const char *client, const char *sector);

#endif
