/*
 * oidc.h - the keys of an OpenID Connect provider (ops_jwt.h), besides what their row says.
 *
 * Private bytes of rs256: two RSA keys (sshkey.h, canonical) one behind the other, the one that
 * signs and the one that does after the next rotation, which is published already.  Its public
 * bytes: the ssh blob of the first.  The other keys are derived, and so are their next ones.
 */
#ifndef AGENT_FORMAT_OIDC_H
#define AGENT_FORMAT_OIDC_H

#include "agent/format/format.h"
#include "lib/jwk.h"

#define OIDC_RSA_BITS 2048
#define OIDC_SUBJECT  "subject" /* purpose of the key that subjects are computed with */
#define OIDC_SUB      32	/* characters of a subject */

/* "es256", "eddsa", "rs256" */
const char *oidc_purpose(enum jwt_alg alg);
/* false: a purpose that signs nothing. */
bool oidc_alg(struct span purpose, enum jwt_alg *alg);
/* The halves of rs256, borrowed.  ERR_SSHKEY_FORMAT. */
MUST enum err oidc_rsa_halves(struct span priv, struct span half[2]);
/* The public key of these public bytes (format_in.pub); borrowed. */
MUST enum err oidc_jwk(enum jwt_alg alg, struct span pub, struct jwk *out);
/* sub for this account: base64url of the first 24 bytes of HMAC-SHA256(key, lp(sector) ||
 * lp(account)); sector empty: the one that is the same everywhere.  ERR_TOOBIG. */
MUST enum err oidc_subject(
    struct span key, struct span sector, struct span account, char sub[OIDC_SUB]);
/* Can this be an issuer?  An https address as browsers show it, without query, fragment, user and
 * slash at its end (OpenID Connect Discovery 4.1, RFC 8414 2); http on loopback and .onion only.
 * ERR_JWT_ISSUER. */
MUST enum err oidc_check_issuer(struct span issuer);

#endif
