/*
 * password.h - passwords that are made up: every one of an alphabet's is as likely as any other.
 */
#ifndef LIB_PASSWORD_H
#define LIB_PASSWORD_H

#include "lib/sec.h"

#define PASSWORD_MAX 1024 /* characters */

enum password_alphabet {
	PASSWORD_ALNUM,	 /* A-Z a-z 0-9 */
	PASSWORD_PRINT,	 /* what a keyboard has: 0x21..0x7e */
	PASSWORD_DIGITS, /* 0-9 */
	PASSWORD_WORDS	 /* of the BIP39 list, '-' between them */
};

/* Into out, which must be empty.  length: characters or words, at most PASSWORD_MAX; 0: as many as
 * are usual (24 characters, 8 words, 8 digits).  ERR_RANGE, ERR_NOMEM. */
MUST enum err password_make(enum password_alphabet alphabet, size_t length, struct sec *out);

#endif
