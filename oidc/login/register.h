/*
 * register.h - registering a token: by an invitation, which works once and is used up only with the
 * token stored, or by who is logged in and has touched a token in the last minutes.
 */
#ifndef OIDC_LOGIN_REGISTER_H
#define OIDC_LOGIN_REGISTER_H

#include "oidc/login/ceremony.h"

#define PATH_REGISTER	     "/register" /* ?invite=TOKEN (HANDLE_INVITE) */
#define PATH_REGISTER_START  "/register/start"
#define PATH_REGISTER_FINISH "/register/finish"

/* handlers */
void register_page(struct web_request *q, struct web_response *a);
void register_start(struct web_request *q, struct web_response *a);
void register_finish(struct web_request *q, struct web_response *a);

/* ---- without a page, by an invitation ---- */
/* Who is invited.  ERR_FORMAT: why says what is wrong with it, for the person. */
struct register_offer {
	struct ceremony c;
	struct db_account account;
	struct buf list; /* tokens that they have, as login_put_credentials has them */
	const char *why;
};
MUST enum err register_look(struct web_request *q, struct span invite, struct register_offer *out);
void register_offer_done(struct register_offer *o);

/* What the token made for the challenge of c (taken): judged, stored, the invitation used up.
 * ERR_FORMAT: *why says what is wrong with it, for the person; nothing was changed. */
struct register_answer {
	struct span client_data, object, transports, label;
	bool found; /* the token knows it without being told which */
};
MUST enum err register_settle(struct web_request *q, const struct ceremony *c,
    const struct register_answer *got, const char **why);

#endif
