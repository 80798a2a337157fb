/* routes.c - the table.  Handlers are in op/ (endpoints), login/, page/. */
#include "oidc/routes.h"

#include "oidc/health.h"
#include "oidc/login/account.h"
#include "oidc/login/login.h"
#include "oidc/login/recover.h"
#include "oidc/login/register.h"
#include "oidc/op/authorize.h"
#include "oidc/op/indie_page.h"
#include "oidc/op/logout.h"
#include "oidc/op/metadata.h"
#include "oidc/op/terminal.h"
#include "oidc/op/token.h"
#include "oidc/op/userinfo.h"
#include "oidc/page/fixed.h"
#include "oidc/page/page.h"

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
	{ PATH_LOGO,                                 WEB_GET, indie_logo,        WEB_WAITS },
	{ PATH_PEOPLE,                               WEB_GET, indie_page,        WEB_CACHED },
	{ PATH_TOKEN,                                WEB_POST, token_endpoint,   WEB_API | WEB_CORS | WEB_WAITS },
	{ PATH_USERINFO,                             WEB_GET | WEB_POST, userinfo_endpoint, WEB_API | WEB_CORS },
	{ PATH_INTROSPECT,                           WEB_POST, introspect_endpoint, WEB_API },
	{ PATH_REVOKE,                               WEB_POST, revoke_endpoint,  WEB_API | WEB_CORS },
	{ PATH_LOGOUT,                               WEB_GET | WEB_POST, logout_endpoint, 0 },
	{ PATH_LOGOUT_CONFIRM,                       WEB_POST, logout_confirm,   0 },
	{ PATH_STATIC,                               WEB_GET, page_fixed,        WEB_CACHED },
	{ PATH_LOGIN,                                WEB_GET, login_page,        0 },
	{ PATH_LOGIN_START,                          WEB_POST, terminal_choose,  0 },
	{ PATH_LOGIN_FINISH,                         WEB_POST, login_finish,     0 },
	{ PATH_TERMINAL,                             WEB_GET, terminal_page,     0 },
	{ PATH_TERMINAL_PASTE,                       WEB_GET | WEB_POST, terminal_paste, 0 },
	{ APPROVAL_PATH_ASK,                         WEB_POST, terminal_api_ask, WEB_API | WEB_BODY },
	{ APPROVAL_PATH_ANSWER,                      WEB_POST, terminal_api_answer, WEB_API | WEB_BODY },
	{ PATH_LOGIN_RECOVER,                        WEB_GET | WEB_POST, recover_endpoint, 0 },
	{ PATH_REGISTER,                             WEB_GET, register_page,     0 },
	{ PATH_REGISTER_START,                       WEB_POST, register_start,   0 },
	{ PATH_REGISTER_FINISH,                      WEB_POST, register_finish,  0 },
	{ PATH_ACCOUNT,                              WEB_GET, account_page,      0 },
	{ PATH_ACCOUNT "/",                          WEB_POST, account_do,       0 },
	{ "/health",                                 WEB_GET, health_show,       WEB_API },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */
