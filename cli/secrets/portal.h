/*
 * portal.h - org.freedesktop.impl.portal.Secret: the secret that an application in a sandbox seals
 * its own keyring with.
 *
 * RetrieveSecret waits, without a limit of time, until the vault is open; the secret goes into the
 * descriptor that came with the call, and nowhere else.
 */
#ifndef CLI_SECRETS_PORTAL_H
#define CLI_SECRETS_PORTAL_H

#include "cli/secrets/secrets.h"

#define PORTAL_PATH  "/org/freedesktop/portal/desktop"
#define PORTAL_IFACE "org.freedesktop.impl.portal.Secret"
#define PORTAL_VALUE 4096 /* an imported one is no longer */

extern const sd_bus_vtable portal_vtable[];
void portal_peer_gone(struct secrets *s, const struct peer *peer);
void portal_clear(struct secrets *s);

#endif
