#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/chan.h"
#include "lib/loop.h"
#include "lib/sock.h"

struct two {
	struct chan a, b;
};

static int
setup(void **state)
{
	struct two *t = calloc(1, sizeof(*t));
	int fds[2];

	if (!t || sock_pair(SOCK_STREAM, fds))
		return -1;
	chan_init(&t->a, fds[0], 100000);
	chan_init(&t->b, fds[1], 100000);
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	struct two *t = *state;

	chan_done(&t->a);
	chan_done(&t->b);
	free(t);
	return 0;
}

static void
put(struct chan *c, const char *s)
{
	assert_int_equal(chan_put(c, span_str(s)), ERR_OK);
}

static void
next_is(struct chan *c, const char *s)
{
	struct span f;

	assert_int_equal(chan_next(c, &f), ERR_OK);
	assert_true(span_is(f, s));
}

static void
nothing_next(struct chan *c)
{
	struct span f;

	assert_int_equal(chan_next(c, &f), ERR_TRUNCATED);
}

static void
test_frames(void **state)
{
	struct two *t = *state;

	put(&t->a, "one");
	put(&t->a, "");
	put(&t->a, "three");
	assert_true(chan_wants_write(&t->a));
	assert_int_equal(chan_flush(&t->a), ERR_OK);
	assert_false(chan_wants_write(&t->a));
	assert_int_equal(chan_fill(&t->b), ERR_OK);
	next_is(&t->b, "one");
	next_is(&t->b, "");
	next_is(&t->b, "three");
	nothing_next(&t->b);
	assert_false(chan_is_partial(&t->b));
	assert_int_equal(chan_fill(&t->b), ERR_OK); /* empty socket: not a failure */
	nothing_next(&t->b);
}

/* Byte by byte: a frame appears with its last byte and not before. */
static void
test_partial(void **state)
{
	struct two *t = *state;
	const uint8_t bytes[] = { 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'z' };

	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(write(t->a.fd, &bytes[i], 1), 1);
		assert_int_equal(chan_fill(&t->b), ERR_OK);
		if (i == 6)
			next_is(&t->b, "abc");
		else if (i == 11)
			next_is(&t->b, "z");
		else
			nothing_next(&t->b);
		assert_int_equal(chan_is_partial(&t->b), i != 6 && i != 11);
	}
}

static void
test_too_big(void **state)
{
	struct two *t = *state;
	const uint8_t ok_then_big[] = { 0, 0, 0, 1, 'x', 0, 1, 0x86, 0xa1 }; /* 100001 */
	struct span f;

	assert_int_equal(write(t->a.fd, ok_then_big, sizeof(ok_then_big)), sizeof(ok_then_big));
	assert_int_equal(chan_fill(&t->b), ERR_OK); /* the first frame is to be had */
	next_is(&t->b, "x");
	assert_int_equal(chan_next(&t->b, &f), ERR_TOOBIG);
	assert_int_equal(chan_fill(&t->b), ERR_TOOBIG);
}

static void
test_hangup_after_content(void **state)
{
	struct two *t = *state;

	put(&t->a, "last words");
	assert_int_equal(chan_flush(&t->a), ERR_OK);
	chan_done(&t->a);
	assert_int_equal(chan_fill(&t->b), ERR_OK);
	next_is(&t->b, "last words");
	assert_int_equal(chan_fill(&t->b), ERR_HANGUP);
	put(&t->b, "anybody?");
	assert_int_equal(chan_flush(&t->b), ERR_HANGUP); /* and no SIGPIPE */
	assert_int_equal(chan_flush(&t->a), ERR_HANGUP);
	assert_int_equal(chan_fill(&t->a), ERR_HANGUP);
}

/* More than a socket holds, both sides in one thread; what is sent equals what comes. */
static void
test_bulk(void **state)
{
	struct two *t = *state;
	enum { N = 200 };
	uint8_t *data = malloc(50000);
	unsigned got = 0, sent = 0, stuck = 0;
	struct span f;

	assert_non_null(data);
	while (got < N) {
		for (int i = 0; sent < N && i < 10; i++, sent++) {
			memset(data, (int)sent, 50000);
			assert_int_equal(chan_put(&t->a, SPAN(data, 50000 - sent)), ERR_OK);
		}
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		stuck += chan_wants_write(&t->a);
		assert_int_equal(chan_fill(&t->b), ERR_OK);
		while (chan_next(&t->b, &f) == ERR_OK) {
			assert_int_equal(f.len, 50000 - got);
			assert_int_equal(f.p[0], got);
			assert_int_equal(f.p[f.len - 1], got);
			got++;
		}
	}
	assert_true(stuck > 0);
	free(data);
}

/* Nobody takes the frames: reading stops, memory stays bounded, nothing is lost. */
static void
test_bounded(void **state)
{
	struct two *t = *state;
	static uint8_t data[60000];
	unsigned put_n = 0, got = 0;
	struct span f;

	for (int i = 0; i < 200; i++) {
		if (t->a.out.len - t->a.out_at < 1000000) {
			assert_int_equal(chan_put(&t->a, SPAN(data, sizeof(data))), ERR_OK);
			put_n++;
		}
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		assert_int_equal(chan_fill(&t->b), ERR_OK);
		assert_true(t->b.in.len < 2 * CHAN_FILL_MOST + 65536);
	}
	assert_true(put_n < 100);
	while (got < put_n) {
		while (chan_next(&t->b, &f) == ERR_OK)
			got++;
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		assert_int_equal(chan_fill(&t->b), ERR_OK);
	}
}

/* Warm: buffers stay where they are. */
static void
test_no_allocation_when_warm(void **state)
{
	struct two *t = *state;
	const uint8_t *in = NULL, *out = NULL;

	for (int i = 0; i < 1000; i++) {
		for (int k = 0; k < 20; k++)
			put(&t->a, "a request of common size, and a reply of the same");
		if (i > 10)
			assert_ptr_equal(t->a.out.p, out);
		out = t->a.out.p;
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		assert_int_equal(chan_fill(&t->b), ERR_OK);
		for (int k = 0; k < 20; k++)
			next_is(&t->b, "a request of common size, and a reply of the same");
		if (i > 10)
			assert_ptr_equal(t->b.in.p, in);
		in = t->b.in.p;
	}
	assert_true(t->b.in.cap < 16384);
}

/* A side that is always behind by a little, and one that writes into `out` itself (link.h): what
 * was sent does not stay in the buffer, nor does the room that it took. */
static void
test_room_is_given_back(void **state)
{
	static uint8_t sink[64 * 1024], piece[64 * 1024];
	struct two *t = *state;
	struct span frame;
	ssize_t n = 1;

	for (int i = 0; i < 200; i++) {
		buf_put_u32(&t->a.out, sizeof piece);
		buf_put(&t->a.out, piece, sizeof piece);
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		if (i > 8)
			assert_true(recv(t->b.fd, sink, sizeof sink, MSG_DONTWAIT) > 0);
		assert_true(t->a.out.cap <= 2 * 1024 * 1024);
	}
	while (n > 0 || t->a.out.len) {
		assert_int_equal(chan_flush(&t->a), ERR_OK);
		n = recv(t->b.fd, sink, sizeof sink, MSG_DONTWAIT);
	}
	assert_true(t->a.out.cap <= 64 * 1024);
	assert_int_equal(chan_put(&t->a, SPAN(piece, sizeof piece)), ERR_OK);
	assert_int_equal(chan_flush(&t->a), ERR_OK);
	assert_int_equal(chan_fill(&t->b), ERR_OK);
	assert_int_equal(chan_next(&t->b, &frame), ERR_OK);
	chan_forget(&t->b);
	assert_true(t->b.in.cap <= 64 * 1024);
}

static void
test_pipe(void **state)
{
	struct chan r, w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	chan_init(&r, fds[0], 100);
	chan_init(&w, fds[1], 100);
	put(&w, "through a pipe");
	assert_int_equal(chan_flush(&w), ERR_OK);
	assert_int_equal(chan_fill(&r), ERR_OK);
	next_is(&r, "through a pipe");
	chan_done(&w);
	assert_int_equal(chan_fill(&r), ERR_HANGUP);
	chan_done(&r);
}

/* --- blocking --- */

static void
blocking_pair(int fds[2], bool pipes)
{
	if (pipes)
		assert_int_equal(pipe(fds), 0);
	else
		assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
}

static void
close_both(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void
test_blocking(void **state)
{
	struct buf b = BUF_INIT;
	int fds[2];

	(void)state;
	for (int pipes = 0; pipes < 2; pipes++) {
		blocking_pair(fds, pipes);
		assert_int_equal(chan_send(fds[1], SPAN_LIT("hello")), ERR_OK);
		assert_int_equal(chan_send(fds[1], SPAN_NONE), ERR_OK);
		assert_int_equal(chan_send(fds[1], SPAN_LIT("too long")), ERR_OK);
		assert_int_equal(chan_recv(fds[0], 5, -1, &b), ERR_OK);
		assert_true(span_is(buf_span(&b), "hello"));
		assert_int_equal(chan_recv(fds[0], 5, 1000, &b), ERR_OK);
		assert_int_equal(b.len, 0);
		assert_int_equal(chan_recv(fds[0], 5, 1000, &b), ERR_TOOBIG);
		close_both(fds);
	}
	buf_done(&b);
}

static void
test_blocking_timeout_and_hangup(void **state)
{
	struct buf b = BUF_INIT;
	uint64_t t;
	int fds[2];

	(void)state;
	for (int pipes = 0; pipes < 2; pipes++) {
		blocking_pair(fds, pipes);
		t = loop_now();
		assert_int_equal(chan_recv(fds[0], 100, 0, &b), ERR_TIMEOUT);
		assert_int_equal(write(fds[1], "\0\0\0\5ab", 6), 6);
		assert_int_equal(chan_recv(fds[0], 100, 30, &b), ERR_TIMEOUT);
		assert_true(loop_now() - t >= 30);
		assert_int_equal(b.len, 0); /* half a frame is none */
		assert_int_equal(write(fds[1], "\0\0\0\5ab", 6), 6);
		close(fds[1]);
		assert_int_equal(chan_recv(fds[0], 100, 1000, &b), ERR_HANGUP);
		close(fds[0]);
	}
	blocking_pair(fds, false);
	close(fds[0]);
	assert_int_equal(chan_send(fds[1], SPAN_LIT("x")), ERR_HANGUP);
	close(fds[1]);
	buf_done(&b);
}

/* Larger than a socket holds, to a reader in another process. */
static void
test_blocking_large(void **state)
{
	enum { SIZE = 3000000 };
	uint8_t *data = calloc(1, SIZE);
	struct buf b = BUF_INIT;
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_non_null(data);
	data[0] = 1;
	data[SIZE - 1] = 2;
	blocking_pair(fds, false);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(chan_send(fds[1], SPAN(data, SIZE)) ? 1 : 0);
	}
	close(fds[1]);
	assert_int_equal(chan_recv(fds[0], SIZE, 10000, &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), SPAN(data, SIZE)));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	buf_done(&b);
	free(data);
}

static void
test_secret(void **state)
{
	static uint8_t big[CHAN_SEC_MAX + 1];
	struct sec s = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(sec_arena_open(256 * 1024, false, true), ERR_OK);
	blocking_pair(fds, false);
	assert_int_equal(chan_send(fds[1], SPAN_LIT("1234")), ERR_OK);
	assert_int_equal(chan_recv_sec(fds[0], 1000, &s), ERR_OK);
	assert_true(sec_arena_has(s.p));
	assert_true(span_is(sec_span(&s), "1234"));
	sec_done(&s);
	assert_int_equal(chan_send(fds[1], SPAN_NONE), ERR_OK);
	assert_int_equal(chan_recv_sec(fds[0], 1000, &s), ERR_OK);
	assert_int_equal(s.len, 0);
	sec_done(&s);
	assert_int_equal(chan_send(fds[1], SPAN(big, CHAN_SEC_MAX)), ERR_OK);
	assert_int_equal(chan_recv_sec(fds[0], 1000, &s), ERR_OK);
	assert_int_equal(s.len, CHAN_SEC_MAX);
	sec_done(&s);
	assert_int_equal(chan_recv_sec(fds[0], 0, &s), ERR_TIMEOUT);
	assert_int_equal(write(fds[1], "\0\0\0\5ab", 6), 6);
	assert_int_equal(chan_recv_sec(fds[0], 10, &s), ERR_TIMEOUT);
	assert_int_equal(chan_send(fds[1], SPAN(big, sizeof(big))), ERR_OK);
	assert_int_equal(chan_recv_sec(fds[0], 1000, &s), ERR_TOOBIG);
	assert_null(s.p);
	assert_int_equal(sec_arena_used(), 0);
	close_both(fds);
	sec_arena_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_partial, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_big, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangup_after_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_allocation_when_warm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room_is_given_back, setup, teardown),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_blocking),
		cmocka_unit_test(test_blocking_timeout_and_hangup),
		cmocka_unit_test(test_blocking_large),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests_name("chan", tests, NULL, NULL);
}
