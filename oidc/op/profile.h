/*
 * profile.h - the URLs that people and clients are named by in IndieAuth (living standard 3.2,
 * 3.3, 3.4): which may be one, and their canonical form.  Pure.
 *
 * Both: https or http, no user, no fragment, no "." or ".." segment, a host that is a domain.
 * A person's has no port.  A client's may have one, and may be on 127.0.0.1 or [::1].
 * Canonical: scheme and host in lower case, and the path "/" when there is none.  Nothing else is
 * changed, so that what the person's page and the client's say can be compared byte by byte.
 */
#ifndef OIDC_OP_PROFILE_H
#define OIDC_OP_PROFILE_H

#include "lib/buf.h"
#include "lib/weburl.h"

enum profile_wrong {
	PROFILE_OK,
	PROFILE_URL, /* no address at all: weburl_text says more */
	PROFILE_FRAGMENT,
	PROFILE_DOTS,
	PROFILE_PORT,	 /* a person's with a port */
	PROFILE_ADDRESS, /* a host that is an address */
	PROFILE_ALONE	 /* a person's host of one label, or below localhost: nobody else has it */
};

/* out (may be NULL) gets the canonical form appended; what is wrong leaves it alone. */
enum profile_wrong profile_check_person(struct span url, struct buf *out);
enum profile_wrong profile_check_client(struct span url, struct buf *out);
/* One sentence for people; "" for PROFILE_OK. */
const char *profile_text(enum profile_wrong w);

/* Of what profile_check_client took: its page is never fetched (living standard 4.2.2: it is on
 * the loopback; or http, which proves nothing). */
bool profile_is_fetched(struct span client);
/* Is this redirect URI on the client's own scheme, host and port (4.2.2)?  Others have to be on the
 * list that the client publishes.  Both are checked to be addresses. */
bool profile_is_own(struct span client, struct span redirect);

#endif
