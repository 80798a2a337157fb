/*
 * routes.h - every address that the provider answers, one row each (web/web.h).
 */
#ifndef OIDC_ROUTES_H
#define OIDC_ROUTES_H

#include "oidc/web/web.h"

extern const struct web_route oidc_routes[];

#endif
