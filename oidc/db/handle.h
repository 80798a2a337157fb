/*
 * handle.h - secrets that are handed out: 256 random bits as text behind a prefix that says what
 * they are (so that scanners find one that leaked), and the SHA-256 that is kept of them.
 */
#ifndef OIDC_DB_HANDLE_H
#define OIDC_DB_HANDLE_H

#include "lib/span.h"

#define HANDLE_HASH 32
#define HANDLE_BODY 43
#define HANDLE_TEXT 64 /* with prefix and NUL */

#define HANDLE_CODE    "okac_"
#define HANDLE_ACCESS  "okat_"
#define HANDLE_REFRESH "okrt_"
#define HANDLE_SESSION "oks_"
#define HANDLE_FLOW    "okf_"
#define HANDLE_INVITE  "oki_"
#define HANDLE_CLIENT  "okcs_"
#define HANDLE_RECOVER "okrc_" /* and a shorter body: login/recover.h */

/* Draw one.  hash may be NULL. */
void handle_make(const char *prefix, char text[HANDLE_TEXT], uint8_t hash[HANDLE_HASH]);
/* Has it that form?  Then *hash is its hash. */
bool handle_read(const char *prefix, struct span text, uint8_t hash[HANDLE_HASH]);

#endif
