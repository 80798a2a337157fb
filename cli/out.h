/*
 * out.h - what is printed: results on standard output, everything else on standard error.  Text
 * from elsewhere loses its control characters; prose is wrapped to the terminal.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdio.h>

#include "lib/buf.h"
#include "lib/wire.h"

/* Foreign text, on one line. */
void out_text(FILE *f, struct span s);
/* "name       value" on standard output. */
void out_row(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_row_span(const char *name, struct span value);
/* "name       prose", wrapped to the terminal, further lines below the first. */
void out_row_fold(const char *name, const char *text);
/* "head  what was found", one line, but wrapped on a terminal. */
void out_finding(const char *head, const char *text);
/* "3. prose" of a list of steps, wrapped. */
void out_step(unsigned n, struct span text);
/* Prose, wrapped to a width; a line break of its own stays. */
void out_fold(const char *text, size_t width, struct buf *out);
/* On standard error, wrapped to the terminal. */
void out_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for foreign text. */
void out_say_span(const char *before, struct span s);
/* Columns of the terminal behind it, but one, at most 78; that when there is none. */
size_t out_columns(int fd);
/* One error line and one hint line.  detail and hint may be "": then without / the table's. */
void out_error(enum err e, const char *detail, const char *hint);
/* A result as JSON, with a newline. */
MUST enum err out_json(const struct wire_map *m, struct span result, bool show);
/* Bytes that must not stay in a buffer of stdio. */
MUST enum err out_raw(int fd, struct span s);
/* "2026-11-23" */
void out_day(uint64_t unix_seconds, char out[16]);

#endif
