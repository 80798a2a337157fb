/*
 * stranger.h - the part of the consent page that says who a client of IndieAuth is.
 */
#ifndef OIDC_PAGE_STRANGER_H
#define OIDC_PAGE_STRANGER_H

#include "oidc/page/consent.h"

/* c->stranger is there.  The host of the client's address comes first: that was looked up, all else
 * is its own word. */
void page_put_stranger(struct web_request *q, struct web_response *a, const struct page_consent *c);

#endif
