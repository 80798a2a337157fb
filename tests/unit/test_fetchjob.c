/* A program of a person that talks to a server through the real helper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/fetchjob.h"

static char helper[1024];

/* paths_program looks beside us; the helper is two folders up. */
static int
bring_helper(void **state)
{
	ssize_t n = readlink("/proc/self/exe", helper, sizeof helper - 64);
	char *slash;

	(void)state;
	if (n < 0)
		return -1;
	helper[n] = '\0';
	slash = strrchr(helper, '/');
	snprintf(slash, 64, "/%s", FETCH_PROGRAM);
	unlink(helper);
	return symlink("../../" FETCH_PROGRAM, helper);
}

static int
take_helper(void **state)
{
	(void)state;
	return unlink(helper);
}

/* Answers one request that ends in "a=b". */
static pid_t
serve(const char *reply, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), c;
	socklen_t len = sizeof a;
	char got[4096];
	size_t n = 0;
	pid_t pid;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	if ((pid = fork()) != 0) {
		close(fd);
		return pid;
	}
	c = accept(fd, NULL, NULL);
	while (n < 3 || memcmp(got + n - 3, "a=b", 3) != 0) {
		ssize_t more = read(c, got + n, sizeof got - n);

		if (more <= 0)
			_exit(1);
		n += (size_t)more;
	}
	_exit(write(c, reply, strlen(reply)) < 0);
}

static enum err
talk(const char *reply, struct buf *frame, struct fetch_answer *a)
{
	char url[64];
	struct fetch_talk t = { .url = url, .type = "text/plain", .body = SPAN_LIT("a=b") };
	uint16_t port = 0;
	pid_t pid = serve(reply, &port);
	int status = 1;
	enum err e;

	snprintf(url, sizeof url, "http://127.0.0.1:%u/x", (unsigned)port);
	e = fetch_talk(&t, frame, a);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return e;
}

static void
talks(void **state)
{
	struct buf frame = BUF_INIT;
	struct fetch_answer a;

	(void)state;
	assert_int_equal(
	    talk("HTTP/1.1 403 No\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nno", &frame, &a),
	    ERR_OK);
	assert_int_equal(a.why, FETCH_WHY_OK);
	assert_int_equal(a.status, 403);
	assert_true(span_is(a.type, "a/b") && span_is(a.body, "no"));
	buf_done(&frame);
	assert_int_equal(talk("nonsense\r\n\r\n", &frame, &a), ERR_OK);
	assert_int_equal(a.why, FETCH_WHY_ENDED);
	buf_done(&frame);
}

static void
nobody(void **state)
{
	struct fetch_talk t = { .url = "http://127.0.0.1:1/", .type = "a/b" };
	struct buf frame = BUF_INIT;
	struct fetch_answer a;

	(void)state;
	assert_int_equal(fetch_talk(&t, &frame, &a), ERR_OK);
	assert_int_equal(a.why, FETCH_WHY_CONNECT);
	buf_done(&frame);
	t.url = "http://192.0.2.1/"; /* by http to others: never */
	assert_int_equal(fetch_talk(&t, &frame, &a), ERR_OK);
	assert_int_equal(a.why, FETCH_WHY_URL);
	buf_done(&frame);
	t.url = "";
	assert_int_not_equal(fetch_talk(&t, &frame, &a), ERR_OK);
	buf_done(&frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(talks), cmocka_unit_test(nobody) };

	return cmocka_run_group_tests(tests, bring_helper, take_helper);
}
