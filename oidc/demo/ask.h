/*
 * ask.h - what a relying party asks of its provider, and what it believes: the smallest that is
 * right (OpenID Connect Core 3.1.3.7).
 */
#ifndef OIDC_DEMO_ASK_H
#define OIDC_DEMO_ASK_H

#include <jansson.h>

#include "lib/buf.h"

struct demo_provider {
	char issuer[64]; /* http://localhost:PORT */
	uint16_t port;
};

/* A document of the provider (an object; the caller's): GET, with this access token if there is
 * one, or POST of a form.  ERR_FORMAT: it answered something else. */
MUST enum err demo_ask(const struct demo_provider *p, const char *path, struct span token,
    struct span form, json_t **out);
/* Who an ID token says it was: its claims (the caller's), after signature, issuer, audience, time
 * and nonce were right.  ERR_FORMAT. */
MUST enum err demo_check(const struct demo_provider *p, struct span id_token, const char *client,
    const char *nonce, json_t **claims);

#endif
