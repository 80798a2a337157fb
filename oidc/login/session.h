/*
 * session.h - where a person is logged in: a cookie with 256 random bits, of which the database has
 * the hash.  New at every login (no fixation), HttpOnly, SameSite=Lax, and with the __Host- prefix
 * on https.
 *
 * A browser that nobody is logged in at gets a cookie too when it begins something: what waits for
 * the login is bound to it (op/waiting.h), and so are the tokens in forms.
 */
#ifndef OIDC_LOGIN_SESSION_H
#define OIDC_LOGIN_SESSION_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define SESSION_FORM 44 /* a form's token, with NUL */

/* Who is logged in at this browser; a disabled account is nobody.  db_row_done ends *out.
 * ERR_NOTFOUND: nobody. */
MUST enum err session_get(struct web_request *q, struct db_session *out);

struct session_login {
	const uint8_t *account; /* DB_ID */
	struct span amr;	/* RFC 8176, separated by a space */
};
/* The person has just proven who they are: a session of its own, or, when the same person is logged
 * in here, the one that is there with a new cookie. */
MUST enum err session_begin(
    struct web_request *q, struct web_response *a, const struct session_login *l);
/* End this browser's, with the tokens that came of it; not those that were given to last. */
MUST enum err session_end(struct web_request *q, struct web_response *a);

/* A session's name for one client: hex.  Another for each, so that two cannot find out by it that
 * they know the same person (their subjects are pairwise). */
#define SESSION_NAME 33 /* with NUL */
void session_name(const uint8_t sid[DB_ID], struct span client, char out[SESSION_NAME]);

/* This browser, logged in or not: 32 bytes that nobody else can name.  Sets the cookie if there is
 * none. */
void session_browser(struct web_request *q, struct web_response *a, uint8_t out[32]);
/* The one that it has; false: none. */
bool session_browser_has(struct web_request *q, uint8_t out[32]);
/* Did it bring any cookie of ours?  A form of another site does not (SameSite=Lax). */
bool session_has_cookies(struct web_request *q);
/* The same without setting one; false: it has none. */
bool session_browser_is(struct web_request *q, const uint8_t browser[32]);

/* Was the token touched in the last five minutes?  For what cannot be undone. */
#define SESSION_FRESH 300
bool session_is_fresh(const struct db_session *s);

/* A token for a form of this browser: by name of the form and what it is about. */
void session_form(struct web_request *q, struct web_response *a, const char *form,
    struct span about, char out[SESSION_FORM]);
/* Does the form that came have it (field "token"), and come from a page of ours? */
bool session_form_is(struct web_request *q, const char *form, struct span about);

#endif
