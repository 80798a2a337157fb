/*
 * pkce.h - Proof Key for Code Exchange (RFC 7636), S256 only.
 */
#ifndef OIDC_OP_PKCE_H
#define OIDC_OP_PKCE_H

#include "lib/span.h"

/* code_challenge of method S256: 43 characters of base64url, which are 32 bytes. */
bool pkce_is_challenge(struct span s);
/* code_verifier: 43 to 128 unreserved characters (RFC 7636 4.1). */
bool pkce_is_verifier(struct span s);
/* BASE64URL(SHA256(verifier)) is the challenge; constant time. */
bool pkce_fits(struct span challenge, struct span verifier);

#endif
