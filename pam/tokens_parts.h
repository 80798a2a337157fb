/*
 * tokens_parts.h - helpers that were given their jobs, and of which one wins.  For tokens.c, and
 * for tests that play a helper.
 */
#ifndef PAM_TOKENS_PARTS_H
#define PAM_TOKENS_PARTS_H

#include "pam/tokens.h"

struct turn {
	struct helper h[TOKENS_MAX];
	size_t n;
	void (*touch)(void *arg, size_t which);
	void *arg;
	struct token_event ev; /* of the last result or error; its spans live as long as the turn */
	size_t which;	       /* who said it */
};

/* The answer of the first that has one, as tokens_assert gives it. */
MUST enum err tokens_hear(
    struct turn *t, const struct tokens_call *c, int64_t until, struct tokens_answer *a);

#endif
