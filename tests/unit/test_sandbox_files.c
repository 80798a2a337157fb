#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fido.h>
#include <netinet/in.h>

#include "lib/sock.h"
#include "tests/unit/sandbox_child.h"

static char dir[64];

static int
act_no_files(void)
{
	struct stat st;
	char c;

	WANT(open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
	WANT(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR) < 0 && errno == EPERM);
	WANT(open("/tmp/x", O_CREAT | O_RDWR, 0600) < 0 && errno == EPERM);
	WANT(stat("/", &st) < 0 && errno == EPERM);
	WANT(access("/", R_OK) < 0 && errno == EPERM);
	WANT(readlink("/proc/self/exe", &c, 1) < 0 && errno == EPERM);
	return 0;
}

static void
test_no_files(void **state)
{
	(void)state;
	if (!LIMITED)
		return;
	assert_int_equal(entered(SANDBOX_VAULT, act_no_files), 0);
	assert_int_equal(entered(SANDBOX_TOKEN, act_no_files), 0);
	assert_int_equal(entered(SANDBOX_WORKER, act_no_files), 0);
}

/* --- front --- */

static int
setup_dir(void **state)
{
	char path[128];

	(void)state;
	strcpy(dir, "/tmp/ownkey-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/rw", dir);
	if (mkdir(path, 0700) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/ro", dir);
	return mkdir(path, 0700);
}

static int
teardown_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *
in(const char *name)
{
	static char paths[4][128];
	static unsigned i;
	char *p = paths[i++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
	return p;
}

/* Does a refused path fail as landlock does it, or as an old kernel cannot? */
static bool
is_refused(int n)
{
	if (!LIMITED || (lacks & SANDBOX_LACK_LANDLOCK))
		return n >= 0 || errno == ENOENT;
	return n < 0 && errno == EACCES;
}

static int
enter_front(void)
{
	static char rw[128], ro[128];
	struct sandbox_rule rules[] = { { rw, true }, { ro, false }, { "/proc", false },
		{ "/nonexistent/path", true }, { NULL, false } };

	strcpy(rw, in("rw"));
	strcpy(ro, in("ro"));
	return (int)enter(SANDBOX_FRONT, rules, 0);
}

/* As a vault is saved: a new file, synced, renamed; the old one linked; the directory synced. */
static int
act_save(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat st;
	char text[8];
	int fd, d;

	WANT(enter_front() == 0);
	fd = open(in("rw/new"), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	WANT(fd >= 0);
	WANT(flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
	WANT(write(fd, "12345678", 8) == 8 && pwrite(fd, "x", 1, 2) == 1);
	WANT(posix_fallocate(fd, 0, 100) == 0 && ftruncate(fd, 8) == 0);
	WANT(fsync(fd) == 0 && fdatasync(fd) == 0);
	WANT(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 8 && pread(fd, text, 8, 0) == 8);
	WANT(fstat(fd, &st) == 0 && st.st_size == 8 && fchmod(fd, 0600) == 0);
	WANT(close(fd) == 0);
	WANT(link(in("rw/new"), in("rw/old")) == 0);
	WANT(rename(in("rw/new"), in("rw/vault")) == 0);
	WANT(stat(in("rw/vault"), &st) == 0 && lstat(in("rw/vault"), &st) == 0);
	WANT(unlink(in("rw/old")) == 0);
	WANT(mkdir(in("rw/sub"), 0700) == 0);
	d = open(in("rw"), O_RDONLY | O_DIRECTORY);
	WANT(d >= 0 && fsync(d) == 0 && close(d) == 0);
	return 0;
}

static int
act_front_refused(void)
{
	WANT(enter_front() == 0);
	WANT(is_refused(open("/etc/passwd", O_RDONLY)));
	WANT(is_refused(open(in("ro/new"), O_CREAT | O_RDWR, 0600)));
	WANT(is_refused(open(in("new"), O_CREAT | O_RDWR, 0600)));
	WANT(is_refused(mkdir(in("sub"), 0700)));
	WANT(close(open(in("ro"), O_RDONLY | O_DIRECTORY)) == 0);
	return 0;
}

/* A client outside of the sandbox: who it is can be told from inside. */
static int
act_front_accept(void)
{
	struct sock_peer peer;
	int l, c, fd;
	pid_t pid;

	WANT(sock_listen(in("rw/s"), 5, &l) == ERR_OK);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a client");
		alarm(20);
		if (sock_connect(in("rw/s"), &fd) == ERR_OK)
			pause();
		_exit(1);
	}
	WANT(enter_front() == 0);
	c = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	WANT(c >= 0);
	WANT(sock_get_peer(c, &peer) == ERR_OK);
	WANT(peer.pid == pid && peer.uid == geteuid() && peer.pidfd >= 0);
	/* landlock closes /proc/PID/exe, so it is the short name */
	WANT(strcmp(peer.label, "a client") == 0 || (lacks & SANDBOX_LACK_LANDLOCK));
	sock_peer_done(&peer);
	return 0;
}

/* Too large a file is an error, not the end of the agent. */
static int
act_file_size(void)
{
	int fd;

	WANT(enter_front() == 0);
	fd = open(in("rw/large"), O_CREAT | O_RDWR, 0600);
	WANT(fd >= 0);
	WANT(ftruncate(fd, 511 * 1024 * 1024) == 0);
	WANT(ftruncate(fd, 513 * 1024 * 1024) < 0 && errno == EFBIG);
	WANT(pwrite(fd, "x", 1, 512 * 1024 * 1024) < 0 && errno == EFBIG);
	return 0;
}

static void
test_front(void **state)
{
	(void)state;
	assert_int_equal(in_child(act_save), 0);
	if (!LIMITED)
		return;
	assert_int_equal(in_child(act_front_refused), 0);
	assert_int_equal(in_child(act_front_accept), 0);
	assert_int_equal(in_child(act_file_size), 0);
}

/* --- token list --- */

static int
act_list(void)
{
	static char ro[128];
	struct sandbox_rule rules[] = { { ro, true }, { "/sys", false }, { "/dev/null", true },
		{ "/run/udev", false }, { NULL, false } };
	fido_dev_info_t *list;
	size_t n = 99;
	int l, fd;

	fido_init(0);
	WANT(sock_listen(in("rw/s"), 5, &l) == ERR_OK);
	strcpy(ro, in("ro"));
	WANT(enter(SANDBOX_TOKEN_LIST, rules, 0) == ERR_OK);
	list = fido_dev_info_new(8);
	WANT(list && fido_dev_info_manifest(list, 8, &n) != FIDO_ERR_INTERNAL);
	WANT(n <= 8);
	fido_dev_info_free(&list, 8);
	WANT(sock_connect(in("rw/s"), &fd) == ERR_OK);
	WANT(close(open("/dev/null", O_RDWR)) == 0);
	WANT(!LIMITED || (open(in("ro/new"), O_CREAT | O_RDWR, 0600) < 0 && errno == EPERM));
	WANT(!LIMITED || (open("/dev/null", O_WRONLY | O_TRUNC) < 0 && errno == EPERM));
	WANT(is_refused(open("/etc/passwd", O_RDONLY)));
	return 0;
}

static void
test_token_list(void **state)
{
	(void)state;
	assert_int_equal(in_child(act_list), 0);
}

/* --- fetch: ports (landlock of Linux 6.7), files to read --- */

static uint16_t open_port, other_port;

static int
listen_at(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static int
connect_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&a, sizeof a);
}

/* As ownkey-oidc-fetch does it: the parent first, then a child of it for one request. */
static int
act_fetch(void)
{
	const struct sandbox_rule rules[] = { { "/etc", false }, { NULL, false } };
	const uint16_t ports[] = { open_port, 0 };
	struct sandbox s = { .profile = SANDBOX_FETCHER, .rules = rules };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	WANT(sandbox_enter(&s, &lacks) == ERR_OK);
	WANT(connect_to(other_port) == 0);
	s.profile = SANDBOX_FETCH;
	s.ports = ports;
	WANT(sandbox_enter(&s, &lacks) == ERR_OK);
	WANT(connect_to(open_port) == 0);
	WANT(abi < 4 || (connect_to(other_port) < 0 && errno == EACCES));
	WANT(open("/etc/passwd", O_RDONLY) >= 0);
	WANT(abi < 1 || (open("/usr/bin/env", O_RDONLY) < 0 && errno == EACCES));
	return 0;
}

static void
test_fetch(void **state)
{
	int one = listen_at(&open_port), two = listen_at(&other_port);

	(void)state;
	if (LIMITED)
		assert_int_equal(in_child(act_fetch), 0);
	close(one);
	close(two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_files),
		cmocka_unit_test_setup_teardown(test_front, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(test_token_list, setup_dir, teardown_dir),
		cmocka_unit_test(test_fetch),
	};

	return cmocka_run_group_tests_name("sandbox files", tests, NULL, NULL);
}
