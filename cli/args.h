/*
 * args.h - the options, one table for all commands.  A command's row (verbs.h) says which of them
 * it takes; usage, help and completions are made from both.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

enum arg {
	ARG_HELP,
	ARG_JSON,
	ARG_PLAIN,
	ARG_SHOW,
	ARG_VAULT,
	ARG_FORCE,
	ARG_ASK_STDIN,
	ARG_OLDER,
	ARG_WITH,
	ARG_SLOT,
	ARG_TOKEN,
	ARG_NO_WAIT,
	ARG_LABEL,
	ARG_HINT,
	ARG_CARD,
	ARG_TEXT,
	ARG_FOR,
	ARG_NO_PIN,
	ARG_ONE_WAY,
	ARG_AND_PASS,
	ARG_PASS,
	ARG_MEMORY,
	ARG_USE,
	ARG_EXPORT,
	ARG_RATE,
	ARG_KEY,
	ARG_NAMESPACE,
	ARG_OUT,
	ARG_FORM,
	ARG_TIMEOUT,
	ARG_MATCH,
	ARG_ALL,
	ARG_EPOCH,
	ARG_PURPOSE,
	ARG_ALG,
	ARG_REPLACE,
	ARG_TO,
	ARG_ARMOR,
	ARG_SINCE,
	ARG_DEEP,
	ARG_SECRETS,
	ARG_NAME,
	ARG_QR,
	ARG_UPDATE,
	ARG_ANEW,
	ARG_YES,
	ARG_FINDER,
	ARG_ALL_EXPOSED,
	ARG_NEW_PHRASE,
	ARG_OVERDUE,
	ARG_NO_PHRASE,
	ARG_UNDO,
	ARG_DRY_RUN,
	ARG_AT,
	ARG_SSH_OPTION,
	ARG_SOCKET,
	ARG_SAME_VAULT,
	ARG_ATTR,
	ARG_OTP,
	ARG_LENGTH,
	ARG_ALPHABET,
	ARG_ENV,
	ARG_FD,
	ARG_RAW,
	ARG_SECRET_SERVICE,
	ARG_SSH_KEY,
	ARG_SECTOR,
	ARG_PUBLIC,
	ARG_SYSTEM,
	ARG_UNATTENDED,
	ARG_COUNT
};

#define ARGS_LIST 32 /* values of all options that may be given again */

/* Some of the options: as many as are listed; the rest is 0, ARG_HELP, which all commands take. */
#define ARGS_SOME 24

struct arg_row {
	const char *name;    /* without the dashes */
	char letter;	     /* 0: long only */
	const char *value;   /* what it takes, "FILE"; NULL: nothing */
	const char *choices; /* "a|b|c"; NULL: anything */
	const char *help;
	bool many; /* may be given again */
};

extern const struct arg_row arg_rows[ARG_COUNT];

struct args {
	bool given[ARG_COUNT];
	const char *value[ARG_COUNT];
	struct {
		enum arg which;
		const char *value;
	} list[ARGS_LIST]; /* every value of what may be given again */
	size_t nlist;
	char **operand; /* inside argv, which is rearranged */
	size_t n;
	char wrong[160]; /* ERR_USAGE: what is wrong, and what may have been meant */
	char hint[160];
};

/* All of argv but the program's name; "--" ends the options.  ERR_USAGE. */
MUST enum err args_parse(struct args *a, int argc, char **argv);

static inline bool
args_has(const struct args *a, enum arg which)
{
	return a->given[which];
}

bool args_among(const uint8_t some[ARGS_SOME], enum arg which);

/* The value as a number in [min,max]; *v is left alone when the option was not given. */
MUST enum err args_number(struct args *a, enum arg which, uint64_t min, uint64_t max, uint64_t *v);
/* Of --with, as enum ops_way bits; 0 when not given. */
MUST enum err args_ways(const char *value, uint64_t *bits);

#endif
