/*
 * err.h - the one table of what can go wrong (DESIGN 14).
 *
 * Every function that can fail returns enum err: 0 is success, everything else a row below.
 * The wire carries the number, so numbers are never reused.  Nothing is squeezed into errno.
 *
 * Row: E(NAME, number, exit status, PAM code name, ssh-agent ok, text, hint)
 * Text says what happened, hint what to do; both are shown to people as one line each.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <stddef.h>

#define MUST __attribute__((warn_unused_result))

enum err {
#define E(name, num, exit, pam, ssh, text, hint) ERR_##name = num,
#include "lib/err_table.h"
#undef E
};

/* Short lower-case text for people; never NULL, also for unknown numbers. */
const char *err_text(enum err e);
/* What to do about it; "" when there is nothing to add. */
const char *err_hint(enum err e);
/* Symbolic name as in the table ("TOKEN_ABSENT"); "UNKNOWN" otherwise. */
const char *err_name(enum err e);
/* Exit status of the command line (DESIGN 11). */
int err_exit(enum err e);
/* PAM code by name ("PAM_AUTHINFO_UNAVAIL"); the PAM module maps it to its number. */
const char *err_pam(enum err e);
/* What a file operation failed with, errno(3); ERR_IO for what has no row of its own. */
enum err err_of_errno(int number);
/* A number from the wire is a known row? */
int err_is_known(unsigned long n);
/* Row i of the table for documentation, ERR_OK past the end. */
enum err err_at(size_t i);

#endif
