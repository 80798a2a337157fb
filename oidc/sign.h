/*
 * sign.h - the agent that signs, as handlers see it: a client of agent.sock with many requests in
 * flight, and what it last said about keys.
 *
 * sign_token and sign_subject wait: only on a fiber (WEB_WAITS).  Keys are kept, and asked for
 * again whenever the agent says that something changed; they stay while it is locked or gone, as
 * what was signed must remain verifiable.
 */
#ifndef OIDC_SIGN_H
#define OIDC_SIGN_H

#include "lib/ops_jwt.h"
#include "oidc/conf.h"

#define SIGN_SUBJECT 64
#define SIGN_KID     64

struct loop;
struct sign;

enum sign_state { SIGN_NO_AGENT, SIGN_LOCKED, SIGN_OPEN };

/* A public key, for tokens that come back to us (id_token_hint). */
struct sign_key {
	char kid[SIGN_KID];
	enum jwt_alg alg;
	enum jwt_state state;
	uint64_t until;	 /* unix seconds; 0 = no end */
	const char *jwk; /* JSON */
};

/* What the vault said of a token that it made. */
struct sign_made {
	uint64_t issued, expires;
	char kid[SIGN_KID], subject[SIGN_SUBJECT];
};

/* c stays the caller's.  Does not wait for the agent. */
MUST enum err sign_new(struct sign **out, struct loop *l, const struct oidc_conf *c);
/* Once more at the end of wake-ups, behind whoever makes requests there: after web_new. */
void sign_follow(struct sign *s);
/* Fibers that wait for it are left as they are. */
void sign_done(struct sign *s);

enum sign_state sign_state(const struct sign *s);
/* q without issuer: that of the configuration.  out gets the token; made may be NULL.
 * ERR_LOCKED, ERR_NOAGENT, ERR_LIMIT, ERR_JWT_*; ERR_BUSY: the agent said nothing for 15 s, and
 * what it says later is dropped.  web_unavailable has pages for all but ERR_JWT_*. */
MUST enum err sign_token(
    struct sign *s, const struct ops_jwt_sign *q, struct buf *out, struct sign_made *made);
/* out: SIGN_SUBJECT bytes.  The same. */
MUST enum err sign_subject(struct sign *s, struct span audience, struct span account, char *out);

/* JWKS as JSON (RFC 7517 5); empty while nobody ever said. */
struct span sign_jwks(const struct sign *s);
/* All that are published, NULL beyond; they change with sign_version. */
const struct sign_key *sign_key_at(const struct sign *s, size_t i);
const struct sign_key *sign_key_find(const struct sign *s, struct span kid);
/* May clients be given this algorithm: configured, and a key is there? */
bool sign_can(const struct sign *s, enum jwt_alg alg);
/* Grows when keys changed. */
uint64_t sign_version(const struct sign *s);

#endif
