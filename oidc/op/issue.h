/*
 * issue.h - tokens that are given to a client: an access token, a refresh token where it may have
 * one, an ID token that the agent signs.
 */
#ifndef OIDC_OP_ISSUE_H
#define OIDC_OP_ISSUE_H

#include "oidc/op/code.h"
#include "oidc/sign.h"
#include "oidc/web/web.h"

struct issue {
	const struct db_client *client;
	const struct code *grant; /* who, for what, since when */
	bool first;		  /* of a code: the nonce is in the ID token (Core 12.2) */
	bool refresh;		  /* with a refresh token */
	/* its scopes when the grant has fewer for once (RFC 6749 6); empty: those of the grant */
	struct span later;
};

/* What is to be signed is signed first: it may wait, and nothing is written if it fails. */
struct issue_signed {
	char access[HANDLE_TEXT];
	uint8_t access_hash[HANDLE_HASH];
	struct buf id_token;
	char sub[SIGN_SUBJECT]; /* of the ID token; "" without one */
};
/* ERR_LOCKED, ERR_NOAGENT, ERR_LIMIT, ERR_JWT_*.  Waits. */
MUST enum err issue_sign(struct web_request *q, const struct issue *i, struct issue_signed *out);
/* Write the tokens down and answer with them (RFC 6749 5.1). */
MUST enum err issue_answer(struct web_request *q, struct web_response *a, const struct issue *i,
    const struct issue_signed *s);
void issue_signed_done(struct issue_signed *s);

#endif
