/*
 * cells.h - words as a person types them, each in a cell of its own, so that one that was wrong can
 * be typed again alone.  In the arena.
 */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include "lib/sec.h"

#define CELLS_MAX    33
#define CELLS_PHRASE 24 /* words */
#define CELLS_SHARE  33
#define CELLS_TEXT   (CELLS_MAX * 9) /* all of them, joined */

struct cells {
	struct sec room;
};

MUST enum err cells_open(struct cells *c);
void cells_done(struct cells *c);
void cells_wipe(struct cells *c);
/* Word i, from 0; "" when the cell is empty. */
const char *cells_word(const struct cells *c, size_t i);
/* The words of the line (runs of letters) go into the cells from `at` on, but not to `end`; the
 * number of the cell after the last. */
size_t cells_take(struct cells *c, const struct sec *line, size_t at, size_t end);
/* The first n, joined by blanks. */
MUST enum err cells_join(const struct cells *c, size_t n, struct sec *text);

/* What the first n are of, as far as one can tell: CELLS_OF_SHARE unless more of them are in the
 * list of the phrase alone than in that of shares alone. */
unsigned cells_kind(const struct cells *c, size_t n);

/* ---- a line ---- */
size_t cells_count(const struct sec *line);
/* Lists that a word may be in. */
enum { CELLS_OF_PHRASE = 1, CELLS_OF_SHARE = 2 };
/* The lists that its first word is in, whole or by four letters or more: of these. */
unsigned cells_first_lists(const struct sec *line, unsigned lists);

#endif
