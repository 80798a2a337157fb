/*
 * opt.h - one table of options drives the parser of ownkey.conf, its defaults, range checks and
 * manual.  Lines "name = value", '#' comments on lines of their own; unknown names, bad values and
 * a name given twice (but OPT_TEXTS) are errors with a line number.
 */
#ifndef LIB_OPT_H
#define LIB_OPT_H

#include "lib/span.h"
#include "lib/err.h"

enum opt_type {
	OPT_BOOL,    /* yes no true false on off: uint32_t, 0 or 1 */
	OPT_UINT,    /* uint32_t in [min,max] */
	OPT_SECONDS, /* uint32_t in [min,max]; suffixes s m h d; "never" is 0 */
	OPT_TEXT,    /* char[max], at least min bytes, NUL padded, no controls */
	OPT_TEXTS,   /* repeated: char[min][max] followed by nothing; count in uint32_t before it */
	OPT_ENUM,    /* uint32_t index into names "a|b|c" */
	OPT_SET	     /* uint32_t, a bit for each of names; "a, c", or "none" */
};

struct opt {
	const char *name;
	enum opt_type type;
	size_t offset;
	uint64_t min, max;
	const char *def; /* default as text; NULL = zero or empty */
	const char *names;
	const char *help;
	bool (*check)(const char *value); /* of a text, besides its length; may be NULL */
};

/* Fill *st with defaults.  ERR_INTERNAL when the table's own default is bad. */
MUST enum err opt_defaults(const struct opt *table, size_t n, void *st);
/* Parse a whole file text over it; the first OPT_TEXTS value replaces the defaults.  ERR_CONFIG:
 * *line gets the number of the offending line (1..), else 0.  At most 64 options. */
MUST enum err opt_parse(
    const struct opt *table, size_t n, struct span text, void *st, size_t *line);
/* Set one option by name (OPT_TEXTS: one more).  ERR_CONFIG: no such name, or a bad value. */
MUST enum err opt_set(
    const struct opt *table, size_t n, const char *name, struct span value, void *st);

#endif
