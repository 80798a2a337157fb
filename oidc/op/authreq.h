/*
 * authreq.h - an authorization request: what a relying party asks of a person's browser to ask of
 * us (OpenID Connect Core 3.1.2.1, RFC 6749 4.1.1, RFC 7636 4.3).
 *
 * An ordered table of checks judges it.  Until client and redirect URI are known to belong
 * together, an error is a page and leads nowhere; after that it goes back to the client (RFC 6749
 * 4.1.2.1).
 */
#ifndef OIDC_OP_AUTHREQ_H
#define OIDC_OP_AUTHREQ_H

#include "oidc/op/indie.h"
#include "oidc/web/form.h"

#define AUTHREQ_STATE 4096 /* bytes of state */
#define AUTHREQ_NONCE 2000 /* of a nonce, which the vault prints (JWT_TEXT_MAX) */
#define AUTHREQ_HINT  8192 /* of an id_token_hint */

#define AUTHREQ_PROMPT_NONE    1U
#define AUTHREQ_PROMPT_LOGIN   2U
#define AUTHREQ_PROMPT_CONSENT 4U
#define AUTHREQ_PROMPT_SELECT  8U

struct authreq {
	const struct form *form; /* where spans point; the caller's */
	struct db_client client; /* authreq_done frees it; DB_STRANGER: of IndieAuth */
	bool known;		 /* client and redirect URI belong together */
	struct span redirect_uri, state, nonce, challenge;
	struct span audience; /* of the access token: a DB_RESOURCE client; empty = ours */
	struct buf scopes;    /* of those asked for, what the client may have */
	bool form_post;	      /* response_mode */
	unsigned prompt;
	bool has_max_age;
	uint64_t max_age; /* seconds */
};

struct authreq_wrong {
	const char *error; /* RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6 */
	const char *text;  /* for people and logs: ASCII without quotes and backslash */
};

struct authreq_rules {
	struct db *db;
	bool pkce_always; /* also for clients with a secret */
	bool indieauth;	  /* clients may be strangers */
	bool old_clients; /* of those: without PKCE, and with the response_type of then */
	/* What is known of the stranger, NULL before somebody is logged in: until then nothing is
	 * known to belong together. */
	const struct indie_met *met;
};

/* r: zeroed; authreq_done ends it whatever comes.  ERR_FORMAT: *wrong says why.  Else what db.h
 * says. */
MUST enum err authreq_judge(struct authreq *r, const struct form *form,
    const struct authreq_rules *rules, struct authreq_wrong *wrong);
void authreq_done(struct authreq *r);

#endif
