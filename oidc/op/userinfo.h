/*
 * userinfo.h - UserInfo (OpenID Connect Core 5.3), introspection (RFC 7662), revocation (RFC 7009):
 * what an issued token says, to whom, and its end.
 */
#ifndef OIDC_OP_USERINFO_H
#define OIDC_OP_USERINFO_H

#include "oidc/web/web.h"

/* GET, POST: with an access token in the Authorization header (RFC 6750 2.1), or in the form of a
 * POST (2.2); one in the URL is refused. */
void userinfo_endpoint(struct web_request *q, struct web_response *a);
/* POST, by clients with a secret: about tokens of their own, and by resource servers about those
 * meant for them.  All else is {"active":false}. */
void introspect_endpoint(struct web_request *q, struct web_response *a);
/* POST: the client's own token; a refresh token with all that came of its code.  200 whatever
 * comes (RFC 7009 2.2). */
void revoke_endpoint(struct web_request *q, struct web_response *a);

#endif
