/*
 * which.h - where a program of the person's is, as execvp would find it.
 */
#ifndef CLI_WHICH_H
#define CLI_WHICH_H

#include <stddef.h>

#include "lib/err.h"

/* The first executable with this name in PATH; a name with a slash is one itself.  ERR_NOTFOUND,
 * also when the path does not fit. */
MUST enum err which_program(const char *name, char *out, size_t cap);

#endif
