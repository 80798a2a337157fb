/*
 * sec.h - the secret arena and struct sec (DESIGN 15).
 *
 * One arena per process: memfd_secret where the kernel has it, else anonymous memory with
 * mlock + MADV_DONTDUMP + MADV_WIPEONFORK; guard pages on both sides.  A struct sec is a fixed
 * capacity piece of it: never grows, never moves, wiped when done.  Keys, seeds, PINs, words and
 * plaintext of items live only here.
 */
#ifndef LIB_SEC_H
#define LIB_SEC_H

#include "lib/err.h"
#include "lib/span.h"

struct sec {
	uint8_t *p; /* in the arena; NULL when empty */
	size_t len; /* bytes in use */
	size_t cap; /* bytes reserved */
};

enum sec_kind { SEC_NONE, SEC_MEMFD, SEC_MLOCK, SEC_PLAIN };

/*
 * Make the arena, once per process, before any sec_init.  size: bytes, rounded up to pages.
 * force_mlock skips memfd_secret (configuration, tests).  If not even mlock works: ERR_NOMEM unless
 * allow_plain.  Must run before seccomp, landlock and RLIMIT_FSIZE.
 */
MUST enum err sec_arena_open(size_t size, bool force_mlock, bool allow_plain);
/* Wipe and unmap; every struct sec is dead afterwards.  For tests and orderly exit. */
void sec_arena_close(void);
/* What the arena is made of; for status. */
enum sec_kind sec_arena_kind(void);
/* Bytes in use now; 0 after everything was freed. */
size_t sec_arena_used(void);
/* Is this pointer inside the arena? (assertions and tests) */
bool sec_arena_has(const void *p);

/* Reserve cap bytes (zeroed); *s must be empty.  ERR_NOMEM when the arena is full. */
MUST enum err sec_init(struct sec *s, size_t cap);
/* Reserve exactly as much as src and copy it. */
MUST enum err sec_init_copy(struct sec *s, struct span src);
/* Wipe and give back.  Harmless on an empty struct. */
void sec_done(struct sec *s);
/* Wipe the content, keep the reservation (len = 0). */
void sec_wipe(struct sec *s);
/* Set / append bytes; ERR_TOOBIG beyond cap (nothing is changed). */
MUST enum err sec_set(struct sec *s, struct span src);
MUST enum err sec_put(struct sec *s, struct span src);
/* Fill with n random bytes (len = n <= cap). */
MUST enum err sec_random(struct sec *s, size_t n);
/* Move ownership: *dst must be empty; *src is empty afterwards. */
void sec_move(struct sec *dst, struct sec *src);

static inline struct span
sec_span(const struct sec *s)
{
	return SPAN(s->p, s->len);
}

/* Wipe any memory so that the compiler cannot drop it. */
void sec_zero(void *p, size_t n);

#endif
