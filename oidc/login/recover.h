/*
 * recover.h - codes on paper for who has lost their token: each works once, and does nothing but
 * make an invitation to register a new token.
 *
 * A code has 120 random bits, 24 characters of base32 in groups of four; the store has the SHA-256
 * of HANDLE_RECOVER and the characters.
 */
#ifndef OIDC_LOGIN_RECOVER_H
#define OIDC_LOGIN_RECOVER_H

#include "oidc/db/db.h"
#include "oidc/web/web.h"

#define PATH_LOGIN_RECOVER "/login/recover"
#define RECOVER_CODES	   8
#define RECOVER_TEXT	   30 /* with dashes and NUL */

/* New codes instead of all there are. */
MUST enum err recover_renew(
    struct db *s, const uint8_t account[DB_ID], char codes[RECOVER_CODES][RECOVER_TEXT]);
/* A code as a person typed it: any case, with spaces or dashes.  false: it has not that form. */
bool recover_read(struct span text, uint8_t hash[DB_HASH]);
/* handler; GET: the page */
void recover_endpoint(struct web_request *q, struct web_response *a);

#endif
