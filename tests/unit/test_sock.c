#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sock.h"

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ownkey-test-XXXXXX");
	umask(077);
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* dir/name, in one of a few buffers */
static const char *
in(const char *name)
{
	static char paths[4][SOCK_PATH_MAX];
	static unsigned i;
	char *p = paths[i++ % 4];

	snprintf(p, SOCK_PATH_MAX, "%s/%s", dir, name);
	return p;
}

/* --- where --- */

static void
no_environment(void)
{
	unsetenv("OWNKEY_SOCKET");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
}

static void
test_dir(void **state)
{
	char p[SOCK_PATH_MAX], small[10];

	(void)state;
	no_environment();
	setenv("XDG_RUNTIME_DIR", "/run/x", 1);
	assert_int_equal(sock_dir(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/run/x/ownkey");
	assert_int_equal(sock_path("agent.sock", p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/run/x/ownkey/agent.sock");
	assert_int_equal(sock_path("agent.sock", small, sizeof(small)), ERR_TOOBIG);
	setenv("OWNKEY_SOCKET", "/a/b/agent.sock", 1);
	assert_int_equal(sock_path("secret.sock", p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/a/b/secret.sock");
	/* never silently the real agent instead of the one that was named */
	setenv("OWNKEY_SOCKET", "relative/agent.sock", 1);
	assert_int_equal(sock_dir(p, sizeof(p)), ERR_CONFIG);
	setenv("OWNKEY_SOCKET", "/agent.sock", 1);
	assert_int_equal(sock_dir(p, sizeof(p)), ERR_CONFIG);
}

static void
test_dir_without_runtime_dir(void **state)
{
	char p[SOCK_PATH_MAX], run[64];
	struct stat st;

	(void)state;
	no_environment();
	setenv("XDG_RUNTIME_DIR", "relative", 1); /* as if it were not set */
	setenv("XDG_STATE_HOME", "/s", 1);
	snprintf(run, sizeof(run), "/run/user/%lu", (unsigned long)geteuid());
	assert_int_equal(sock_dir(p, sizeof(p)), ERR_OK);
	if (lstat(run, &st) == 0 && st.st_uid == geteuid()) {
		strcat(run, "/ownkey");
		assert_string_equal(p, run);
	} else {
		assert_string_equal(p, "/s/ownkey");
	}
	no_environment();
}

static void
test_mkdir_private(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(sock_mkdir_private(in("a/b//c")), ERR_OK);
	assert_int_equal(sock_mkdir_private(in("a/b/c")), ERR_OK); /* there already */
	assert_int_equal(stat(in("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(chmod(in("a/b/c"), 0750), 0);
	assert_int_equal(sock_mkdir_private(in("a/b/c")), ERR_PERMISSION);
	assert_int_equal(symlink("a", in("link")), 0);
	assert_int_equal(sock_mkdir_private(in("link")), ERR_PERMISSION);
	assert_int_equal(sock_mkdir_private(in("link/new")), ERR_OK); /* ours below: fine */
	assert_int_equal(close(open(in("file"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(sock_mkdir_private(in("file")), ERR_PERMISSION);
	assert_int_equal(sock_mkdir_private(in("file/x")), ERR_PERMISSION);
	assert_int_equal(sock_mkdir_private("relative"), ERR_PERMISSION);
}

/* --- listen --- */

static void
test_listen_and_connect(void **state)
{
	struct stat st;
	int l, c;

	(void)state;
	assert_int_equal(sock_connect(in("s"), &c), ERR_NOAGENT);
	assert_int_equal(sock_listen(in("s"), 5, &l), ERR_OK);
	assert_int_equal(lstat(in("s"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fcntl(l, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sock_connect(in("s"), &c), ERR_OK);
	assert_int_equal(fcntl(c, F_GETFD), FD_CLOEXEC);
	close(c);
	close(l);
	assert_int_equal(sock_connect(in("s"), &c), ERR_NOAGENT);
}

static void
test_listen_replaces_only_the_abandoned(void **state)
{
	int l, again;

	(void)state;
	assert_int_equal(sock_listen(in("s"), 1, &l), ERR_OK);
	assert_int_equal(sock_listen(in("s"), 1, &again), ERR_BUSY);
	close(l);
	assert_int_equal(sock_listen(in("s"), 1, &l), ERR_OK);
	close(l);
}

/* A full queue is somebody too. */
static void
test_listen_full_queue(void **state)
{
	int l, again, c[8];

	(void)state;
	assert_int_equal(sock_listen(in("s"), 0, &l), ERR_OK);
	for (size_t i = 0; i < 8; i++) {
		c[i] = -1;
		if (i == 0)
			assert_int_equal(sock_connect(in("s"), &c[i]), ERR_OK);
	}
	assert_int_equal(sock_listen(in("s"), 1, &again), ERR_BUSY);
	close(c[0]);
	close(l);
}

static void
test_listen_refuses_others(void **state)
{
	char deep[SOCK_PATH_MAX + 20];
	int l;

	(void)state;
	assert_int_equal(close(open(in("file"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(sock_listen(in("file"), 1, &l), ERR_PERMISSION);
	assert_int_equal(access(in("file"), F_OK), 0); /* still there */
	assert_int_equal(symlink("nowhere", in("link")), 0);
	assert_int_equal(sock_listen(in("link"), 1, &l), ERR_PERMISSION);
	assert_int_equal(mkdir(in("open"), 0700), 0);
	assert_int_equal(chmod(in("open"), 0777), 0);
	assert_int_equal(sock_listen(in("open/s"), 1, &l), ERR_PERMISSION);
	assert_int_equal(sock_listen("relative/s", 1, &l), ERR_PERMISSION);
	memset(deep, 'x', sizeof(deep));
	deep[0] = '/';
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(sock_listen(deep, 1, &l), ERR_TOOBIG);
	assert_int_equal(sock_connect(deep, &l), ERR_TOOBIG);
}

/* --- peers --- */

static void
test_peer_is_ourselves(void **state)
{
	char exe[PATH_MAX] = "";
	struct sock_peer peer;
	int fds[2];

	(void)state;
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
	assert_int_equal(sock_get_peer(fds[0], &peer), ERR_OK);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_int_equal(peer.pid, getpid());
	assert_true(peer.pidfd >= 0);
	assert_string_equal(peer.label, exe);
	sock_peer_done(&peer);
	assert_int_equal(peer.pidfd, -1);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(sock_get_peer(fds[0], &peer), ERR_IO);
}

/* A child that connects and then does as told. */
static pid_t
connect_child(const char *path, bool stays)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0) {
		alarm(20);
		if (setsid() < 0)
			_exit(1);
		prctl(PR_SET_NAME, "nameless");
		prctl(PR_SET_DUMPABLE, 0); /* closes /proc/PID/exe to others of the same user */
		if (sock_connect(path, &fd))
			_exit(1);
		while (stays)
			pause();
		_exit(0);
	}
	return pid;
}

static void
test_peer_is_a_child(void **state)
{
	struct pollfd ended = { .events = POLLIN };
	struct sock_peer peer;
	int l, c;
	pid_t pid;

	(void)state;
	assert_int_equal(sock_listen(in("s"), 5, &l), ERR_OK);
	pid = connect_child(in("s"), true);
	c = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	assert_true(c >= 0);
	assert_int_equal(sock_get_peer(c, &peer), ERR_OK);
	assert_int_equal(peer.pid, pid);
	assert_true(peer.label[0] != '\0');
	assert_int_equal(peer.session, pid);
	assert_true(peer.session_began != 0);
	if (geteuid() != 0) /* root reads the link all the same */
		assert_string_equal(peer.label, "nameless");
	ended.fd = peer.pidfd;
	assert_int_equal(poll(&ended, 1, 0), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(poll(&ended, 1, 5000), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sock_peer_done(&peer);
	/* gone: nothing is said about whoever has its number */
	assert_int_equal(sock_get_peer(c, &peer), ERR_OK);
	assert_int_equal(peer.pid, pid);
	assert_string_equal(peer.label, "");
	assert_string_equal(peer.unit, "");
	assert_true(peer.session == 0 && peer.session_began == 0);
	sock_peer_done(&peer);
	close(c);
	close(l);
}

static void
test_units(void **state)
{
	static const struct {
		const char *text, *unit;
	} rows[] = {
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo-7.scope\n",
		    "app-foo-7.scope" },
		{ "0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope" },
		{ "0::/system.slice/cron.service/sub/sub2\n", "cron.service" },
		{ "0::/a/app-flatpak-org.mozilla.firefox-4242.scope", "org.mozilla.firefox" },
		{ "0::/a/app-flatpak-org.x.some\\x2dname-1.scope\n", "org.x.some-name" },
		{ "0::/dbus-:1.2-a\\x40b.service\n", "dbus-:1.2-a@b.service" },
		{ "12:pids:/x.service\n1:name=systemd:/y.service\n0::/\n", "y.service" },
		{ "0::/app-flatpak-.scope\n", "" },
		{ "0::/app-flatpak-x.scope\n", "" },
		{ "0::/trailing\\x\\x0.service", "trailing\\x\\x0.service" },
		{ "0::/zero\\x00.service", "zero\\x00.service" },
		{ "0::/.service\n", "" },
		{ "0::/\n", "" },
		{ "1:cpu:/x.service\n", "" },
		{ "\n\n\n", "" },
		{ "", "" },
	};
	char out[128], small[5];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sock_parse_unit(span_str(rows[i].text), out, sizeof(out));
		assert_string_equal(out, rows[i].unit);
	}
	sock_parse_unit(SPAN_LIT("0::/abcdefgh.service\n"), small, sizeof(small));
	assert_string_equal(small, "abcd");
}

/* --- descriptors --- */

static size_t
open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
test_pass_fd(void **state)
{
	int s[2], p[2], got;
	char text[16];
	size_t n, before = open_fds();

	(void)state;
	assert_int_equal(sock_pair(SOCK_SEQPACKET, s), ERR_OK);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(sock_send_fd(s[0], SPAN_LIT("take it"), p[1]), ERR_OK);
	assert_int_equal(sock_send_fd(s[0], SPAN_LIT("none"), -1), ERR_OK);
	assert_int_equal(sock_recv_fd(s[1], text, sizeof(text), &n, &got), ERR_OK);
	assert_true(span_is(SPAN(text, n), "take it"));
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(p[0], text, sizeof(text)), 1);
	close(got);
	assert_int_equal(sock_recv_fd(s[1], text, sizeof(text), &n, &got), ERR_OK);
	assert_true(span_is(SPAN(text, n), "none"));
	assert_int_equal(got, -1);
	/* a message that does not fit is refused, with its descriptor */
	assert_int_equal(sock_send_fd(s[0], SPAN_LIT("much too long for it"), p[1]), ERR_OK);
	assert_int_equal(sock_recv_fd(s[1], text, sizeof(text), &n, &got), ERR_TOOBIG);
	assert_int_equal(fcntl(s[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sock_recv_fd(s[1], text, sizeof(text), &n, &got), ERR_BUSY);
	close(s[0]);
	assert_int_equal(sock_recv_fd(s[1], text, sizeof(text), &n, &got), ERR_HANGUP);
	assert_int_equal(sock_send_fd(s[1], SPAN_LIT("x"), -1), ERR_HANGUP);
	close(s[1]);
	close(p[0]);
	close(p[1]);
	assert_int_equal(open_fds(), before);
}

/* More descriptors than asked for: refused, and none of them stays open. */
static void
send_many(int sock, const int *fds, size_t n)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	assert_int_equal(sendmsg(sock, &mh, 0), 1);
}

static void
test_too_many_fds(void **state)
{
	const int std[] = { 0, 1, 2, 0, 1, 2, 0, 1 };
	int s[2], got = -7;
	size_t n, before;
	char c;

	(void)state;
	assert_int_equal(sock_pair(SOCK_SEQPACKET, s), ERR_OK);
	before = open_fds();
	for (size_t many = 2; many <= 8; many++) {
		send_many(s[0], std, many);
		assert_int_equal(sock_recv_fd(s[1], &c, 1, &n, &got), ERR_FORMAT);
		assert_int_equal(open_fds(), before);
	}
	assert_int_equal(got, -7);
	close(s[0]);
	close(s[1]);
}

/* --- activation --- */

static void
set_listen(const char *pid, const char *n, const char *names)
{
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", n, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* In a child, which may put what it wants at 3 and 4. */
static int
activated_child(void)
{
	char pid[20];
	int l, fd = -1;

	if (sock_listen(in("s"), 1, &l) || dup2(l, 4) != 4 || dup2(0, 3) != 3)
		return 1;
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	set_listen(pid, "2", "first:agent");
	if (sock_activated("agent", &fd) || fd != 4 || fcntl(4, F_GETFD) != FD_CLOEXEC)
		return 2;
	if (sock_activated("first", &fd) != ERR_NOTFOUND) /* no listening socket */
		return 3;
	if (sock_activated("age", &fd) != ERR_NOTFOUND)
		return 4;
	set_listen("1", "2", "first:agent"); /* meant for another process */
	if (sock_activated("agent", &fd) != ERR_NOTFOUND)
		return 5;
	set_listen(pid, "1", "first:agent");
	if (sock_activated("agent", &fd) != ERR_NOTFOUND)
		return 6;
	set_listen(pid, "x", "first:agent");
	if (sock_activated("agent", &fd) != ERR_NOTFOUND)
		return 7;
	unsetenv("LISTEN_FDS");
	return sock_activated("agent", &fd) != ERR_NOTFOUND ? 8 : 0;
}

static void
test_activation(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(activated_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dir),
		cmocka_unit_test(test_dir_without_runtime_dir),
		cmocka_unit_test_setup_teardown(test_mkdir_private, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen_and_connect, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_listen_replaces_only_the_abandoned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen_full_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen_refuses_others, setup, teardown),
		cmocka_unit_test(test_peer_is_ourselves),
		cmocka_unit_test_setup_teardown(test_peer_is_a_child, setup, teardown),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_pass_fd),
		cmocka_unit_test(test_too_many_fds),
		cmocka_unit_test_setup_teardown(test_activation, setup, teardown),
	};

	return cmocka_run_group_tests_name("sock", tests, NULL, NULL);
}
