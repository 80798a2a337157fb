/*
 * account.h - a person's own page: their tokens, where they are logged in, which sites may have
 * what, recovery codes, all data as a file, the end of it all.  What cannot be undone asks for a
 * login of the last five minutes (session_is_fresh).
 */
#ifndef OIDC_LOGIN_ACCOUNT_H
#define OIDC_LOGIN_ACCOUNT_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define PATH_ACCOUNT "/account"

/* handlers; account_do: POST of PATH_ACCOUNT "/" and the name of what is done */
void account_page(struct web_request *q, struct web_response *a);
void account_do(struct web_request *q, struct web_response *a);

/* account_export.c: all that is kept of a person, but hashes and keys, as JSON. */
MUST enum err account_export(struct db *s, const uint8_t id[DB_ID], struct buf *out);

#endif
