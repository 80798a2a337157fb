/* routes.c - the table.  Handlers are in op/ (endpoints), login/, page/. */
#include "oidc/routes.h"

#include "oidc/health.h"
#include "oidc/op/authorize.h"
#include "oidc/op/logout.h"
#include "oidc/op/metadata.h"
#include "oidc/op/token.h"
#include "oidc/op/userinfo.h"

#define DOCUMENT (WEB_API | WEB_CORS | WEB_CACHED)

/* clang-format off */
const struct web_route oidc_routes[] = {
	/* RFC 8414 3.1 has the issuer's path behind, OpenID Connect Discovery 4 in front */
	{ "/.well-known/openid-configuration",       WEB_GET, metadata_document, DOCUMENT },
	{ "/.well-known/openid-configuration",       WEB_GET, metadata_document, DOCUMENT | WEB_SUFFIX },
	{ "/.well-known/oauth-authorization-server", WEB_GET, metadata_document, DOCUMENT | WEB_SUFFIX },
	{ "/.well-known/oauth-authorization-server", WEB_GET, metadata_document, DOCUMENT },
	{ PATH_JWKS,                                 WEB_GET, metadata_jwks,     DOCUMENT },
	{ PATH_AUTHORIZE,                            WEB_GET | WEB_POST, authorize_endpoint, WEB_WAITS },
	{ PATH_CONTINUE,                             WEB_GET | WEB_POST, authorize_continue, WEB_WAITS },
	{ PATH_TOKEN,                                WEB_POST, token_endpoint,   WEB_API | WEB_CORS | WEB_WAITS },
	{ PATH_USERINFO,                             WEB_GET | WEB_POST, userinfo_endpoint, WEB_API | WEB_CORS },
	{ PATH_INTROSPECT,                           WEB_POST, introspect_endpoint, WEB_API },
	{ PATH_REVOKE,                               WEB_POST, revoke_endpoint,  WEB_API | WEB_CORS },
	{ PATH_LOGOUT,                               WEB_GET | WEB_POST, logout_endpoint, 0 },
	{ PATH_LOGOUT_CONFIRM,                       WEB_POST, logout_confirm,   0 },
	{ "/health",                                 WEB_GET, health_show,       WEB_API },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */
