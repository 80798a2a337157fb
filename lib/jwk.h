/*
 * jwk.h - public keys as JSON Web Keys (RFC 7517, RFC 7518 6, RFC 8037), and their thumbprints
 * (RFC 7638), which are the `kid` of our tokens.  Nothing here is secret.
 */
#ifndef LIB_JWK_H
#define LIB_JWK_H

#include "lib/ops_jwt.h"
#include "lib/span.h"

#define JWK_KID 43 /* characters of base64url */

/* What a key is: ES256 the 65 bytes 04 || x || y, EdDSA the 32 bytes of Ed25519; RS256 n and e,
 * big-endian, without leading zeros. */
struct jwk {
	enum jwt_alg alg;
	struct span point;
	struct span n, e;
};

/* "ES256", "EdDSA", "RS256" */
const char *jwk_alg_name(enum jwt_alg alg);
/* kid as text, without NUL.  ERR_RANGE: not such a key. */
MUST enum err jwk_kid(const struct jwk *k, char kid[JWK_KID]);
/* Append the public key: its members, then use, alg and kid.  ERR_RANGE. */
MUST enum err jwk_put(const struct jwk *k, struct buf *out);

#endif
