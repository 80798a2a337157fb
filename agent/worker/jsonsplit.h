/*
 * jsonsplit.h - a JSON document (RFC 8259) of any size, cut as it comes: one object, whose members
 * are passed over, or handed out whole, or, if they are arrays, element by element.
 *
 * Only one piece stands in memory, and its room is the caller's: what is longer is refused.  Where
 * a piece ends is all that is looked at (strings, escapes, depth); whether it is JSON is for who
 * parses it to say.  Members may come in any order, with any white space; unknown ones are passed
 * over, of those that are known none may be there twice.
 */
#ifndef WORKER_JSONSPLIT_H
#define WORKER_JSONSPLIT_H

#include "lib/sec.h"

#define JSONSPLIT_NAME	 32 /* longer names are unknown */
#define JSONSPLIT_DEPTH	 1024
#define JSONSPLIT_WANTED 16

struct jsonsplit_want {
	const char *name; /* of a member of the document */
	bool each;	  /* an array: its elements one by one */
};

/* A piece: of want i.  It is wiped when this returns. */
typedef enum err jsonsplit_fn(void *arg, size_t i, struct span piece);

struct jsonsplit {
	const struct jsonsplit_want *want;
	size_t nwant;
	struct sec *room; /* a piece, as it comes */
	jsonsplit_fn *take;
	void *arg;
	/* the rest is not for the caller */
	unsigned state;
	uint32_t seen; /* bits of wants that came */
	size_t at;     /* the want that this member is; nwant = none */
	bool in_array;
	bool in_string, escaped;
	size_t depth;
	size_t nname;
	char name[JSONSPLIT_NAME + 1];
};

/* room was made by the caller; want: at most JSONSPLIT_WANTED. */
void jsonsplit_init(struct jsonsplit *s, struct sec *room);
/* ERR_FORMAT; ERR_TOOBIG: a piece does not fit the room, or is too deep; what take says. */
MUST enum err jsonsplit_push(struct jsonsplit *s, struct span in);
/* The document ends here: ERR_FORMAT when it does not. */
MUST enum err jsonsplit_end(const struct jsonsplit *s);
/* Was want i there? */
static inline bool
jsonsplit_saw(const struct jsonsplit *s, size_t i)
{
	return s->seen >> i & 1;
}

#endif
