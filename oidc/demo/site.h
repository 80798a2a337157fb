/*
 * site.h - the demo's relying party: a page that says who logged in, by code flow with PKCE.
 */
#ifndef OIDC_DEMO_SITE_H
#define OIDC_DEMO_SITE_H

#include "oidc/demo/ask.h"

#define DEMO_CLIENT "demo-site"
#define DEMO_BACK   "/back" /* redirect URI */

struct loop;
struct demo_site;

/* At port; fd listens there and becomes the site's. */
MUST enum err demo_site_new(
    struct demo_site **out, struct loop *l, const struct demo_provider *p, uint16_t port, int fd);
void demo_site_done(struct demo_site *s); /* NULL is fine */

#endif
