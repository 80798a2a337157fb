/*
 * args.h - the options of ownkey-oidc, one table for all commands; a command's row (verbs.h) says
 * which of them it takes.
 */
#ifndef OIDC_ARGS_H
#define OIDC_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

enum oidc_arg {
	OIDC_ARG_HELP,
	OIDC_ARG_CONFIG,
	OIDC_ARG_JSON,
	OIDC_ARG_YES,
	OIDC_ARG_NAME,
	OIDC_ARG_EMAIL,
	OIDC_ARG_ME,
	OIDC_ARG_CLAIMS,
	OIDC_ARG_UNDO,
	OIDC_ARG_REDIRECT,
	OIDC_ARG_LOGOUT,
	OIDC_ARG_PUBLIC,
	OIDC_ARG_SECRET,
	OIDC_ARG_NATIVE,
	OIDC_ARG_TRUSTED,
	OIDC_ARG_REFRESH,
	OIDC_ARG_SCOPES,
	OIDC_ARG_ALG,
	OIDC_ARG_RESOURCE,
	OIDC_ARG_INDIEAUTH,
	OIDC_ARG_NOT,
	OIDC_ARG_ID,
	OIDC_ARG_COUNT
};

/* Some of them: the rest is 0, OIDC_ARG_HELP, which all commands take. */
#define OIDC_ARGS_SOME 16
#define OIDC_ARGS_LIST 32 /* values of all options that may be given again */

struct oidc_arg_row {
	const char *name;    /* without the dashes */
	const char *value;   /* what it takes, "FILE"; NULL: nothing */
	const char *choices; /* "a|b|c"; NULL: anything */
	const char *help;
	bool many; /* may be given again: values are in the list */
};

extern const struct oidc_arg_row oidc_arg_rows[OIDC_ARG_COUNT];

struct oidc_args {
	bool given[OIDC_ARG_COUNT];
	const char *value[OIDC_ARG_COUNT];
	struct {
		enum oidc_arg which;
		const char *value;
	} list[OIDC_ARGS_LIST];
	size_t nlist;
	char **operand; /* inside argv, which is rearranged */
	size_t n;
	char wrong[160]; /* ERR_USAGE: what is wrong */
};

/* All of argv but the program's name; "--" ends the options.  ERR_USAGE. */
MUST enum err oidc_args_parse(struct oidc_args *a, int argc, char **argv);
bool oidc_args_among(const uint8_t some[OIDC_ARGS_SOME], enum oidc_arg which);

#endif
