/*
 * The arena is a row of granules.  Its map (run lengths) lives in ordinary memory: it is no secret,
 * and an overrun inside the arena cannot corrupt it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sec.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* the same on every architecture that has it */
#endif

#define GRANULE	  ((size_t)64)
#define USED	  0x80000000u
#define ARENA_MAX ((size_t)1 << 30)

static struct {
	uint8_t *p;
	size_t size;
	size_t page;
	size_t used;
	uint32_t *run; /* at the first granule of a run: its length, | USED */
	enum sec_kind kind;
} arena;

void
sec_zero(void *p, size_t n)
{
	explicit_bzero(p, n);
}

/* --- making the arena --- */

/* DONTFORK: a child would share these pages, not copy them. */
static bool
map_memfd(uint8_t *at, size_t size)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = ftruncate(fd, (off_t)size) == 0 &&
	    mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
	close(fd);
	return ok && madvise(at, size, MADV_DONTFORK) == 0;
}

static bool
map_private(uint8_t *at, size_t size)
{
	return mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) != MAP_FAILED &&
	    madvise(at, size, MADV_WIPEONFORK) == 0;
}

static enum sec_kind
map_best(uint8_t *at, size_t size, bool force_mlock, bool allow_plain)
{
	if (!force_mlock && map_memfd(at, size))
		return SEC_MEMFD;
	if (!map_private(at, size))
		return SEC_NONE;
	if (mlock(at, size) == 0)
		return SEC_MLOCK;
	return allow_plain ? SEC_PLAIN : SEC_NONE;
}

enum err
sec_arena_open(size_t size, bool force_mlock, bool allow_plain)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *all;

	if (arena.p != NULL)
		return ERR_INTERNAL;
	if (size == 0 || size > ARENA_MAX)
		return ERR_RANGE;
	size = (size + page - 1) / page * page;
	all = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return ERR_NOMEM;
	arena.kind = map_best(all + page, size, force_mlock, allow_plain);
	arena.run = arena.kind ? calloc(size / GRANULE, sizeof(*arena.run)) : NULL;
	if (arena.run == NULL) {
		arena.kind = SEC_NONE;
		munmap(all, size + 2 * page);
		return ERR_NOMEM;
	}
	/* older kernels refuse this for secret memory, which they never dump anyway */
	(void)madvise(all + page, size, MADV_DONTDUMP);
	arena.p = all + page;
	arena.size = size;
	arena.page = page;
	arena.used = 0;
	arena.run[0] = (uint32_t)(size / GRANULE);
	return ERR_OK;
}

void
sec_arena_close(void)
{
	if (arena.p == NULL)
		return;
	sec_zero(arena.p, arena.size);
	munmap(arena.p - arena.page, arena.size + 2 * arena.page);
	free(arena.run);
	memset(&arena, 0, sizeof(arena));
}

enum sec_kind
sec_arena_kind(void)
{
	return arena.kind;
}

size_t
sec_arena_used(void)
{
	return arena.used;
}

bool
sec_arena_has(const void *p)
{
	uintptr_t a = (uintptr_t)p, base = (uintptr_t)arena.p;

	return arena.p != NULL && a >= base && a - base < arena.size;
}

/* --- granules --- */

/* Length of the free run at i, after joining the free runs behind it; 0 when it is used. */
static uint32_t
free_run(size_t i, size_t n)
{
	uint32_t *r = &arena.run[i];

	if (*r & USED)
		return 0;
	while (i + *r < n && !(arena.run[i + *r] & USED))
		*r += arena.run[i + *r];
	return *r;
}

static uint8_t *
granules_take(uint32_t want)
{
	size_t i, n = arena.size / GRANULE;
	uint32_t have;

	for (i = 0; i < n; i += arena.run[i] & ~USED) {
		if ((have = free_run(i, n)) < want)
			continue;
		if (have > want)
			arena.run[i + want] = have - want;
		arena.run[i] = want | USED;
		arena.used += want * GRANULE;
		return arena.p + i * GRANULE;
	}
	return NULL;
}

static void
granules_give(uint8_t *p)
{
	size_t off, n;

	if (!sec_arena_has(p))
		abort();
	off = (size_t)(p - arena.p);
	if (off % GRANULE != 0 || !(arena.run[off / GRANULE] & USED))
		abort(); /* given back twice, or never ours */
	n = (arena.run[off / GRANULE] &= ~USED) * GRANULE;
	sec_zero(p, n);
	arena.used -= n;
}

/* --- struct sec --- */

enum err
sec_init(struct sec *s, size_t cap)
{
	uint8_t *p;

	if (arena.p == NULL || s->p != NULL)
		return ERR_INTERNAL;
	if (cap > arena.size)
		return ERR_NOMEM;
	if ((p = granules_take(cap ? (uint32_t)((cap + GRANULE - 1) / GRANULE) : 1)) == NULL)
		return ERR_NOMEM;
	*s = (struct sec){ p, 0, cap };
	return ERR_OK;
}

enum err
sec_init_copy(struct sec *s, struct span src)
{
	enum err r;

	if ((r = sec_init(s, src.len)))
		return r;
	return sec_set(s, src);
}

void
sec_done(struct sec *s)
{
	if (s->p != NULL)
		granules_give(s->p);
	*s = (struct sec){ 0 };
}

void
sec_wipe(struct sec *s)
{
	if (s->p != NULL)
		sec_zero(s->p, s->cap);
	s->len = 0;
}

/* src may lie inside s itself */
enum err
sec_set(struct sec *s, struct span src)
{
	if (src.len > s->cap)
		return ERR_TOOBIG;
	if (src.len > 0)
		memmove(s->p, src.p, src.len);
	if (s->p != NULL)
		sec_zero(s->p + src.len, s->cap - src.len);
	s->len = src.len;
	return ERR_OK;
}

enum err
sec_put(struct sec *s, struct span src)
{
	if (src.len > s->cap - s->len)
		return ERR_TOOBIG;
	if (src.len > 0)
		memmove(s->p + s->len, src.p, src.len);
	s->len += src.len;
	return ERR_OK;
}

enum err
sec_random(struct sec *s, size_t n)
{
	size_t at = 0;
	ssize_t got;

	if (n > s->cap)
		return ERR_TOOBIG;
	while (at < n) {
		got = getrandom(s->p + at, n - at, 0);
		if (got > 0)
			at += (size_t)got;
		else if (errno != EINTR)
			abort();
	}
	s->len = n;
	return ERR_OK;
}

void
sec_move(struct sec *dst, struct sec *src)
{
	if (dst->p != NULL)
		abort();
	*dst = *src;
	*src = (struct sec){ 0 };
}
