/*
 * indie.h - clients of IndieAuth (living standard 3.3, 4.2; Client ID Metadata Documents): an
 * address that nobody registered, and what its page says.
 *
 * What holds for them: no secret, PKCE, the person is asked every time, access and refresh tokens
 * that are opaque.  The vault has no part in it, so that there is no ID token and no subject: the
 * person is known by their page (db_account.me), and an issued token without a subject is one of
 * these.
 */
#ifndef OIDC_OP_INDIE_H
#define OIDC_OP_INDIE_H

#include "oidc/db/db.h"
#include "oidc/fetch.h"
#include "oidc/web/jput.h"

#define INDIE_SCOPES 32 /* in one request: as many as the consent page shows */

/* The client of this id, as if somebody had registered it: public, DB_STRANGER, its id in canonical
 * form.  ERR_NOTFOUND: the id is none of IndieAuth, or in canonical form one that is registered. */
MUST enum err indie_client(struct db *db, struct span id, struct db_client *out);
/* Is it a program on the person's own machine?  Its page is never fetched (4.2). */
bool indie_is_local(struct span client);

/* What there is to know of a client, once somebody is logged in. */
struct indie_met {
	bool fetched; /* else it has no page that we may look at */
	struct fetch_got got;
};
/* Waits.  ERR_FORMAT: its page could not be read; met->got.a.why says why.  Else what fetch.h says.
 * indie_met_done ends it whatever comes. */
MUST enum err indie_meet(struct fetch *f, struct span client, struct indie_met *met);
void indie_met_done(struct indie_met *met);

/* May answers go there (4.2.2)?  By what the client's page says: on the client's own scheme, host
 * and port, unless a JSON document has a list; or on the list.  met NULL: could they at all? */
bool indie_may_redirect(struct span client, const struct indie_met *met, struct span uri);

/* The scopes of a request, each once: without those that are OpenID Connect's, and without email
 * when profile is not asked for (5.3.4).  false: they are no scopes, or too many. */
bool indie_put_scopes(struct buf *out, struct span asked);

/* Members "me" and, with the scope, "profile" (5.3.2, 5.3.3) into the open object of j. */
MUST enum err indie_put_person(
    struct jput *j, const struct db_account *account, struct span scopes);

#endif
