/*
 * pinauth.h - the platform's side of PIN/UV auth protocols one and two (CTAP 2.1, 6.5.6, 6.5.7):
 * a PIN typed at home becomes the pinUvAuthParam of somebody else's assertion.  libfido2 cannot do
 * this: it makes whole requests only.
 */
#ifndef AGENT_TOKEN_PINAUTH_H
#define AGENT_TOKEN_PINAUTH_H

#include "lib/buf.h"
#include "lib/sec.h"

struct pinauth {
	uint64_t proto;	 /* 1, 2 */
	uint8_t pub[64]; /* ours */
	struct sec keys; /* HMAC key 32, AES key 32 */
};

/* The request for the token's key. */
void pinauth_put_agree(uint64_t proto, struct buf *out);
/* Its answer (no status byte): shared keys.  ERR_LIE_FORMAT, ERR_RANGE, ERR_NOMEM. */
MUST enum err pinauth_agree(struct pinauth *p, uint64_t proto, struct span answer);
void pinauth_done(struct pinauth *p);
/* The request for a pinUvAuthToken; rp_id empty: of the old kind, without permissions. */
MUST enum err pinauth_put_token(
    const struct pinauth *p, struct span pin, struct span rp_id, struct buf *out);
/* Its answer: the pinUvAuthToken.  token must be empty. */
MUST enum err pinauth_token(const struct pinauth *p, struct span answer, struct sec *token);
/* pinUvAuthParam over cdh; its length is returned. */
size_t pinauth_param(uint64_t proto, const struct sec *token, struct span cdh, uint8_t out[32]);
/* Answer to getPINRetries.  ERR_LIE_FORMAT. */
MUST enum err pinauth_retries(struct span answer, uint64_t *retries);

#endif
