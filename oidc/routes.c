/* routes.c - the table.  Handlers are in op/ (endpoints), login/, page/. */
#include "oidc/routes.h"

#include "oidc/health.h"
#include "oidc/op/metadata.h"

#define DOCUMENT (WEB_API | WEB_CORS | WEB_CACHED)

/* clang-format off */
const struct web_route oidc_routes[] = {
	/* RFC 8414 3.1 has the issuer's path behind, OpenID Connect Discovery 4 in front */
	{ "/.well-known/openid-configuration",       WEB_GET, metadata_document, DOCUMENT },
	{ "/.well-known/openid-configuration",       WEB_GET, metadata_document, DOCUMENT | WEB_SUFFIX },
	{ "/.well-known/oauth-authorization-server", WEB_GET, metadata_document, DOCUMENT | WEB_SUFFIX },
	{ "/.well-known/oauth-authorization-server", WEB_GET, metadata_document, DOCUMENT },
	{ PATH_JWKS,                                 WEB_GET, metadata_jwks,     DOCUMENT },
	{ "/health",                                 WEB_GET, health_show,       WEB_API },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */
