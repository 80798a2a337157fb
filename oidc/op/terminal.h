/*
 * terminal.h - logging in, or registering a token, where the browser cannot talk to tokens, or
 * there is none: `ownkey approve` and `ownkey register` (lib/approval.h).
 *
 * A page shows a code for five minutes.  Who knows it can see what is asked, and answer once; only
 * the token of the account that was named in the browser can answer well, and only the browser that
 * began is logged in by it.  So a code that somebody reads over a shoulder, or guesses, logs nobody
 * in but its owner.  What is left is somebody who is talked into approving a stranger's login:
 * against that stand the browser's address, the name of the site, and the number to compare.
 *
 *	waits -> approved  (by an answer that login_prove accepts), until the page looks again
 *	      -> denied    (by the person at the terminal)
 *	      -> spent     (by an answer that does not fit: a challenge is good for one)
 */
#ifndef OIDC_OP_TERMINAL_H
#define OIDC_OP_TERMINAL_H

#include "lib/approval.h"
#include "oidc/login/ceremony.h"

#define PATH_TERMINAL	    "/login/terminal" /* ?page=ID */
#define PATH_TERMINAL_PASTE "/login/terminal/paste"
#define TERMINAL_PAGE	    44 /* base64url of the key, with NUL */

enum terminal_state { TERMINAL_WAITS, TERMINAL_APPROVED, TERMINAL_DENIED, TERMINAL_SPENT };

struct terminal {
	struct ceremony c;
	enum terminal_state state;
	char code[APPROVAL_CODE + 1];
	char page[TERMINAL_PAGE]; /* its name in the browser, which does not tell the code */
	char number[4];
	char address[WEB_ADDRESS];
	char site[257], host[257]; /* "": nobody but us wants to know */
	bool seen;		   /* a terminal has asked for it */
	uint64_t since;		   /* loop_now */
	struct buf list;	   /* credentials, as login_put_credentials has them */
	uint8_t user_id[DB_ID];	   /* register */
	struct buf user;
	/* approved: whose token, and of what kind */
	uint8_t account[DB_ID];
	uint64_t flags;
};

struct memo;
struct memo *terminal_table(void);

/* A new one; what c says.  *out is the table's.  ERR_NOMEM, ERR_LIMIT. */
MUST enum err terminal_new(
    struct web_request *q, const struct ceremony *c, struct buf *list, struct terminal **out);
/* That of this code; or of this page, if this browser began it.  NULL: there is none (any more). */
struct terminal *terminal_by_code(struct web_request *q, struct span code);
struct terminal *terminal_by_page(struct web_request *q, struct span page);
void terminal_drop(struct web_request *q, const struct terminal *t);

/* What is asked of a terminal: over HTTP, or in a block.  ERR_NOMEM. */
MUST enum err terminal_put_ask(struct web_request *q, const struct terminal *t, struct buf *out);
/* An answer came, by whichever way: the state says what it was.  ERR_FORMAT: *why, for the person;
 * what db.h says. */
MUST enum err terminal_answer(
    struct web_request *q, struct terminal *t, const struct approval_answer *got, const char **why);

/* handlers */
void terminal_choose(struct web_request *q, struct web_response *a); /* PATH_LOGIN_START */
void terminal_page(struct web_request *q, struct web_response *a);
void terminal_paste(struct web_request *q, struct web_response *a);
void terminal_api_ask(struct web_request *q, struct web_response *a);
void terminal_api_answer(struct web_request *q, struct web_response *a);

#endif
