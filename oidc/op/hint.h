/*
 * hint.h - ID tokens that come back to us (id_token_hint: OpenID Connect Core 3.1.2.1, RP-Initiated
 * Logout 2): ours, by signature; how old they are does not matter.
 *
 * The algorithm is that of our own key, never the token's to choose; a token needs a kid that we
 * publish, and nothing in its header may lead elsewhere (jwk, jku, x5u, crit, b64, zip).
 */
#ifndef OIDC_OP_HINT_H
#define OIDC_OP_HINT_H

#include "oidc/oidc.h"
#include "oidc/sign.h"

#define HINT_MAX 8192

struct hint {
	struct span sub, aud, sid; /* in bytes */
	struct buf bytes;
};

/* ERR_FORMAT: it is none of ours.  buf_done(&out->bytes) ends it. */
MUST enum err hint_read(struct oidc *o, struct span token, struct hint *out);
/* Of this client: its subject. */
MUST enum err hint_subject(
    struct oidc *o, struct span token, struct span client, char sub[SIGN_SUBJECT]);

#endif
