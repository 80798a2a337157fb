/*
 * code.h - authorization codes (RFC 6749 4.1.2): in memory, for a minute, each taken once.  Two
 * redemptions cannot both have one, and a restart voids them all.  One that was taken leaves a
 * stone: who comes with it again ends what came of it (RFC 6749 4.1.2, OIDC Core 3.1.3.2).
 */
#ifndef OIDC_OP_CODE_H
#define OIDC_OP_CODE_H

#include "oidc/db/db.h"
#include "oidc/db/handle.h"

#define CODE_MOST  20000  /* that wait */
#define CODE_STONE 600000 /* milliseconds that a used one is remembered */

struct code {
	uint8_t account[DB_ID];
	uint8_t sid[DB_ID];
	uint8_t family[DB_ID]; /* of the tokens that come of it; drawn by codes_put */
	struct span client, redirect_uri, challenge, scopes, audience, nonce, sub, amr;
	uint64_t auth_time;
	struct buf bytes; /* where the spans point, once it is kept */
};

struct codes;
struct codes *codes_new(uint32_t seconds); /* NULL: out of memory */
void codes_free(struct codes *c);
/* Keep a copy of it; text gets the code.  now: loop_now.  With CODE_MOST there the oldest goes, so
 * that nobody shuts others out by asking for many.  ERR_NOMEM. */
MUST enum err codes_put(
    struct codes *c, const struct code *code, uint64_t now, char text[HANDLE_TEXT]);
/* It is the caller's (code_free), and leaves its stone; NULL: there is none. */
struct code *codes_take(struct codes *c, struct span text, uint64_t now);
void code_free(struct code *code);
/* Tokens came of one that was taken.  ERR_EXISTS: somebody else came with it meanwhile, so that
 * they have to end at once. */
MUST enum err codes_spent(struct codes *c, struct span text, uint64_t now);
/* Was it taken before?  Whoever has what came of it learns of this, by codes_spent. */
bool codes_was_spent(struct codes *c, struct span text, uint64_t now, uint8_t family[DB_ID]);
/* Forget what is too old. */
void codes_expire(struct codes *c, uint64_t now);
/* Those of a session that ended, or of an account that may do nothing more (NULL = any). */
void codes_forget(struct codes *c, const uint8_t *sid, const uint8_t *account);

#endif
