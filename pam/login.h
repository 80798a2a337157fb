/*
 * login.h - one authentication from the first text to the verified signature.
 *
 * Wait for a token, find out which of those plugged in holds a credential of the map, ask for its
 * PIN if it wants one, change that PIN if the token wants it changed first, say "touch", have the
 * answer verified by ownkey-verify.  A PIN goes to one token only, one that has shown that it holds
 * such a credential, and never twice.
 */
#ifndef PAM_LOGIN_H
#define PAM_LOGIN_H

#include "pam/kept.h"
#include "pam/map.h"
#include "pam/say.h"

struct login {
	const struct options *options;
	const struct say *say;
	const struct person *person;
	const struct map *map;
	const char *service; /* what is logged in to, and */
	const char *host;    /* where from; both signed over, "" when unknown */
	bool unlock;	     /* a session will open: ask for the secret, too (hmac-secret) */
	struct kept *kept;   /* PIN; out: factor, when unlock and the token gave it */
	const char *agent;   /* login_from_agent: the path of its socket, "": none */
};

/* ERR_OK: a signature over a fresh challenge was verified, and by no other way.  Everything else is
 * a row of the error table, whose PAM column the entry points return; it has been said already. */
MUST enum err login_run(struct login *l);
/* The same by the person's ssh agent: no token, no PIN, no factor.  ERR_AGENT_NONE, ERR_AGENT_KEY,
 * what verify_check_ssh says. */
MUST enum err login_from_agent(const struct login *l);
/* Change the PIN of the person's token: the old one, the new one twice. */
MUST enum err login_change_pin(struct login *l);
/* Is any token plugged in?  Says nothing, waits for nothing.  ERR_TOKEN_ABSENT,
 * ERR_TOKEN_ACCESS. */
MUST enum err login_look(struct login *l);

#endif
