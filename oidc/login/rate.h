/*
 * rate.h - how often something may be tried: counted in memory, for ten minutes from the first
 * time, by browser and by address (of IPv6 by the 64 bits that one house has).
 */
#ifndef OIDC_LOGIN_RATE_H
#define OIDC_LOGIN_RATE_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define RATE_WINDOW	 (10 * 60) /* seconds */
#define RATE_PAGE_WINDOW (60 * 60)
#define RATE_PAGES	 30 /* in that */

struct rate {
	const char *what;		 /* counted apart */
	unsigned by_browser, by_address; /* in ten minutes; 0 = any */
};

struct memo;
struct memo *rate_table(void);
/* One more try.  false: it was too many, and the response says so (429).  A browser without a
 * cookie, and an address that is not known, are not counted; a proxy's is none (trusted_proxy). */
bool rate_take(struct web_request *q, struct web_response *a, const struct rate *r);

/* How many strangers' pages one account makes this machine read, counted for an hour from the first
 * one; the same page again is none more. */
struct memo *rate_page_table(void);
/* Before a page is read.  false: it was too many. */
bool rate_page(struct web_request *q, const uint8_t account[DB_ID], struct span client);

#endif
