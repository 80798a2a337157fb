/*
 * metadata.h - what the provider says about itself: OpenID Connect Discovery 1.0, RFC 8414, and its
 * public keys (RFC 7517).  Printed once, and again when keys changed.
 */
#ifndef OIDC_OP_METADATA_H
#define OIDC_OP_METADATA_H

#include "oidc/oidc.h"
#include "oidc/web/web.h"

MUST enum err metadata_new(struct metadata **out);
void metadata_done(struct metadata *m);

/* Paths below the issuer's: rows of routes.c and members of the metadata. */
#define PATH_AUTHORIZE	"/authorize"
#define PATH_TOKEN	"/token"
#define PATH_USERINFO	"/userinfo"
#define PATH_INTROSPECT "/introspect"
#define PATH_REVOKE	"/revoke"
#define PATH_LOGOUT	"/logout"
#define PATH_JWKS	"/jwks.json"
#define PATH_LOGO	"/authorize/logo"
#define PATH_PEOPLE	"/people/"

/* handlers */
void metadata_document(struct web_request *q, struct web_response *a);
void metadata_jwks(struct web_request *q, struct web_response *a);

#endif
