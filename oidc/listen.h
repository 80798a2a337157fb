/*
 * listen.h - sockets that the provider is reached at: of oidc.conf, or passed by the service
 * manager under the names "http" and "metrics", which then count instead.
 */
#ifndef OIDC_LISTEN_H
#define OIDC_LISTEN_H

#include "oidc/conf.h"
#include "oidc/web/web.h"

/* out: WEB_LISTENERS.  *wrong gets the address that failed.  ERR_BUSY: somebody listens there. */
MUST enum err listen_all(
    const struct oidc_conf *c, struct web_listener *out, size_t *n, const char **wrong);

#endif
