/*
 * show.h - text as a person gets to see it: no control characters, at most so many columns wide.
 */
#ifndef PROMPT_SHOW_H
#define PROMPT_SHOW_H

#include "lib/buf.h"

#define SHOW_COLUMNS 50

/* Append text to out, wrapped at blanks; its line breaks stay, none is added at the end.  A word
 * that is too long is broken.  columns >= 2. */
void show_wrapped(struct span text, size_t columns, struct buf *out);
/* Columns that the character at p takes at most, and its bytes; n > 0 bytes are there.  Valid UTF-8
 * is assumed. */
size_t show_columns(const uint8_t *p, size_t n, size_t *bytes);

#endif
