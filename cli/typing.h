/*
 * typing.h - a person types words of a recovery phrase or of a share of it, on the terminal.
 */
#ifndef CLI_TYPING_H
#define CLI_TYPING_H

#include "cli/cells.h"
#include "cli/term.h"

#define TYPING_EITHER (CELLS_OF_PHRASE | CELLS_OF_SHARE)

struct typing {
	struct term *term; /* borrowed */
	struct cells cells;
	struct sec line;
	unsigned kinds; /* CELLS_OF_PHRASE, CELLS_OF_SHARE: what may be typed */
	size_t words;	/* so many were */
	unsigned have;	/* shares that were accepted before */
};

MUST enum err typing_open(struct typing *t, struct term *term);
void typing_done(struct typing *t);
/* The words of the line go into the cells from *at on; all of them at once from the first. */
void typing_take_line(struct typing *t, size_t *at);
/* From cell `at` on, until all are filled, or with `one` just that one (or all of them).  Errors of
 * term_line. */
MUST enum err typing_words(struct typing *t, size_t at, bool one);

#endif
