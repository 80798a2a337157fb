/*
 * indie_page.h - what people and clients of IndieAuth look at: a person's page that leads here, and
 * a client's logo.
 */
#ifndef OIDC_OP_INDIE_PAGE_H
#define OIDC_OP_INDIE_PAGE_H

#include "oidc/conf.h"
#include "oidc/web/web.h"

/* The elements of a page's head that say: this provider answers for me (living standard 4.1; the
 * older ones are for clients of before 2022).  One a line. */
void indie_put_links(struct buf *out, const struct oidc_conf *c);

/* handlers */
/* GET: the page of the account whose `me` this very address is; nobody else has one here. */
void indie_page(struct web_request *q, struct web_response *a);
/* GET ?go=: the logo of the client that waits for this browser, for who is logged in.  Waits. */
void indie_logo(struct web_request *q, struct web_response *a);

#endif
