/*
 * suggest.h - "did you mean": the nearest of several words.
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

#define SUGGEST_NONE 99

/* Edits (insert, delete, replace, swap of neighbours) from one to the other; SUGGEST_NONE when
 * either is longer than 31. */
size_t suggest_distance(const char *a, size_t alen, const char *b);
/* *near becomes candidate if that is nearer to word than *best edits (start with SUGGEST_NONE), and
 * near enough to be worth a question. */
void suggest_nearer(
    const char *word, size_t len, const char *candidate, size_t *best, const char **near);

#endif
