/*
 * memo.h - what is kept in memory only, for a while: authorization codes, pages that wait for their
 * form, challenges, counters.  A table of values by key; all of one table live equally long.
 *
 * Bounded: a full one gives up its oldest, or refuses, as it was made.  A key is 32 bytes that
 * nobody chooses (a SHA-256), so that no flood finds one bucket.  The owner frees values by drop.
 */
#ifndef OIDC_DB_MEMO_H
#define OIDC_DB_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define MEMO_KEY 32

typedef void memo_drop_fn(void *value);

struct memo_kind {
	unsigned most;
	uint64_t life;	    /* milliseconds */
	bool oldest;	    /* a full one gives up its oldest; else it refuses */
	memo_drop_fn *drop; /* may be NULL */
};

struct memo;
struct memo *memo_new(const struct memo_kind *kind); /* NULL: out of memory */
void memo_free(struct memo *m);			     /* NULL is fine */
/* now: loop_now, never less than before.  The value is the table's from then on, also when this
 * fails (it is dropped).  ERR_LIMIT, ERR_NOMEM, ERR_EXISTS. */
MUST enum err memo_put(struct memo *m, const uint8_t key[MEMO_KEY], void *value, uint64_t now);
/* For values of different size: all may have so many bytes together, as memo_put_bytes is told. */
void memo_weigh(struct memo *m, size_t most);
MUST enum err memo_put_bytes(
    struct memo *m, const uint8_t key[MEMO_KEY], void *value, size_t bytes, uint64_t now);
/* NULL: not there, or too old.  Good until the next call. */
void *memo_find(struct memo *m, const uint8_t key[MEMO_KEY], uint64_t now);
/* The same, and it is the caller's then: of two who ask, one gets it. */
void *memo_take(struct memo *m, const uint8_t key[MEMO_KEY], uint64_t now);
/* Drop what is too old.  memo_put does it, too. */
void memo_expire(struct memo *m, uint64_t now);
unsigned memo_count(const struct memo *m);
/* Each that fn says true of is dropped. */
typedef bool memo_fn(void *arg, const void *value);
void memo_drop_if(struct memo *m, memo_fn *fn, void *arg);

#endif
