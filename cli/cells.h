/*
 * cells.h - words as a person types them, each in a cell of its own, so that one that was wrong can
 * be typed again alone.  In the arena.
 */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include "lib/sec.h"

#define CELLS_MAX  24
#define CELLS_TEXT (CELLS_MAX * 9) /* all of them, joined */

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

/* ---- a line ---- */
size_t cells_count(const struct sec *line);
/* Is its first word in the list, whole or by four letters or more? */
bool cells_first_is_known(const struct sec *line);

#endif
