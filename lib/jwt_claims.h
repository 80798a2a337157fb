/*
 * jwt_claims.h - which claims a token may have, by its type, and how their values are written.
 *
 * iss, sub, aud, iat, exp and nbf are not here: the vault makes those it wants itself.  Neither is
 * anything whose value is an object that somebody else could shape (cnf, act, address).
 */
#ifndef LIB_JWT_CLAIMS_H
#define LIB_JWT_CLAIMS_H

#include "lib/ops_jwt.h"

enum jwt_value {
	JWT_TEXT,
	JWT_NUMBER, /* whole, not negative */
	JWT_TRUTH,
	JWT_TEXT_LIST,
	JWT_EVENTS /* an object with one empty object for each text (Back-Channel Logout 2.4) */
};

struct jwt_claim {
	const char *name;
	enum jwt_value value;
	unsigned typs; /* bits 1 << enum jwt_typ */
	const char *help;
};

extern const struct jwt_claim jwt_claims[];
extern const size_t njwt_claims;
/* NULL when there is none. */
const struct jwt_claim *jwt_claim_find(struct span name);

#endif
