/*
 * pamu2f.h - a line of pam_u2f's authfile, as pam_ownkey takes it (pam_ownkey(8), THE MAP), for
 * `ownkey pam list`.  The module has a reader of its own: fuzz_pam_u2f compares the two.
 */
#ifndef CLI_PAMU2F_H
#define CLI_PAMU2F_H

#include "lib/span.h"

struct pamu2f_token {
	char flags[16];	     /* "up", "up,uv", "up,uv,pin" */
	const char *refused; /* why the module does not take it; NULL: it does */
};

/* The next token of what stands behind "account:", taken off *rest.  False: there is none. */
bool pamu2f_next(struct span *rest, struct pamu2f_token *out);

#endif
