/*
 * logout.h - OpenID Connect RP-Initiated Logout 1.0.
 */
#ifndef OIDC_OP_LOGOUT_H
#define OIDC_OP_LOGOUT_H

#include "oidc/web/web.h"

#define PATH_LOGOUT_CONFIRM "/logout/yes"

/* GET, POST.  With an ID token of this very session it logs out at once and goes back; else it
 * asks, so that no page elsewhere can log somebody out by a link. */
void logout_endpoint(struct web_request *q, struct web_response *a);
/* POST: yes. */
void logout_confirm(struct web_request *q, struct web_response *a);

#endif
