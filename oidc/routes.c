/* routes.c - the table.  Handlers are in op/ (endpoints), login/, page/. */
#include "oidc/routes.h"

/* clang-format off */
const struct web_route oidc_routes[] = {
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */
