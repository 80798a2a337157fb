/*
 * jwt.h - header and payload of a token as the vault prints them (RFC 7515 3.1, RFC 7519): what is
 * signed never comes from anybody else.  Pure.
 *
 * JSON as RFC 8259: texts must be UTF-8; quotes, backslashes, controls and DEL are escaped, and
 * "<", ">" and "&", so that no payload ends a script in which somebody shows it.  No floats and
 * no null.
 */
#ifndef LIB_JWT_H
#define LIB_JWT_H

#include "lib/jwt_claims.h"

struct jwt_fields {
	enum jwt_alg alg;
	enum jwt_typ typ;
	struct span kid;
	struct span issuer, subject, audience;
	uint64_t issued, expires; /* unix seconds */
	struct wire_list claims;  /* struct ops_jwt_claim */
};

/* Seconds that a token of this type may live. */
uint64_t jwt_lifetime(enum jwt_typ typ);
/* "JWT", "at+jwt", "logout+jwt" */
const char *jwt_typ_name(enum jwt_typ typ);

/* Append the JWS signing input: base64url(header) "." base64url(payload).  ERR_JWT_CLAIM (lib/
 * jwt_claims.h; also: a logout token without events), ERR_TEXT (no UTF-8), ERR_TOOBIG. */
MUST enum err jwt_put(const struct jwt_fields *f, struct buf *out);
/* The same before base64url. */
MUST enum err jwt_put_header(const struct jwt_fields *f, struct buf *out);
MUST enum err jwt_put_payload(const struct jwt_fields *f, struct buf *out);

#endif
