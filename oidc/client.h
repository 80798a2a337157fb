/*
 * client.h - making a client of what the command line says; `client add` and `setup` share it.
 */
#ifndef OIDC_CLIENT_H
#define OIDC_CLIENT_H

#include "oidc/admin.h"
#include "oidc/db/handle.h"

#define CLIENT_ID_TEXT 32

/* Texts of a client that are made here; the row borrows from them. */
struct client_made {
	struct buf redirects, logouts, scopes;
	char id[CLIENT_ID_TEXT];
	char secret[HANDLE_TEXT]; /* "" = it has none */
};

/* As operand and options say; in the store, committed.  The caller ends *m also after an error,
 * tells about it, and puts it on the vault's list (admin_allow_client).  The detail is set. */
MUST enum err client_make(struct oidc_cmd *c, struct db_client *x, struct client_made *m);
void client_made_done(struct client_made *m);

#endif
