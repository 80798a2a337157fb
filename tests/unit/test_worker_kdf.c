#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/worker/kdf.h"
#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/sock.h"

static enum err
check(const char *meminfo, uint64_t kib)
{
	char path[] = "/tmp/meminfo-XXXXXX";
	int fd = mkstemp(path);
	enum err e;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, meminfo, strlen(meminfo)), strlen(meminfo));
	close(fd);
	e = kdf_check_memory(path, kib);
	unlink(path);
	return e;
}

static void
test_memory(void **state)
{
	static const char text[] = "MemTotal:       8000000 kB\nMemFree:  10 kB\n"
				   "MemAvailable:    1000 kB\nBuffers: 1 kB\n"
				   "SwapTotal: 900 kB\nSwapFree:         500 kB\n";

	(void)state;
	assert_int_equal(check(text, 1500), ERR_OK);
	assert_int_equal(check(text, 1501), ERR_KDF_MEMORY);
	assert_int_equal(check("MemAvailable: 7 kB\n", 8), ERR_KDF_MEMORY);
	/* an old kernel, or no /proc: try */
	assert_int_equal(check("MemFree: 7 kB\n", 800), ERR_OK);
	assert_int_equal(check("", 800), ERR_OK);
	assert_int_equal(kdf_check_memory("/nonexistent", 1), ERR_OK);
}

static enum err
read_job(const struct worker_job *j, struct worker *w)
{
	struct worker_job job = *j;
	struct buf b = BUF_INIT;
	int pair[2];
	enum err e;

	assert_int_equal(sock_pair(SOCK_STREAM, pair), ERR_OK);
	wire_mark(&worker_job_map, &job);
	assert_int_equal(wire_encode(&worker_job_map, &job, &b), ERR_OK);
	assert_int_equal(chan_send(pair[1], buf_span(&b)), ERR_OK);
	buf_done(&b);
	*w = (struct worker){ .vault = pair[0], .door = -1 };
	e = worker_read(w);
	close(pair[0]);
	close(pair[1]);
	return e;
}

static void
test_job(void **state)
{
	struct worker_job job = { .op = WORKER_ARGON2,
		.pass = SPAN_LIT("p"),
		.salt = SPAN_LIT("0123456789abcdef"),
		.m = 8,
		.t = 1 };
	struct worker w;

	(void)state;
	assert_int_equal(read_job(&job, &w), ERR_OK);
	assert_true(sec_arena_has(w.job.pass.p));
	assert_int_equal(worker_run(&w), ERR_OK);
	assert_int_equal(w.event.out.len, 32);
	assert_true(sec_arena_has(w.event.out.p));
	worker_done(&w);
	assert_int_equal(sec_arena_used(), 0);
	job.t = 0;
	assert_int_equal(read_job(&job, &w), ERR_RANGE);
	worker_done(&w);
	job.pass = SPAN_NONE;
	assert_int_equal(read_job(&job, &w), ERR_PASS_EMPTY);
	worker_done(&w);
	job = (struct worker_job){ .op = WORKER_RSA, .bits = 2560 };
	assert_int_equal(read_job(&job, &w), ERR_RANGE);
	worker_done(&w);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(WORKER_ARENA, true, true) != ERR_OK || crypto_init() != ERR_OK;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_job),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
