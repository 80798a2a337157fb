/*
 * check.h - what `ownkey-oidc check` looks at.  A check is a function and a row of the table in
 * check.c; rows run in order, and later ones use what earlier ones opened.  None changes anything.
 */
#ifndef OIDC_CHECK_H
#define OIDC_CHECK_H

#include "lib/client.h"
#include "oidc/admin.h"

struct jput;

struct check {
	struct oidc_cmd *c;	 /* its oidc.db: NULL unless the store could be opened */
	struct jput *j;		 /* findings as JSON; NULL: as lines */
	struct client_conn conn; /* fd -1: no agent */
	const char *name;	 /* of the row that runs */
};

/* Said of `what`: nothing; something to think about; something that must change (exit status 1).
 * fix: what to do, a line to type if there is one. */
void check_ok(struct check *x, const char *what);
void check_hint(struct check *x, const char *what, const char *why, const char *fix);
void check_wrong(struct check *x, const char *what, const char *why, const char *fix);

/* Rows. */
void check_store(struct check *x);
void check_files(struct check *x);
void check_db(struct check *x);
void check_agent(struct check *x);
void check_rights(struct check *x);
void check_keys(struct check *x);
void check_clients(struct check *x);
void check_list(struct check *x);

#endif
