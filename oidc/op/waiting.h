/*
 * waiting.h - authorization requests that wait for a person: to log in, to consent.  In memory, for
 * half an hour, under an id that goes through the pages; only the browser that began it can go on
 * (Dex CVE-2022-39222: an id alone is not enough).  What was asked is kept as it came, and judged
 * anew when it goes on.
 */
#ifndef OIDC_OP_WAITING_H
#define OIDC_OP_WAITING_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define WAITING_MOST  5000
#define WAITING_BYTES 16384		 /* of what was asked, as a form */
#define WAITING_ALL   (16 * 1024 * 1024) /* bytes of all; the oldest goes */
#define WAITING_LIFE  (30 * 60 * 1000)
#define WAITING_ID    44 /* with NUL */

struct waiting {
	struct form form; /* what was asked */
	uint64_t since;	  /* unix seconds */
	uint8_t had[32];  /* hash of the session that was there then; zero: none */
	uint8_t browser[32];
	uint8_t asked[16]; /* account that the consent page was shown to; zero: to nobody */
	bool loose;	   /* of no browser yet: it came without cookies */
	unsigned held;	   /* by how many; the table is one */
};

struct memo;
struct memo *waiting_new(void);
/* Keep what the request has, and which session it found; id gets its name.  ERR_TOOBIG,
 * ERR_NOMEM. */
MUST enum err waiting_put(struct web_request *q, struct web_response *a, const struct form *form,
    const struct db_session *had, char id[WAITING_ID]);
/* A form of another site brings no cookies (SameSite=Lax): what it asks is kept for no browser, and
 * goes once through it.  Whoever comes with the id has what they could have asked with a link. */
bool waiting_is_bare(struct web_request *q);
struct waiting *waiting_find_loose(struct web_request *q, struct span id);
/* Is this session of a login since then?  Each has another hash; seconds do not tell apart. */
bool waiting_saw_login(const struct waiting *w, const struct db_session *now);
/* That of this browser; NULL: there is none (any more).  It stays where it is, and is good until
 * waiting_done, whatever becomes of the table meanwhile. */
struct waiting *waiting_find(struct web_request *q, struct span id);
void waiting_done(struct waiting *w); /* NULL is fine */
/* Nothing waits under this name any more. */
void waiting_end(struct web_request *q, struct span id);

#endif
