#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fiber.h"

struct flow {
	struct fiber *fiber;
	struct fiber *inner;
	enum err got[4];
	unsigned waits; /* how often it shall wait */
	unsigned step;
	double number; /* floating point registers survive too */
};

static void
wait_n(void *arg)
{
	struct flow *f = arg;
	volatile double local = 1.5;
	char *heap = malloc(64); /* known only to this stack: no leak for the sanitizer */

	assert_ptr_equal(fiber_self(), f->fiber);
	strcpy(heap, "still here");
	for (unsigned i = 0; i < f->waits; i++) {
		f->step++;
		f->got[i] = fiber_wait();
		local *= 2;
	}
	assert_string_equal(heap, "still here");
	free(heap);
	f->number = local;
	f->step = 100;
}

static void
start(struct flow *f, fiber_fn *fn)
{
	assert_int_equal(fiber_start(&f->fiber, fn, f), ERR_OK);
}

static void
test_ends_at_once(void **state)
{
	struct flow f = { 0 };

	(void)state;
	start(&f, wait_n);
	assert_int_equal(f.step, 100);
	assert_true(fiber_ended(f.fiber));
	fiber_wake(f.fiber, ERR_OK); /* harmless */
	fiber_free(f.fiber);
	fiber_free(NULL);
	assert_null(fiber_self());
	assert_int_equal(fiber_wait(), ERR_INTERNAL);
}

static void
test_waits_and_reasons(void **state)
{
	struct flow f = { .waits = 3 };

	(void)state;
	start(&f, wait_n);
	assert_int_equal(f.step, 1);
	assert_null(fiber_self());
	fiber_wake(f.fiber, ERR_OK);
	fiber_wake(f.fiber, ERR_TIMEOUT);
	assert_false(fiber_ended(f.fiber));
	fiber_wake(f.fiber, ERR_CANCELLED);
	assert_true(fiber_ended(f.fiber));
	assert_int_equal(f.got[0], ERR_OK);
	assert_int_equal(f.got[1], ERR_TIMEOUT);
	assert_int_equal(f.got[2], ERR_CANCELLED);
	assert_true(f.number > 11.9 && f.number < 12.1);
	fiber_free(f.fiber);
}

static void
interleave(struct flow *flows, unsigned n)
{
	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = 0; i < n; i++)
			fiber_wake(flows[i].fiber, (enum err)(i % 40));
}

static void
test_many(void **state)
{
	enum { N = 200 };
	struct flow *flows = calloc(N, sizeof(*flows));

	(void)state;
	assert_non_null(flows);
	for (unsigned i = 0; i < N; i++) {
		flows[i].waits = 4;
		start(&flows[i], wait_n);
	}
	interleave(flows, N);
	for (unsigned i = 0; i < N; i++) {
		assert_true(fiber_ended(flows[i].fiber));
		assert_int_equal(flows[i].got[3], i % 40);
		fiber_free(flows[i].fiber);
	}
	free(flows);
}

/* A fiber starts a fiber, wakes it, and goes on itself when that one waits. */
static void
outer(void *arg)
{
	struct flow *f = arg;
	struct flow in = { .waits = 2 };

	start(&in, wait_n);
	assert_ptr_equal(fiber_self(), f->fiber);
	fiber_wake(in.fiber, ERR_BUSY);
	f->got[0] = fiber_wait();
	fiber_wake(in.fiber, ERR_LIMIT);
	assert_true(fiber_ended(in.fiber));
	f->got[1] = in.got[0];
	f->got[2] = in.got[1];
	fiber_free(in.fiber);
}

static void
test_nested(void **state)
{
	struct flow f = { 0 };

	(void)state;
	start(&f, outer);
	assert_false(fiber_ended(f.fiber));
	fiber_wake(f.fiber, ERR_REFUSED);
	assert_true(fiber_ended(f.fiber));
	assert_int_equal(f.got[0], ERR_REFUSED);
	assert_int_equal(f.got[1], ERR_BUSY);
	assert_int_equal(f.got[2], ERR_LIMIT);
	fiber_free(f.fiber);
}

/* What a fiber starts may answer before the fiber waits. */
static void
woken_early(void *arg)
{
	struct flow *f = arg;

	fiber_wake(f->fiber, ERR_TIMEOUT);
	fiber_wake(f->fiber, ERR_OK); /* does not hide the failure */
	f->got[0] = fiber_wait();
	f->step = 1;
	f->got[1] = fiber_wait();
}

static void
test_woken_before_it_waits(void **state)
{
	struct flow f = { 0 };

	(void)state;
	start(&f, woken_early);
	assert_int_equal(f.got[0], ERR_TIMEOUT);
	assert_int_equal(f.step, 1);
	assert_false(fiber_ended(f.fiber));
	fiber_wake(f.fiber, ERR_BUSY);
	assert_int_equal(f.got[1], ERR_BUSY);
	fiber_free(f.fiber);
}

#ifndef OWNKEY_SAN
static int
deeper(volatile int *depth)
{
	volatile char big[4096];

	++*depth;
	big[*depth & 4095] = 1; /* which one is open: all of it has to be there */
	return *depth > 1000 ? 0 : deeper(depth) + big[*depth & 4095];
}

static void
overflow(void *arg)
{
	*(volatile int *)arg = deeper(arg);
}

static void
test_overflow_hits_guard(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct fiber *f;
		int depth = 0;

		signal(SIGSEGV, SIG_DFL);
		_exit(fiber_start(&f, overflow, &depth) ? 2 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_at_once),
		cmocka_unit_test(test_waits_and_reasons),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_woken_before_it_waits),
#ifndef OWNKEY_SAN
		cmocka_unit_test(test_overflow_hits_guard),
#endif
	};

	return cmocka_run_group_tests_name("fiber", tests, NULL, NULL);
}
