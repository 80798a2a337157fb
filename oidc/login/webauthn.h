/*
 * webauthn.h - registration and authentication ceremonies of WebAuthn Level 3, the relying party's
 * side (7.1, 7.2): each step of the specification is a check here, and has a test that fails
 * without it.
 */
#ifndef OIDC_LOGIN_WEBAUTHN_H
#define OIDC_LOGIN_WEBAUTHN_H

#include "oidc/db/db.h"

#define WEBAUTHN_CHALLENGE  32
#define WEBAUTHN_JSON_MAX   4096
#define WEBAUTHN_OBJECT_MAX 16384

struct webauthn_expect {
	const char *origin;	  /* of the issuer: "https://id.example" */
	const char *rp_id;	  /* its host */
	const uint8_t *challenge; /* WEBAUTHN_CHALLENGE, ours, of this browser, taken already */
	bool uv;		  /* PIN or fingerprint is wanted */
};

/* Which step refused it, for logs and pages. */
struct webauthn_why {
	const char *text;
};

/* Registration: row gets id, key, aaguid, count, flags (DB_UV, DB_BE, DB_BS); spans point into
 * object.  ERR_FORMAT, *why says what; ERR_NOMEM. */
MUST enum err webauthn_register(const struct webauthn_expect *x, struct span client_data,
    struct span object, struct db_credential *row, struct webauthn_why *why);

struct webauthn_assertion {
	struct span id, client_data, authdata, signature, user_handle;
};
/* Authentication with the credential of this row (of the account whose id is user_handle, if there
 * is one): row gets the new count, DB_BS, DB_UV. */
MUST enum err webauthn_assert(const struct webauthn_expect *x, const struct webauthn_assertion *got,
    struct db_credential *row, struct webauthn_why *why);

#endif
