/*
 * token.h - challenges for tokens, and what they answer, judged (DESIGN 7).  Of the vault, and of
 * the verifier of logins.
 */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include "lib/job.h"

#define TOKEN_ES256 (-7) /* COSE */
#define TOKEN_EDDSA (-8)

struct token_nonce {
	uint8_t nonce[32];
	uint8_t cdh[32]; /* client data hash */
};
/* Draw a fresh challenge.  purpose: unlock, approve, enrol, probe, pam. */
void token_challenge(const char *purpose, struct span request, struct token_nonce *n);

/* What was asked, and of which credential the key is known. */
struct token_expect {
	const char *rp_id;
	const uint8_t *cdh;
	struct span cred_id; /* of the slot that the answer names */
	struct span pubkey;
	int64_t alg;
	bool up;       /* a touch was asked for */
	bool uv;       /* PIN or fingerprint was asked for */
	size_t secret; /* bytes wanted, 0 = none */
};
/* Judge an assertion.  ERR_LIE_*, each its own. */
MUST enum err token_judge(const struct token_expect *x, const struct token_event *ev);
/* The same without the signature, where no key is known: whoever asked checks it. */
MUST enum err token_judge_unsigned(const struct token_expect *x, const struct token_event *ev);
/* Flags of authenticator data: *up, *uv. */
void token_flags(struct span authdata, bool *up, bool *uv);
/* Judge a new credential: rpIdHash, UP, attested data of the same id and key (WebAuthn 6.5.1). */
MUST enum err token_judge_new(const char *rp_id, bool uv, const struct token_event *ev);

#endif
