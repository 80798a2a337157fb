/*
 * rights.h - what accounts other than the owner's may ask of an agent (DESIGN 3, system mode): rows
 * `client = USER PATTERN OPERATION[,OPERATION]` of ownkey.conf.
 *
 * The supervisor looks the accounts up; front and vault get numbers, and both ask the same
 * question.  hello, subscribe and cancel come with any row.  Only operations whose item is in the
 * request can be given: those of an issuer.  Its item is "oidc/ISSUER".
 */
#ifndef LIB_RIGHTS_H
#define LIB_RIGHTS_H

#include "lib/conf.h"
#include "lib/ops.h"

struct right {
	uint32_t uid;
	uint32_t ops;		    /* bits: rows of the table in rights.c */
	char pattern[CONF_PATTERN]; /* of the item; a star at its end stands for anything */
};

/* Plain numbers: it travels to the children as bytes. */
struct rights {
	uint32_t owner; /* uid; root counts as the owner */
	uint32_t n;
	struct right row[CONF_CLIENTS];
};

/* Is it a row?  Whether the account exists is another question. */
bool rights_is_row(const char *text);
/* All rows of conf, accounts looked up.  ERR_CLIENT_USER: *wrong is the row. */
MUST enum err rights_load(
    const struct conf *conf, uint32_t owner, struct rights *out, const char **wrong);
static inline bool
rights_is_owner(const struct rights *r, uint64_t uid)
{
	return uid == r->owner || uid == 0;
}
/* May uid connect at all? */
bool rights_knows(const struct rights *r, uint64_t uid);
/* May uid ask this of anything?  Before its parameters are looked at.  ERR_NOTOWNER. */
MUST enum err rights_check_op(const struct rights *r, uint64_t uid, enum op op);
/* And of what this request (decoded; NULL: no parameters) is about?  ERR_NOTOWNER,
 * ERR_CLIENT_RIGHT. */
MUST enum err rights_check(
    const struct rights *r, uint64_t uid, const struct op_row *row, const void *in);

#endif
