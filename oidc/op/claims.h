/*
 * claims.h - what is told of a person (OpenID Connect Core 5.1, 5.4): which claims a scope stands
 * for, taken from the account's JSON.
 */
#ifndef OIDC_OP_CLAIMS_H
#define OIDC_OP_CLAIMS_H

#include "oidc/db/db.h"
#include "oidc/web/jput.h"

/* A scope and what it stands for. */
struct claims_scope {
	const char *name;
	const char *claims; /* separated by a space; "" = none */
};
extern const struct claims_scope claims_scopes[]; /* ended by name NULL */

/* The texts that one scope tells, with ", " between, appended: for the person whose they are. */
void claims_show(const struct db_account *account, struct span scope, struct buf *out);
/* Members for these scopes into the open object of j. */
MUST enum err claims_put(struct jput *j, const struct db_account *account, struct span scopes);
/* The same for IndieAuth (living standard 5.3.4): name, url, photo, and with that scope email. */
MUST enum err claims_put_profile(
    struct jput *j, const struct db_account *account, struct span scopes);
/* Is it a JSON object of claims that we know, of the right types?  For what the owner sets.
 * ERR_FORMAT: *wrong says what. */
MUST enum err claims_check(struct span json, const char **wrong);

#endif
