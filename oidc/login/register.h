/*
 * register.h - registering a token: by an invitation, which works once and is used up only with the
 * token stored, or by who is logged in and has touched a token in the last minutes.
 */
#ifndef OIDC_LOGIN_REGISTER_H
#define OIDC_LOGIN_REGISTER_H

#include "oidc/web/web.h"

#define PATH_REGISTER	     "/register" /* ?invite=TOKEN (HANDLE_INVITE) */
#define PATH_REGISTER_START  "/register/start"
#define PATH_REGISTER_FINISH "/register/finish"

/* handlers */
void register_page(struct web_request *q, struct web_response *a);
void register_start(struct web_request *q, struct web_response *a);
void register_finish(struct web_request *q, struct web_response *a);

#endif
