/*
 * opt.h - one table of options drives the parser of ownkey.conf, its defaults, range checks and
 * manual.  Lines "name = value", '#' comments; unknown names and bad values are errors with a line
 * number.
 */
#ifndef LIB_OPT_H
#define LIB_OPT_H

#include "lib/span.h"
#include "lib/err.h"

enum opt_type {
	OPT_BOOL,     /* yes no true false on off: bool */
	OPT_UINT,     /* uint32_t in [min,max] */
	OPT_SECONDS,  /* uint32_t; suffixes s m h d; 0 or "never" */
	OPT_TEXT,     /* char[max] */
	OPT_TEXTS,    /* repeated: char[min][max] followed by nothing; count in uint32_t before it */
	OPT_ENUM      /* uint32_t index into names "a|b|c" */
};

struct opt {
	const char *name;
	enum opt_type type;
	size_t offset;
	uint64_t min, max;
	const char *def; /* default as text */
	const char *names;
	const char *help;
};

/* Fill *st with defaults. */
MUST enum err opt_defaults(const struct opt *table, size_t n, void *st);
/* Parse a whole file text over it.  *line gets the number of the offending line (1..). */
MUST enum err opt_parse(const struct opt *table, size_t n, struct span text, void *st, size_t *line);
/* Set one option by name. */
MUST enum err opt_set(const struct opt *table, size_t n, const char *name, struct span value, void *st);

#endif
