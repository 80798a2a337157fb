#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/spawn.h"

/* Run a shell line with its output into b; the exit status comes back. */
static int
run(const char *line, struct spawn s, struct buf *b)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	char part[512];
	int p[2], status;
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	s.path = "/bin/sh";
	s.argv = argv;
	s.fds[0] = -1;
	s.fds[1] = p[1];
	s.fds[2] = 2;
	if (s.nfds < 3)
		s.nfds = 3;
	assert_int_equal(spawn_start(&s, &pid), ERR_OK);
	close(p[1]);
	buf_reset(b);
	while ((n = read(p[0], part, sizeof(part))) > 0)
		buf_put(b, part, (size_t)n);
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
test_status_and_output(void **state)
{
	struct spawn s = { 0 };
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(run("echo out; exit 7", s, &b), 7);
	assert_string_equal(buf_cstr(&b), "out\n");
	assert_int_equal(run("read x && echo read", s, &b), 1); /* /dev/null */
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void
test_environment(void **state)
{
	const char *const keep[] = { "OWNKEY_TEST_KEPT", "OWNKEY_TEST_ABSENT", NULL };
	const char *const set[] = { "OWNKEY_TEST_SET=b=c", NULL };
	struct spawn s = { .keep = keep, .set = set };
	struct buf b = BUF_INIT;

	(void)state;
	setenv("OWNKEY_TEST_KEPT", "a", 1);
	setenv("OWNKEY_TEST_KEPT_NOT", "x", 1);
	setenv("LD_PRELOAD_OF_TEST", "x", 1);
	assert_int_equal(run("env | grep -v -e ^PWD= -e ^_= -e ^OLDPWD= | sort", s, &b), 0);
	assert_string_equal(buf_cstr(&b), "OWNKEY_TEST_KEPT=a\nOWNKEY_TEST_SET=b=c\n");
	buf_done(&b);
}

/* Exactly the descriptors given, in any permutation, and no other. */
static void
test_descriptors(void **state)
{
	struct spawn s = { .nfds = 6 };
	struct buf b = BUF_INIT;
	int a[2], c[2], leak;

	(void)state;
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(c), 0);
	leak = fcntl(0, F_DUPFD, 40); /* without CLOEXEC */
	assert_true(leak >= 0);
	assert_int_equal(write(a[1], "aa\n", 3), 3);
	assert_int_equal(write(c[1], "cc\n", 3), 3);
	/* want: 3 = c, 4 = a, 5 = /dev/null, whatever their numbers are here */
	s.fds[3] = c[0];
	s.fds[4] = a[0];
	s.fds[5] = -1;
	assert_int_equal(run("read x <&3; read y <&4; echo $x $y; readlink /proc/$$/fd/5;"
			     "ls /proc/$$/fd; :",
			     s, &b),
	    0);
	assert_string_equal(buf_cstr(&b), "cc aa\n/dev/null\n0\n1\n2\n3\n4\n5\n");
	close(leak);
	close(a[0]);
	close(a[1]);
	close(c[0]);
	close(c[1]);
	buf_done(&b);
}

/* Places given crosswise: 0 gets what is 1 here, and the other way round. */
static int
swapped(void)
{
	const char *argv[] = { "sh", "-c", "read x; echo $x", NULL };
	struct spawn s = { .path = "/bin/sh", .argv = argv, .nfds = 2 };
	int in[2], out[2];
	char got[8] = "";
	pid_t pid;

	if (pipe(in) || pipe(out) || dup2(in[0], 1) != 1 || dup2(out[1], 0) != 0)
		return 1;
	if (write(in[1], "hi\n", 3) != 3)
		return 2;
	s.fds[0] = 1;
	s.fds[1] = 0;
	if (spawn_start(&s, &pid))
		return 3;
	return read(out[0], got, sizeof(got)) == 3 && strcmp(got, "hi\n") == 0 ? 0 : 4;
}

static void
test_swapped(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(swapped());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_signals_are_reset(void **state)
{
	struct spawn s = { 0 };
	struct buf b = BUF_INIT;
	sigset_t set, old;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run("cat /proc/self/status", s, &b), 0);
	assert_non_null(strstr(buf_cstr(&b), "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(buf_cstr(&b), "SigIgn:\t0000000000000000\n"));
	/* and ours are as they were */
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, &set), 0);
	assert_true(sigismember(&set, SIGUSR1));
	assert_false(sigismember(&set, SIGUSR2));
	signal(SIGPIPE, SIG_DFL);
	buf_done(&b);
}

static void
test_session(void **state)
{
	struct spawn s = { 0 };
	struct buf b = BUF_INIT;
	const char *line = "set -- $(cat /proc/$$/stat); test $6 = $$";

	(void)state;
	assert_int_equal(run(line, s, &b), 1);
	s.new_session = true;
	assert_int_equal(run(line, s, &b), 0);
	buf_done(&b);
}

static void
test_no_program(void **state)
{
	const char *argv[] = { "x", NULL };
	struct spawn s = { .path = "/nonexistent/program", .argv = argv };
	pid_t pid = -7;

	(void)state;
	assert_int_equal(spawn_start(&s, &pid), ERR_NOPROGRAM);
	s.path = "/dev/null"; /* not executable */
	assert_int_equal(spawn_start(&s, &pid), ERR_NOPROGRAM);
	s.path = "relative";
	assert_int_equal(spawn_start(&s, &pid), ERR_INTERNAL);
	s.path = "/bin/true";
	s.nfds = 9;
	assert_int_equal(spawn_start(&s, &pid), ERR_INTERNAL);
	s.nfds = 1;
	s.fds[0] = 999; /* no such descriptor */
	assert_int_equal(spawn_start(&s, &pid), ERR_NOPROGRAM);
	assert_int_equal(pid, -7);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none was left unreaped */
	assert_int_equal(errno, ECHILD);
}

static void
test_kill(void **state)
{
	const char *argv[] = { "sleep", "100", NULL };
	struct spawn s = { .path = "/bin/sleep", .argv = argv };
	pid_t pid;

	(void)state;
	assert_int_equal(spawn_start(&s, &pid), ERR_OK);
	spawn_kill(pid);
	assert_int_equal(kill(pid, 0), -1);
	spawn_kill(0);
	spawn_kill(-1);
}

/* A parent that dies: does its child, which holds the write end, live on? */
static bool
child_survives(bool outlives)
{
	const char *argv[] = { "sleep", "9", NULL };
	struct spawn s = { .path = "/bin/sleep", .argv = argv, .nfds = 2, .outlives = outlives };
	struct pollfd end = { .events = POLLIN };
	int p[2], status;
	bool survives;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		s.fds[0] = -1;
		s.fds[1] = p[1];
		_exit(spawn_start(&s, &pid) ? 1 : 0);
	}
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end.fd = p[0];
	survives = poll(&end, 1, outlives ? 300 : 5000) == 0;
	close(p[0]);
	return survives;
}

static void
test_parent_dies(void **state)
{
	(void)state;
	assert_false(child_survives(false));
	assert_true(child_survives(true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_and_output),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_signals_are_reset),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_parent_dies),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
