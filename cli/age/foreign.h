/*
 * foreign.h - file keys that need a secret of a token, made by age-plugin-fido2-hmac (specification
 * v2) or age-plugin-fido2prf.  The token is asked through the agent, which has nothing to do with
 * their keys: these files open without a vault, too.
 */
#ifndef CLI_AGE_FOREIGN_H
#define CLI_AGE_FOREIGN_H

#include "cli/age/agent.h"

/* An identity at work: the secret that was asked for last. */
struct foreign {
	struct agent *a;
	const struct ident *id;
	struct sec pair;  /* X25519, private and public: HMAC */
	struct span cred; /* whose it is */
	uint8_t salt[32];
	bool pin;
};

void foreign_done(struct foreign *f);
/* May this identity open such a stanza? */
bool foreign_fits(const struct ident *id, const struct wrapped *w);
/* ERR_AGE_MATCH: it is for another one; token errors, and those of agent_secret. */
MUST enum err foreign_open(
    struct foreign *f, const struct wrapped *w, uint8_t file_key[AGE_FILE_KEY]);

#endif
