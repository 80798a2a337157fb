/*
 * login.h - logging in with a token: a page that asks for a name, or for none (the token knows
 * it), one that has the token sign, and where the answer comes.
 *
 * Who types a name is not told whether there is such an account: for a name that nobody has, the
 * page asks for one or two credentials that nobody has, always the same ones for the same name.
 */
#ifndef OIDC_LOGIN_LOGIN_H
#define OIDC_LOGIN_LOGIN_H

#include "oidc/login/ceremony.h"

#define PATH_CONTINUE	  "/authorize/continue" /* ?go=ID of op/waiting.h */
#define PATH_LOGIN	  "/login"		/* ?go=ID: goes on at PATH_CONTINUE */
#define PATH_LOGIN_START  "/login/start"
#define PATH_LOGIN_FINISH "/login/finish"

/* handlers */
void login_page(struct web_request *q, struct web_response *a);
void login_start(struct web_request *q, struct web_response *a);
void login_finish(struct web_request *q, struct web_response *a);

/* What the form of login_page asks for: c gets it, list the credentials that may answer (as
 * login_put_credentials has them; empty: the token knows).  ERR_FORMAT, a is the answer. */
MUST enum err login_begin(
    struct web_request *q, struct web_response *a, struct ceremony *c, struct buf *list);

/* An answer to the challenge of c, in whatever way it came. */
struct login {
	struct web_request *q;
	struct ceremony c; /* taken: nobody else has it */
	struct webauthn_assertion got;
	struct webauthn_why why; /* of ERR_FORMAT, for the log */
	struct db_credential row;
	struct buf keep; /* where got points, if need be */
};
/* WebAuthn 7.2, all of it: row is whose token it was.  ERR_FORMAT; what db.h says. */
MUST enum err login_prove(struct login *l);
void login_done(struct login *l);
/* To what waits for the login, or to the person's own page. */
void login_go_on(struct web_request *q, struct web_response *a, const char *go);

/* The person has proven to have this token: the session.  amr: RFC 8176. */
MUST enum err login_by(
    struct web_request *q, struct web_response *a, const struct db_credential *row);
/* Credentials of an account as the page has them: base64url, separated by a space. */
MUST enum err login_put_credentials(struct db *s, const uint8_t account[DB_ID], struct buf *out);

#endif
