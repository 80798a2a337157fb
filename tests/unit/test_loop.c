#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/loop.h"
#include "lib/sock.h"

/* What happened, as letters. */
static char seen[64];

static void
note(char c)
{
	size_t n = strlen(seen);

	assert_true(n + 1 < sizeof(seen));
	seen[n] = c;
	seen[n + 1] = '\0';
}

static int
setup(void **state)
{
	memset(seen, 0, sizeof(seen));
	*state = loop_new();
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void
once(struct loop *l, int ms)
{
	assert_int_equal(loop_once(l, ms), ERR_OK);
}

/* --- timers --- */

static void
on_letter(void *arg)
{
	note(*(const char *)arg);
}

static void
test_timers_in_order(void **state)
{
	struct loop *l = *state;
	uint64_t t = loop_now();
	char names[] = "abcdef";

	assert_non_null(loop_timer_add(l, t + 30, on_letter, &names[4]));
	assert_non_null(loop_timer_add(l, t + 20, on_letter, &names[1]));
	assert_non_null(loop_timer_add(l, t + 20, on_letter, &names[2])); /* equal: in turn */
	assert_non_null(loop_timer_add(l, t, on_letter, &names[0]));
	assert_non_null(loop_timer_add(l, t + 20, on_letter, &names[3]));
	while (strlen(seen) < 5)
		once(l, 1000);
	assert_string_equal(seen, "abcde");
	assert_true(loop_now() >= t + 30);
}

/* Many, half of them removed, against a plain list. */
#define TIMERS 1000

struct many {
	uint64_t last;
	unsigned ran;
};

struct one {
	struct many *many;
	uint64_t when;
	bool removed;
};

static void
on_one(void *arg)
{
	struct one *o = arg;

	assert_false(o->removed);
	assert_true(o->when >= o->many->last);
	o->many->last = o->when;
	o->many->ran++;
}

static void
test_timers_many(void **state)
{
	static struct one ones[TIMERS];
	static struct loop_timer *timers[TIMERS];
	struct many many = { 0 };

	srandom(7);
	for (size_t i = 0; i < TIMERS; i++) {
		ones[i] = (struct one){ .many = &many, .when = (uint64_t)random() % 500 };
		timers[i] = loop_timer_add(*state, ones[i].when, on_one, &ones[i]);
		assert_non_null(timers[i]);
	}
	for (size_t i = 0; i < TIMERS; i += 2) {
		ones[i].removed = true;
		loop_timer_remove(timers[i]);
	}
	once(*state, 0);
	assert_int_equal(many.ran, TIMERS / 2);
}

static void
test_timer_earlier_than_armed(void **state)
{
	struct loop *l = *state;
	char names[] = "az";
	uint64_t t = loop_now();
	struct loop_timer *late = loop_timer_add(l, t + 60000, on_letter, &names[1]);

	once(l, 0); /* armed for the late one */
	assert_non_null(loop_timer_add(l, t + 20, on_letter, &names[0]));
	while (!seen[0])
		once(l, -1);
	assert_string_equal(seen, "a");
	assert_true(loop_now() - t < 5000);
	loop_timer_remove(late);
	loop_timer_remove(NULL);
}

struct again {
	struct loop *loop;
	unsigned ran;
};

static void
on_again(void *arg)
{
	struct again *a = arg;

	a->ran++;
	assert_non_null(loop_timer_add(a->loop, 0, on_again, a));
}

/* A timer due at once from its own callback does not lock the loop up. */
static void
test_timer_again(void **state)
{
	struct again a = { .loop = *state };

	assert_non_null(loop_timer_add(*state, 0, on_again, &a));
	once(*state, -1);
	assert_int_equal(a.ran, 1);
	once(*state, -1);
	assert_int_equal(a.ran, 2);
}

/* --- descriptors --- */

struct pair {
	struct loop *loop;
	struct loop_fd *watch;
	int fds[2];
	struct pair *other;
	char name;
};

static void
open_pair(struct pair *p, struct loop *l, char name)
{
	*p = (struct pair){ .loop = l, .name = name };
	assert_int_equal(sock_pair(SOCK_STREAM, p->fds), ERR_OK);
}

static void
close_pair(struct pair *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
}

static void
poke(struct pair *p)
{
	assert_int_equal(write(p->fds[1], "x", 1), 1);
}

static void
take(struct pair *p)
{
	char c;

	assert_int_equal(read(p->fds[0], &c, 1), 1);
}

static void
on_remove_both(void *arg, short revents)
{
	struct pair *p = arg;

	assert_int_equal(revents, POLLIN);
	note(p->name);
	loop_fd_remove(p->watch);
	loop_fd_remove(p->other->watch);
}

/* Whoever comes first removes itself and the other one, which is ready too. */
static void
test_remove_in_callback(void **state)
{
	struct pair a, b;

	open_pair(&a, *state, 'a');
	open_pair(&b, *state, 'b');
	a.other = &b;
	b.other = &a;
	a.watch = loop_fd_add(*state, a.fds[0], POLLIN, on_remove_both, &a);
	b.watch = loop_fd_add(*state, b.fds[0], POLLIN, on_remove_both, &b);
	poke(&a);
	poke(&b);
	once(*state, -1);
	once(*state, 0);
	assert_string_equal(seen, "a");
	close_pair(&a);
	close_pair(&b);
}

static void
on_plain(void *arg, short revents)
{
	struct pair *p = arg;

	(void)revents;
	note(p->name);
	take(p);
}

/* Close, reopen under the same number, watch again: the old event is not the new one's. */
static void
on_replace(void *arg, short revents)
{
	struct pair *a = arg, *b = a->other;
	int old = b->fds[0];

	(void)revents;
	take(a);
	note(a->name);
	loop_fd_remove(b->watch);
	close_pair(b);
	open_pair(b, a->loop, 'n');
	assert_int_equal(b->fds[0], old);
	b->watch = loop_fd_add(a->loop, b->fds[0], POLLIN, on_plain, b);
	assert_non_null(b->watch);
}

static void
test_replace_in_callback(void **state)
{
	struct pair a, b;

	open_pair(&a, *state, 'a');
	open_pair(&b, *state, 'b');
	a.other = &b;
	a.watch = loop_fd_add(*state, a.fds[0], POLLIN, on_replace, &a);
	b.watch = loop_fd_add(*state, b.fds[0], POLLIN, on_plain, &b);
	poke(&a);
	poke(&b);
	once(*state, -1);
	assert_string_equal(seen, "a");
	poke(&b);
	once(*state, -1);
	assert_string_equal(seen, "an");
	loop_fd_remove(a.watch);
	loop_fd_remove(b.watch);
	close_pair(&a);
	close_pair(&b);
}

static void
on_pause_other(void *arg, short revents)
{
	struct pair *p = arg;

	on_plain(arg, revents);
	loop_fd_events(p->other->watch, 0);
}

static void
test_lost_interest(void **state)
{
	struct pair a, b;

	open_pair(&a, *state, 'a');
	open_pair(&b, *state, 'b');
	a.other = &b;
	a.watch = loop_fd_add(*state, a.fds[0], POLLIN, on_pause_other, &a);
	b.watch = loop_fd_add(*state, b.fds[0], POLLIN, on_plain, &b);
	poke(&a);
	poke(&b);
	once(*state, -1);
	assert_string_equal(seen, "a");
	loop_fd_events(b.watch, POLLIN);
	once(*state, -1);
	assert_string_equal(seen, "ab");
	loop_fd_remove(a.watch);
	loop_fd_remove(b.watch);
	close_pair(&a);
	close_pair(&b);
}

#define PAIRS 2000

static void
on_after(void *arg)
{
	++*(unsigned *)arg;
}

static void
test_many_pairs(void **state)
{
	struct pair *pairs = calloc(PAIRS, sizeof(*pairs));
	struct rlimit old, more;
	unsigned after = 0;

	assert_non_null(pairs);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	more = old;
	more.rlim_cur = PAIRS * 2 + 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	loop_after(*state, on_after, &after);
	for (size_t i = 0; i < PAIRS; i++) {
		open_pair(&pairs[i], *state, 'p');
		pairs[i].other = &pairs[i ^ 1];
		pairs[i].watch =
		    loop_fd_add(*state, pairs[i].fds[0], POLLIN, on_remove_both, &pairs[i]);
		assert_non_null(pairs[i].watch);
	}
	/* each callback removes its neighbour too: half of them run */
	for (size_t round = 0; round < 40; round++) {
		for (size_t i = round * PAIRS / 40; i < (round + 1) * PAIRS / 40; i++)
			poke(&pairs[i]);
		memset(seen, 0, sizeof(seen));
		once(*state, -1);
		assert_int_equal(strlen(seen), PAIRS / 40 / 2);
	}
	assert_int_equal(after, 40);
	for (size_t i = 0; i < PAIRS; i++)
		close_pair(&pairs[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	free(pairs);
}

/* Holes must not stay: poll(2) counts them against RLIMIT_NOFILE. */
static void
test_no_holes_stay(void **state)
{
	struct rlimit old, few;
	struct pair a, b;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 20;
	open_pair(&a, *state, 'a');
	open_pair(&b, *state, 'b');
	a.other = &b;
	b.other = &a;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < 50; i++) {
		a.watch = loop_fd_add(*state, a.fds[0], POLLIN, on_remove_both, &a);
		b.watch = loop_fd_add(*state, b.fds[0], POLLIN, on_remove_both, &b);
		memset(seen, 0, sizeof(seen));
		poke(&a);
		once(*state, -1);
		take(&a);
		assert_string_equal(seen, "a");
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close_pair(&a);
	close_pair(&b);
}

/* --- signals, run and stop --- */

static void
on_signal(void *arg, int signo)
{
	note(signo == SIGUSR1 ? '1' : '2');
	if (signo == SIGUSR2)
		loop_stop(arg);
}

static void
test_signals_and_stop(void **state)
{
	const int first[] = { SIGUSR1, -1 }, second[] = { SIGUSR2, -1 }, bad[] = { 4711, -1 };

	assert_int_equal(loop_signals(*state, first, on_signal, *state), ERR_OK);
	assert_int_equal(loop_signals(*state, second, on_signal, *state), ERR_OK);
	assert_int_equal(loop_signals(*state, bad, on_signal, *state), ERR_RANGE);
	raise(SIGUSR1);
	once(*state, 1000);
	assert_string_equal(seen, "1");
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_int_equal(loop_run(*state), ERR_OK);
	assert_int_equal(strlen(seen), 3);
	assert_non_null(strchr(seen, '2'));
	raise(SIGUSR2);
	assert_int_equal(loop_run(*state), ERR_OK); /* a stop counts once */
}

static void
on_nested(void *arg, short revents)
{
	struct pair *p = arg;

	(void)revents;
	take(p);
	assert_int_equal(loop_once(p->loop, 0), ERR_BUSY);
	note(p->name);
}

static void
test_nested_is_refused(void **state)
{
	struct pair a;

	open_pair(&a, *state, 'a');
	a.watch = loop_fd_add(*state, a.fds[0], POLLIN, on_nested, &a);
	poke(&a);
	once(*state, -1);
	assert_string_equal(seen, "a");
	loop_fd_remove(a.watch);
	close_pair(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timers_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_earlier_than_armed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace_in_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_interest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_holes_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signals_and_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nested_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
