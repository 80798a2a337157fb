/*
 * login.h - logging in with a token: a page that asks for a name, or for none (the token knows
 * it), one that has the token sign, and where the answer comes.
 *
 * Who types a name learns nothing of whether there is such an account: for a name that nobody has,
 * the page asks for a credential that nobody has, always the same one for the same name.
 */
#ifndef OIDC_LOGIN_LOGIN_H
#define OIDC_LOGIN_LOGIN_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define PATH_CONTINUE	  "/authorize/continue" /* ?go=ID of op/waiting.h */
#define PATH_LOGIN	  "/login"		/* ?go=ID: goes on at PATH_CONTINUE */
#define PATH_LOGIN_START  "/login/start"
#define PATH_LOGIN_FINISH "/login/finish"

/* handlers */
void login_page(struct web_request *q, struct web_response *a);
void login_start(struct web_request *q, struct web_response *a);
void login_finish(struct web_request *q, struct web_response *a);

/* The person has proven to have this token: the session.  amr: RFC 8176. */
MUST enum err login_by(
    struct web_request *q, struct web_response *a, const struct db_credential *row);
/* Credentials of an account as the page has them: base64url, separated by a space. */
MUST enum err login_put_credentials(struct db *s, const uint8_t account[DB_ID], struct buf *out);

#endif
