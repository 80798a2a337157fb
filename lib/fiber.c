#include "lib/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#endif

struct fiber {
	ucontext_t here; /* where the fiber goes on */
	ucontext_t back; /* where its caller goes on */
	struct fiber *caller;
	uint8_t *map; /* guard page, then the stack */
	size_t guard;
	fiber_fn *fn;
	void *arg;
	enum err reason;
	bool waits; /* inside fiber_wait */
	bool woken; /* woken before it waited */
	bool ended;
	const void *back_stack; /* for the sanitizer */
	size_t back_size;
	unsigned stack_id; /* for memcheck */
};

static struct fiber *current;

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

#define STACK ((size_t)FIBER_STACK * 4) /* red zones make frames larger */

static void
note_leave(void **fake, const void *to, size_t size)
{
	__sanitizer_start_switch_fiber(fake, to, size);
}

static void
note_arrive(void *fake, const void **from, size_t *size)
{
	__sanitizer_finish_switch_fiber(fake, from, size);
}

static void
note_stack(struct fiber *f, bool is_new)
{
	void *stack = f->map + f->guard;

	if (is_new)
		__lsan_register_root_region(stack, STACK);
	else
		__lsan_unregister_root_region(stack, STACK);
	ASAN_UNPOISON_MEMORY_REGION(stack, STACK);
}

#else

#define STACK ((size_t)FIBER_STACK)

static void
note_leave(void **fake, const void *to, size_t size)
{
	(void)fake, (void)to, (void)size;
}

static void
note_arrive(void *fake, const void **from, size_t *size)
{
	(void)fake, (void)from, (void)size;
}

#ifdef OWNKEY_VALGRIND
#include <valgrind/memcheck.h>

static void
note_stack(struct fiber *f, bool is_new)
{
	uint8_t *stack = f->map + f->guard;

	if (is_new)
		f->stack_id = VALGRIND_STACK_REGISTER(stack, stack + STACK);
	else
		VALGRIND_STACK_DEREGISTER(f->stack_id);
	/* memcheck forbids what is below a stack pointer; it is about to be wiped */
	(void)VALGRIND_MAKE_MEM_UNDEFINED(stack, STACK);
}

#else

static void
note_stack(struct fiber *f, bool is_new)
{
	(void)f, (void)is_new;
}

#endif
#endif

struct fiber *
fiber_self(void)
{
	return current;
}

bool
fiber_ended(const struct fiber *f)
{
	return f->ended;
}

/* Stacks of fibers that ended, wiped: to map one and to touch its pages takes longer than most
 * fibers run.  Builds that watch memory get a fresh one each time. */
#if defined(FIBER_ASAN) || defined(OWNKEY_VALGRIND)
#define SPARES 0
#else
#define SPARES 64
#endif
static uint8_t *spare[SPARES + 1];
static size_t nspare;

/* Most fibers use little of their stack, and to write zeros to what is zero takes longer than they
 * run: pages that nobody touched would all be there from then on. */
static void
wipe_stack(uint8_t *stack)
{
	static const uint8_t zeros[4096];
	size_t at = 0;

	if (SPARES > 0)
		while (at < STACK && memcmp(stack + at, zeros, sizeof zeros) == 0)
			at += sizeof zeros;
	explicit_bzero(stack + at, STACK - at);
}

/* An overflow must hit the guard page, not somebody's memory. */
static enum err
make_stack(struct fiber *f)
{
	f->guard = (size_t)sysconf(_SC_PAGESIZE);
	if (nspare > 0) {
		f->map = spare[--nspare];
		return ERR_OK;
	}
	f->map = mmap(NULL, f->guard + STACK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return ERR_NOMEM;
	}
	if (mprotect(f->map, f->guard, PROT_NONE) < 0) {
		munmap(f->map, f->guard + STACK);
		f->map = NULL;
		return ERR_NOMEM;
	}
	(void)madvise(f->map, f->guard + STACK, MADV_DONTDUMP);
	note_stack(f, true);
	return ERR_OK;
}

static bool
keep_stack(uint8_t *map)
{
#if SPARES > 0
	if (nspare < SPARES) {
		spare[nspare++] = map;
		return true;
	}
#endif
	(void)map;
	return false;
}

static void
drop_stack(struct fiber *f)
{
	if (!f->map)
		return;
	note_stack(f, false);
	wipe_stack(f->map + f->guard);
	if (!keep_stack(f->map))
		munmap(f->map, f->guard + STACK);
	f->map = NULL;
	/* the saved registers may hold what the stack held */
	explicit_bzero(&f->here, sizeof(f->here));
}

static void
switch_in(struct fiber *f)
{
	void *fake = NULL;

	f->caller = current;
	f->waits = false;
	current = f;
	note_leave(&fake, f->map + f->guard, STACK);
	if (swapcontext(&f->back, &f->here) < 0)
		abort();
	note_arrive(fake, NULL, NULL);
	current = f->caller;
	if (f->ended)
		drop_stack(f);
}

static void
switch_out(struct fiber *f)
{
	void *fake = NULL;

	/* NULL tells the sanitizer that this stack is never entered again */
	note_leave(f->ended ? NULL : &fake, f->back_stack, f->back_size);
	if (swapcontext(&f->here, &f->back) < 0)
		abort();
	note_arrive(fake, &f->back_stack, &f->back_size);
}

/* makecontext passes ints only; the fiber itself is in `current`. */
static void
run(void)
{
	struct fiber *f = current;

	note_arrive(NULL, &f->back_stack, &f->back_size);
	f->fn(f->arg);
	f->ended = true;
	switch_out(f);
	abort();
}

/* Apart from fiber_start: getcontext returns twice as far as the compiler knows. */
static enum err
make_context(struct fiber *f)
{
	if (getcontext(&f->here) < 0)
		return ERR_INTERNAL;
	f->here.uc_stack.ss_sp = f->map + f->guard;
	f->here.uc_stack.ss_size = STACK;
	makecontext(&f->here, run, 0);
	return ERR_OK;
}

MUST enum err
fiber_start(struct fiber **out, fiber_fn *fn, void *arg)
{
	struct fiber *f = calloc(1, sizeof(*f));
	enum err r;

	if (!f)
		return ERR_NOMEM;
	f->fn = fn;
	f->arg = arg;
	if ((r = make_stack(f)) || (r = make_context(f))) {
		drop_stack(f);
		free(f);
		return r;
	}
	*out = f; /* before it runs: what it starts may want to wake it */
	switch_in(f);
	return ERR_OK;
}

MUST enum err
fiber_wait(void)
{
	struct fiber *f = current;

	if (!f)
		return ERR_INTERNAL;
	if (!f->woken) {
		f->waits = true;
		switch_out(f);
	}
	f->woken = false;
	return f->reason;
}

void
fiber_wake(struct fiber *f, enum err reason)
{
	if (f->ended)
		return;
	if (f->waits) {
		f->reason = reason;
		switch_in(f);
	} else if (!f->woken || !f->reason) {
		/* it runs: remember, and let no success hide a failure */
		f->woken = true;
		f->reason = reason;
	}
}

void
fiber_free(struct fiber *f)
{
	if (!f)
		return;
	if (!f->ended)
		abort();
	free(f);
}
