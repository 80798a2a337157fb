/*
 * authorize.h - the authorization endpoint (OpenID Connect Core 3.1.2) and what goes on from it
 * after a login or a consent.
 */
#ifndef OIDC_OP_AUTHORIZE_H
#define OIDC_OP_AUTHORIZE_H

#include "oidc/web/web.h"

/* GET, POST; waits. */
void authorize_endpoint(struct web_request *q, struct web_response *a);
/* GET: on from where it waited; POST: what the person said on the consent page.  Waits. */
void authorize_continue(struct web_request *q, struct web_response *a);

#endif
