/*
 * jose.h - a JWS in compact form (RFC 7515 7.1) with a JSON payload, read: its parts, and whether a
 * key made its signature.  The algorithm is that of the key, never the token's to choose.
 */
#ifndef OIDC_OP_JOSE_H
#define OIDC_OP_JOSE_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/span.h"

#define JOSE_SIG 512

struct jose {
	struct span signed_bytes; /* of the token, which stays the caller's */
	json_t *header, *payload; /* objects */
	uint8_t sig[JOSE_SIG];
	size_t nsig;
};

/* How long a token may be is the caller's to say.  jose_done also after false; *p starts empty. */
bool jose_take_apart(struct span token, struct jose *p);
void jose_done(struct jose *p);
/* By this key (RFC 7517): ES256, EdDSA, RS256, as its "alg" says. */
bool jose_is_signed(const struct jose *p, const json_t *jwk);
/* A text of an object, or nothing. */
struct span jose_text(const json_t *object, const char *name);

#endif
