/*
 * map_parts.h - what map.c and map_line.c share.
 */
#ifndef PAM_MAP_PARTS_H
#define PAM_MAP_PARTS_H

#include "lib/text.h"
#include "pam/map.h"

/* Returns e, with what is wrong: for the log. */
MUST enum err map_refuse(struct map *m, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What comes before one of the characters of ends, which is dropped with it. */
struct span map_word(struct span *rest, const char *ends);

/* A line of this person, added to the rows.  *why: what is wrong with it.  ERR_PAM_MAP_LINE,
 * ERR_PAM_MAP_MANY. */
MUST enum err map_take_own(
    struct span line, const struct map_who *who, struct map *m, const char **why);
MUST enum err map_take_u2f(
    struct span line, const struct map_who *who, struct map *m, const char **why);
/* What is behind "ssh-agent ". */
MUST enum err map_take_ssh(
    struct span line, const struct map_who *who, struct map *m, const char **why);

/* Decoded to the end of m->bytes, which has room for it (map_parse). */
bool map_decode(struct map *m, enum text_code code, struct span in, struct span *out);
/* The end of a line: its label; the row is added, if it is of the sort that is wanted. */
MUST enum err map_take_label(struct span label, const struct map_who *who, struct map *m,
    struct map_row *row, const char **why);

#endif
