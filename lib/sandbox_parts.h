/*
 * sandbox_parts.h - the two filters of sandbox.c, each in a file of its own.  For sandbox.c only.
 */
#ifndef LIB_SANDBOX_PARTS_H
#define LIB_SANDBOX_PARTS_H

#include "lib/sandbox.h"

/* Handle every right this kernel knows, grant `rules` (may be NULL).  ERR_UNSUPPORTED: no landlock
 * here.  Needs no_new_privs. */
MUST enum err sandbox_landlock(const struct sandbox *s);
/* Load the system call filter of a profile.  ERR_UNSUPPORTED: no seccomp here, or a processor the
 * filter does not know.  Needs no_new_privs. */
MUST enum err sandbox_seccomp(enum sandbox_profile profile);

#endif
