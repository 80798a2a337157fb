/*
 * clientauth.h - which client calls (RFC 6749 2.3.1, OpenID Connect Core 9): by the one way it is
 * registered for, and by no second one beside it.
 */
#ifndef OIDC_OP_CLIENTAUTH_H
#define OIDC_OP_CLIENTAUTH_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

/* client: db_row_done ends it whatever comes.  ERR_FORMAT: the answer says so already
 * (invalid_client 401, invalid_request 400; RFC 6749 5.2); who is not known takes as long as who
 * has a wrong secret.  Else what db.h says. */
MUST enum err clientauth(struct web_request *q, struct web_response *a, struct db_client *client);

#endif
