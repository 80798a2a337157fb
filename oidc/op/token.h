/*
 * token.h - the token endpoint (RFC 6749 4.1.3, 6; OpenID Connect Core 3.1.3, 12).
 */
#ifndef OIDC_OP_TOKEN_H
#define OIDC_OP_TOKEN_H

#include "oidc/web/web.h"

/* POST; waits for the signature. */
void token_endpoint(struct web_request *q, struct web_response *a);

/* The same with a code of IndieAuth, for who only wants to know who it was (living standard 5.3.2):
 * POST to the authorization endpoint.  Answers JSON, errors as well. */
void token_profile(struct web_request *q, struct web_response *a);

#endif
