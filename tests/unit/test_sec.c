#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/sec.h"

#define ARENA ((size_t)64 * 1024)

#ifdef OWNKEY_SAN
#define MLOCK_WORKS false /* the sanitizer makes mlock(2) do nothing */
#else
#define MLOCK_WORKS true
#endif

/* for each test: the best kind, or mlock */
static int
open_best(void **state)
{
	(void)state;
	return sec_arena_open(ARENA, false, false) != ERR_OK;
}

static int
open_mlock(void **state)
{
	(void)state;
	return sec_arena_open(ARENA, true, false) != ERR_OK;
}

static int
close_arena(void **state)
{
	(void)state;
	sec_arena_close();
	return 0;
}

/* Exit status of fn in a child; -1 when a signal (or the sanitizer) ended it. */
static int
in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		_exit(fn(arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	while (n-- > 0)
		if (p[n] != 0)
			return false;
	return true;
}

static void
test_not_open(void **state)
{
	struct sec s = { 0 };
	int x;

	(void)state;
	assert_int_equal(sec_init(&s, 32), ERR_INTERNAL);
	assert_int_equal(sec_init_copy(&s, SPAN_LIT("x")), ERR_INTERNAL);
	assert_null(s.p);
	assert_int_equal(sec_arena_kind(), SEC_NONE);
	assert_int_equal(sec_arena_used(), 0);
	assert_false(sec_arena_has(&x));
	assert_false(sec_arena_has(NULL));
	sec_done(&s);
	sec_arena_close();
	assert_int_equal(sec_arena_open(0, false, false), ERR_RANGE);
	assert_int_equal(sec_arena_open(SIZE_MAX, false, false), ERR_RANGE);
}

static void
test_open(void **state)
{
	struct sec s = { 0 };

	(void)state;
	assert_int_not_equal(sec_arena_kind(), SEC_NONE);
	assert_int_equal(sec_arena_open(ARENA, false, false), ERR_INTERNAL);
	assert_int_equal(sec_init(&s, 100), ERR_OK);
	assert_true(sec_arena_has(s.p));
	assert_true(sec_arena_has(s.p + 99));
	assert_false(sec_arena_has(&s));
	assert_true(sec_arena_used() >= 100);
	assert_int_equal(sec_init(&s, 100), ERR_INTERNAL); /* it is not empty */
	sec_done(&s);
	assert_null(s.p);
	assert_int_equal(sec_arena_used(), 0);
	sec_done(&s);
}

static void
test_set_put(void **state)
{
	struct sec s = { 0 }, c = { 0 };

	(void)state;
	assert_int_equal(sec_init(&s, 8), ERR_OK);
	assert_int_equal(s.len, 0);
	assert_true(is_zero(s.p, 8));
	assert_int_equal(sec_set(&s, SPAN_LIT("abcdefgh")), ERR_OK);
	assert_int_equal(sec_set(&s, SPAN_LIT("123456789")), ERR_TOOBIG);
	assert_int_equal(sec_put(&s, SPAN_LIT("i")), ERR_TOOBIG);
	assert_true(span_is(sec_span(&s), "abcdefgh"));
	assert_int_equal(sec_set(&s, SPAN_LIT("xy")), ERR_OK);
	assert_true(is_zero(s.p + 2, 6)); /* nothing of the old value is left */
	assert_int_equal(sec_put(&s, SPAN_LIT("z")), ERR_OK);
	assert_int_equal(sec_put(&s, SPAN_NONE), ERR_OK);
	assert_true(span_is(sec_span(&s), "xyz"));
	assert_int_equal(sec_set(&s, SPAN(s.p + 1, 2)), ERR_OK); /* of itself */
	assert_true(span_is(sec_span(&s), "yz"));
	assert_int_equal(sec_init_copy(&c, sec_span(&s)), ERR_OK);
	assert_int_equal(c.cap, 2);
	assert_true(span_is(sec_span(&c), "yz"));
	assert_ptr_not_equal(c.p, s.p);
	sec_wipe(&s);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.cap, 8);
	assert_true(is_zero(s.p, 8));
	sec_done(&s);
	sec_done(&c);
	assert_int_equal(sec_put(&s, SPAN_LIT("x")), ERR_TOOBIG); /* empty struct */
	assert_int_equal(sec_set(&s, SPAN_NONE), ERR_OK);
}

static void
test_done_wipes(void **state)
{
	struct sec s = { 0 };
	const uint8_t *p;

	(void)state;
	assert_int_equal(sec_init(&s, 200), ERR_OK);
	memset(s.p, 0xaa, 200); /* beyond len too */
	p = s.p;
	sec_done(&s);
	assert_true(is_zero(p, 200));
}

static void
test_move(void **state)
{
	struct sec a = { 0 }, b = { 0 };
	size_t used;

	(void)state;
	assert_int_equal(sec_init_copy(&a, SPAN_LIT("key")), ERR_OK);
	used = sec_arena_used();
	sec_move(&b, &a);
	assert_null(a.p);
	assert_int_equal(a.len, 0);
	assert_true(span_is(sec_span(&b), "key"));
	assert_int_equal(sec_arena_used(), used);
	sec_done(&b);
}

static void
test_random(void **state)
{
	struct sec a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(sec_init(&a, 1000), ERR_OK);
	assert_int_equal(sec_init(&b, 1000), ERR_OK);
	assert_int_equal(sec_random(&a, 1001), ERR_TOOBIG);
	assert_int_equal(a.len, 0);
	assert_int_equal(sec_random(&a, 1000), ERR_OK);
	assert_int_equal(sec_random(&b, 1000), ERR_OK);
	assert_int_equal(a.len, 1000);
	assert_false(is_zero(a.p + 968, 32));
	assert_memory_not_equal(a.p, b.p, 1000);
	sec_done(&a);
	sec_done(&b);
}

static void
test_full(void **state)
{
	struct sec s = { 0 }, t = { 0 };

	(void)state;
	assert_int_equal(sec_init(&s, ARENA + 1), ERR_NOMEM);
	assert_int_equal(sec_init(&s, SIZE_MAX), ERR_NOMEM);
	assert_int_equal(sec_init(&s, ARENA), ERR_OK);
	assert_int_equal(sec_init(&t, 1), ERR_NOMEM);
	assert_null(t.p);
	sec_done(&s);
	assert_int_equal(sec_init(&t, 0), ERR_OK); /* a struct in use, of no bytes */
	assert_non_null(t.p);
	assert_int_equal(sec_put(&t, SPAN_LIT("x")), ERR_TOOBIG);
	sec_done(&t);
}

/* Many pieces come and go: none overlaps another, and in the end the arena is whole again. */
static void
test_churn(void **state)
{
	struct sec s[64] = { 0 }, all = { 0 };
	size_t i, n, failed = 0;
	uint32_t x = 1;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		x = x * 1664525 + 1013904223;
		i = x >> 26;
		if (s[i].p != NULL) {
			for (n = 0; n < s[i].cap; n++)
				assert_int_equal(s[i].p[n], i + 1);
			sec_done(&s[i]);
			continue;
		}
		n = (x >> 8 & 0xfff) + 1;
		if (sec_init(&s[i], n) == ERR_OK) {
			assert_true(is_zero(s[i].p, n));
			memset(s[i].p, (int)i + 1, n);
		} else {
			failed++;
		}
	}
	assert_true(failed > 0); /* it was really full at times */
	for (i = 0; i < 64; i++)
		sec_done(&s[i]);
	assert_int_equal(sec_arena_used(), 0);
	assert_int_equal(sec_init(&all, ARENA), ERR_OK);
	assert_true(is_zero(all.p, ARENA));
	sec_done(&all);
}

static int
poke(void *p)
{
	*(volatile uint8_t *)p = 1;
	return 0;
}

static void
test_guards(void **state)
{
	struct sec all = { 0 };

	(void)state;
	assert_int_equal(sec_init(&all, ARENA), ERR_OK);
	assert_int_not_equal(in_child(poke, all.p - 1), 0);
	assert_int_not_equal(in_child(poke, all.p + ARENA), 0);
	poke(all.p);
	poke(all.p + ARENA - 1);
	sec_done(&all);
}

static int
sees_secret(void *p)
{
	return *(volatile uint8_t *)p == 0x5a ? 42 : 0;
}

/* A child has either no such pages or empty ones. */
static void
test_not_inherited(void **state)
{
	struct sec s = { 0 };

	(void)state;
	assert_int_equal(sec_init_copy(&s, SPAN_LIT("\x5a")), ERR_OK);
	assert_int_equal(sees_secret(s.p), 42);
	assert_int_not_equal(in_child(sees_secret, s.p), 42);
	if (sec_arena_kind() == SEC_MEMFD)
		assert_int_not_equal(in_child(sees_secret, s.p), 0);
	sec_done(&s);
}

static int
give_twice(void *arg)
{
	struct sec s = { 0 }, copy;

	(void)arg;
	if (sec_arena_open(ARENA, true, true) || sec_init(&s, 64))
		return 1;
	copy = s;
	sec_done(&s);
	sec_done(&copy);
	return 0;
}

static void
test_give_twice(void **state)
{
	(void)state;
	assert_int_equal(in_child(give_twice, NULL), -1);
}

/* VmFlags of the mapping that begins at p (proc(5)) */
static bool
has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512], start[32];
	bool found = false, here = false;

	assert_non_null(f);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)p);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0)
			here = true;
		if (here && strncmp(line, "VmFlags:", 8) == 0) {
			found = strstr(line, flag) != NULL;
			break;
		}
	}
	fclose(f);
	return found;
}

static void
test_flags(void **state)
{
	struct sec s = { 0 };

	(void)state;
	assert_int_equal(sec_init(&s, 1), ERR_OK);
	if (sec_arena_kind() == SEC_MEMFD || MLOCK_WORKS)
		assert_true(has_flag(s.p, " lo"));
	assert_true(has_flag(s.p, " dd"));
	assert_true(has_flag(s.p, sec_arena_kind() == SEC_MEMFD ? " dc" : " wf"));
	sec_done(&s);
}

/* Nothing can be locked: refuse, or go on in plain memory when that was allowed. */
static int
without_lock(void *allow_plain)
{
	struct rlimit none = { 0, 0 };
	enum err r;

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return 1;
	if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 1;
	r = sec_arena_open(ARENA, false, allow_plain != NULL);
	if (!MLOCK_WORKS)
		return r == ERR_OK && sec_arena_kind() == SEC_MLOCK ? 77 : 4;
	if (allow_plain == NULL)
		return r == ERR_NOMEM && sec_arena_kind() == SEC_NONE ? 77 : 2;
	return r == ERR_OK && sec_arena_kind() == SEC_PLAIN ? 77 : 3;
}

static void
test_no_lock(void **state)
{
	int yes;

	(void)state;
	assert_int_equal(in_child(without_lock, NULL), 77);
	assert_int_equal(in_child(without_lock, &yes), 77);
}

static void
test_force_mlock(void **state)
{
	(void)state;
	assert_int_equal(sec_arena_kind(), SEC_MLOCK);
}

static void
test_zero(void **state)
{
	uint8_t p[16];

	(void)state;
	memset(p, 0xff, sizeof(p));
	sec_zero(p + 1, 14);
	assert_int_equal(p[0], 0xff);
	assert_int_equal(p[15], 0xff);
	assert_true(is_zero(p + 1, 14));
}

#define BEST(t) cmocka_unit_test_setup_teardown(t, open_best, close_arena)
#define MLOCK(t)                                                \
	{                                                       \
#t " (mlock)", t, open_mlock, close_arena, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_open),
		cmocka_unit_test(test_no_lock),
		cmocka_unit_test(test_give_twice),
		cmocka_unit_test(test_zero),
		BEST(test_open),
		BEST(test_set_put),
		BEST(test_done_wipes),
		BEST(test_move),
		BEST(test_random),
		BEST(test_full),
		BEST(test_churn),
		BEST(test_guards),
		BEST(test_not_inherited),
		BEST(test_flags),
		MLOCK(test_force_mlock),
		MLOCK(test_done_wipes),
		MLOCK(test_churn),
		MLOCK(test_guards),
		MLOCK(test_not_inherited),
		MLOCK(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
