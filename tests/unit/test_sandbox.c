#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/fiber.h"
#include "lib/loop.h"
#include "lib/sandbox.h"
#include "lib/sock.h"
#include "tests/unit/sandbox_child.h"

#define MIB	 (1024UL * 1024)
#define KILLED	 (-SIGSYS)
#define COUNT(x) (sizeof(x) / sizeof((x)[0]))

/* --- early --- */

static int
act_early(void)
{
	static const char *const keep[] = { "OWNKEY_VAULT", "OWNKEY_T*", NULL };
	struct stat st;

	clearenv();
	setenv("PATH", "p", 1);
	setenv("LANG", "l", 1);
	setenv("LC_ALL", "c", 1);
	setenv("XDG_RUNTIME_DIR", "x", 1);
	setenv("OWNKEY_VAULT", "v", 1);
	setenv("OWNKEY_TEST", "t", 1);
	setenv("OWNKEY_VAULT2", "no", 1);
	setenv("LD_PRELOAD", "no", 1);
	setenv("LANGUAGE", "no", 1);
	setenv("PATH2", "no", 1);
	setenv("OPENSSL_CONF", "no", 1);
	umask(0);
	close(0);
	close(2);
	WANT(sandbox_early(keep) == ERR_OK);
	WANT(getenv("PATH") && getenv("LANG") && getenv("LC_ALL") && getenv("XDG_RUNTIME_DIR"));
	WANT(getenv("OWNKEY_VAULT") && getenv("OWNKEY_TEST"));
	WANT(!getenv("OWNKEY_VAULT2") && !getenv("LD_PRELOAD") && !getenv("LANGUAGE"));
	WANT(!getenv("PATH2") && !getenv("OPENSSL_CONF"));
	WANT(umask(0) == 077);
	for (int fd = 0; fd <= 2; fd++)
		WANT(fstat(fd, &st) == 0 && fcntl(fd, F_GETFD) == 0);
	return 0;
}

static void
test_early(void **state)
{
	(void)state;
	assert_int_equal(in_child(act_early), 0);
}

static int
act_cli(void)
{
	WANT(enter(SANDBOX_CLI, NULL, 0) == ERR_OK);
	WANT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	WANT(close(socket(AF_INET, SOCK_STREAM, 0)) == 0);
	WANT(close(open("/etc/passwd", O_RDONLY)) == 0);
	return 0;
}

static void
test_cli_may_do_its_work(void **state)
{
	(void)state;
	assert_int_equal(in_child(act_cli), 0);
}

#ifndef OWNKEY_SAN

static int
act_early_limits(void)
{
	struct rlimit core;

	WANT(sandbox_early(NULL) == ERR_OK);
	WANT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	WANT(getrlimit(RLIMIT_CORE, &core) == 0);
	WANT(core.rlim_cur == 0 && core.rlim_max == 0);
	return 0;
}

static void
test_early_limits(void **state)
{
	(void)state;
	assert_int_equal(in_child(act_early_limits), 0);
}

/* --- what all profiles have in common --- */

static const enum sandbox_profile all[] = { SANDBOX_VAULT, SANDBOX_FRONT, SANDBOX_TOKEN,
	SANDBOX_TOKEN_LIST, SANDBOX_WORKER, SANDBOX_VERIFY, SANDBOX_COPIER };

static enum err
argon(struct span pass, uint32_t mib)
{
	static const uint8_t salt[16] = { 2 };
	const struct crypto_argon cost = { salt, mib * 1024, 1 };
	uint8_t out[32];

	return crypto_argon2id(pass, &cost, out, sizeof(out));
}

static int
act_crypto(void)
{
	static const uint8_t seed[32] = { 1 };
	struct span msg = SPAN_LIT("message");
	struct buf sig = BUF_INIT;
	uint8_t pub[64], out[64];

	crypto_random(out, sizeof(out));
	crypto_sha256(msg, out);
	crypto_hkdf256(msg, msg, msg, out, 64);
	crypto_ed25519_public(seed, pub);
	crypto_ed25519_sign(seed, pub, msg, out);
	WANT(crypto_ed25519_verify(pub, msg, out));
	WANT(crypto_p256_public(seed, pub) == ERR_OK);
	WANT(crypto_p256_sign(seed, msg, &sig) == ERR_OK);
	WANT(crypto_p256_verify(pub, msg, buf_span(&sig)));
	WANT(argon(msg, 16) == ERR_OK);
	buf_done(&sig);
	return 0;
}

static void
wait_and_note(void *arg)
{
	*(enum err *)arg = fiber_wait();
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* Everything our own library does between a request and its reply. */
static int
act_serve(void)
{
	struct sec s = { 0 };
	struct fiber *f;
	enum err got = ERR_INTERNAL;
	void *big;

	WANT(sec_init(&s, 100) == ERR_OK && sec_random(&s, 100) == ERR_OK);
	sec_done(&s);
	WANT(fiber_start(&f, wait_and_note, &got) == ERR_OK);
	fiber_wake(f, ERR_BUSY);
	WANT(fiber_ended(f) && got == ERR_BUSY);
	fiber_free(f);
	big = malloc(20 * MIB);
	WANT(big);
	big = realloc(big, 30 * MIB);
	WANT(big);
	free(big);
	return 0;
}

/* The loop is made before, with its timer; channels come over a socket afterwards. */
static int
act_channels(void)
{
	int ctl[2], pair[2], fd;
	struct chan a, b;
	struct span frame;
	struct loop *l = loop_new();
	size_t n;
	char c;

	WANT(l && sock_pair(SOCK_SEQPACKET, ctl) == ERR_OK);
	WANT(sock_pair(SOCK_STREAM, pair) == ERR_OK);
	WANT(enter(profile, NULL, 0) == ERR_OK);
	WANT(sock_send_fd(ctl[0], SPAN_LIT("x"), pair[1]) == ERR_OK);
	WANT(sock_recv_fd(ctl[1], &c, 1, &n, &fd) == ERR_OK);
	chan_init(&a, pair[0], 100);
	chan_init(&b, fd, 100);
	WANT(chan_put(&a, SPAN_LIT("frame")) == ERR_OK && chan_flush(&a) == ERR_OK);
	WANT(chan_fill(&b) == ERR_OK && chan_next(&b, &frame) == ERR_OK);
	WANT(span_is(frame, "frame"));
	WANT(chan_fill(&b) == ERR_OK); /* would block: so it was made non-blocking */
	WANT(chan_send(a.fd, SPAN_LIT("reply")) == ERR_OK);
	WANT(chan_recv(fd, 100, 100, &b.in) == ERR_OK);
	WANT(loop_timer_add(l, loop_now() + 5, stop, l));
	WANT(loop_run(l) == ERR_OK);
	chan_done(&a);
	chan_done(&b);
	loop_free(l);
	return 0;
}

/* What an exploit would want first: each must end the process. */
static int
act_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) ? 1 : 2;
}

static int
act_exec(void)
{
	char *argv[] = { NULL };

	return execve("/bin/true", argv, argv) ? 1 : 2;
}

static int
act_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return 1;
}

static int
act_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? 1 : 2;
}

static int
act_kill(void)
{
	return kill(getpid(), 0) ? 1 : 2;
}

static int
act_bind(void)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	return bind(2, &sa, sizeof(sa)) ? 1 : 2;
}

static int
act_unknown_call(void)
{
	return syscall(4000) ? 1 : 2;
}

#ifdef __x86_64__
static int
act_x32(void)
{
	return syscall(0x40000000 + SYS_getpid) ? 1 : 2;
}
#endif

static int
act_prlimit(void)
{
	struct rlimit more = { RLIM_INFINITY, RLIM_INFINITY };

	WANT(setrlimit(RLIMIT_NOFILE, &more) < 0 && errno == EPERM);
	return 0;
}

static int
act_exec_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	WANT(p == MAP_FAILED && errno == EPERM);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WANT(p != MAP_FAILED);
	WANT(mprotect(p, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EPERM);
	WANT(mprotect(p, 4096, PROT_READ) == 0);
	return 0;
}

static const struct {
	const char *what;
	act_fn *act;
	int end;
} common[] = {
	{ "crypto", act_crypto, 0 },
	{ "serve", act_serve, 0 },
	{ "socket", act_inet, KILLED },
	{ "execve", act_exec, KILLED },
	{ "fork", act_fork, KILLED },
	{ "ptrace", act_ptrace, KILLED },
	{ "kill", act_kill, KILLED },
	{ "bind", act_bind, KILLED },
	{ "unknown", act_unknown_call, KILLED },
#ifdef __x86_64__
	{ "x32", act_x32, KILLED },
#endif
	{ "setrlimit", act_prlimit, 0 },
	{ "executable memory", act_exec_memory, 0 },
};

static void
test_common(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT(all); p++) {
		for (size_t i = 0; i < COUNT(common); i++) {
			int end = entered(all[p], common[i].act);

			if (end != common[i].end)
				print_error("profile %d: %s\n", (int)all[p], common[i].what);
			assert_int_equal(end, common[i].end);
		}
		assert_int_equal(in_child(act_channels), 0);
	}
}

/* --- programs of the session bus --- */

static int
act_open_write(void)
{
	WANT(open("/dev/null", O_WRONLY) < 0 && errno == EPERM);
	WANT(open("/dev/null", O_RDWR) < 0 && errno == EPERM);
	WANT(open("/dev/null", O_RDONLY | O_CREAT, 0600) < 0 && errno == EPERM);
	WANT(open("/dev/null", O_RDONLY | O_TRUNC) < 0 && errno == EPERM);
	return 0;
}

static int
act_fork_fails(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	WANT(pid < 0 && errno == EPERM);
	return 0;
}

static int
act_sockets(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	WANT(fd >= 0);
	close(fd);
	for (int family = AF_UNIX + 1; family < AF_MAX; family++)
		WANT(socket(family, SOCK_RAW, 0) < 0 && errno == EAFNOSUPPORT);
	return 0;
}

/* Out by TCP and UDP; nothing to sockets of this machine. */
static int
act_internet(void)
{
	static const int closed[] = { AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK };

	WANT(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	WANT(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		WANT(socket(closed[i], SOCK_DGRAM, 0) < 0 && errno == EAFNOSUPPORT);
	return 0;
}

/* What a child that fetches does before it reads what came. */
static int
act_narrow(void)
{
	WANT(!sandbox_narrow(SANDBOX_WORKER));
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 1 : 2;
}

static int
act_listen(void)
{
	return listen(0, 1) ? 1 : 2;
}

static int
act_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/none", 0) ? 1 : 2;
}

/* Our parent is in no sandbox, as the clients of the bus are. */
static int
act_who(void)
{
	char path[64], exe[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)getppid());
	WANT(readlink(path, exe, sizeof(exe)) > 0);
	snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	WANT(fd >= 0 && read(fd, exe, sizeof(exe)) >= 0);
	close(fd);
	fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	WANT(fd >= 0);
	close(fd);
	return 0;
}

/* Why ownkey-secrets has a profile of its own: as BUS it could not tell who asks. */
static int
act_who_not(void)
{
	char path[64], exe[256];

	snprintf(path, sizeof(path), "/proc/%ld/exe", (long)getppid());
	WANT(readlink(path, exe, sizeof(exe)) < 0);
	return 0;
}

static const struct {
	const char *what;
	enum sandbox_profile profile;
	act_fn *act;
	int end;
} on_bus[] = {
	{ "write", SANDBOX_BUS, act_open_write, 0 },
	{ "write", SANDBOX_SECRETS, act_open_write, 0 },
	{ "fork", SANDBOX_BUS, act_fork_fails, 0 },
	{ "fork", SANDBOX_SECRETS, act_fork_fails, 0 },
	{ "sockets", SANDBOX_BUS, act_sockets, 0 },
	{ "sockets", SANDBOX_SECRETS, act_sockets, 0 },
	{ "execve", SANDBOX_BUS, act_exec, KILLED },
	{ "execve", SANDBOX_SECRETS, act_exec, KILLED },
	{ "ptrace", SANDBOX_SECRETS, act_ptrace, KILLED },
	{ "kill", SANDBOX_SECRETS, act_kill, KILLED },
	{ "bind", SANDBOX_SECRETS, act_bind, KILLED },
	{ "listen", SANDBOX_SECRETS, act_listen, KILLED },
	{ "unlink", SANDBOX_SECRETS, act_unlink, KILLED },
	{ "unknown", SANDBOX_SECRETS, act_unknown_call, KILLED },
	{ "executable memory", SANDBOX_SECRETS, act_exec_memory, 0 },
	{ "setrlimit", SANDBOX_SECRETS, act_prlimit, 0 },
	{ "who asks", SANDBOX_SECRETS, act_who, 0 },
	{ "who asks", SANDBOX_BUS, act_who_not, 0 },
	{ "fork", SANDBOX_WEB, act_fork_fails, 0 },
	{ "sockets", SANDBOX_WEB, act_sockets, 0 },
	{ "execve", SANDBOX_WEB, act_exec, KILLED },
	{ "ptrace", SANDBOX_WEB, act_ptrace, KILLED },
	{ "kill", SANDBOX_WEB, act_kill, KILLED },
	{ "bind", SANDBOX_WEB, act_bind, KILLED },
	{ "listen", SANDBOX_WEB, act_listen, KILLED },
	{ "unknown", SANDBOX_WEB, act_unknown_call, KILLED },
	{ "executable memory", SANDBOX_WEB, act_exec_memory, 0 },
	{ "who asks", SANDBOX_WEB, act_who_not, 0 },
	{ "internet", SANDBOX_FETCH, act_internet, 0 },
	{ "internet", SANDBOX_FETCHER, act_internet, 0 },
	{ "narrower", SANDBOX_FETCH, act_narrow, KILLED },
	{ "write", SANDBOX_FETCH, act_open_write, 0 },
	{ "write", SANDBOX_FETCHER, act_open_write, 0 },
	{ "fork", SANDBOX_FETCH, act_fork_fails, KILLED },
	{ "execve", SANDBOX_FETCH, act_exec, KILLED },
	{ "execve", SANDBOX_FETCHER, act_exec, KILLED },
	{ "ptrace", SANDBOX_FETCHER, act_ptrace, KILLED },
	{ "kill", SANDBOX_FETCH, act_kill, KILLED },
	{ "bind", SANDBOX_FETCHER, act_bind, KILLED },
	{ "listen", SANDBOX_FETCHER, act_listen, KILLED },
	{ "unlink", SANDBOX_FETCHER, act_unlink, KILLED },
	{ "unknown", SANDBOX_FETCHER, act_unknown_call, KILLED },
	{ "executable memory", SANDBOX_FETCHER, act_exec_memory, 0 },
};

static void
test_on_bus(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(on_bus); i++) {
		int end = entered(on_bus[i].profile, on_bus[i].act);

		if (end != on_bus[i].end)
			print_error("%d: %s: %d\n", (int)on_bus[i].profile, on_bus[i].what, end);
		assert_int_equal(end, on_bus[i].end);
	}
}

/* --- limits --- */

static int
act_memory_token(void)
{
	void *volatile p = malloc(40 * MIB); /* volatile: or no compiler would ask for it */

	WANT(p);
	free(p);
	p = malloc(100 * MIB);
	WANT(!p);
	return 0;
}

static int
act_memory_worker(void)
{
	WANT(enter(SANDBOX_WORKER, NULL, (128 + 64) * MIB) == ERR_OK);
	WANT(argon(SPAN_LIT("p"), 128) == ERR_OK);
	WANT(argon(SPAN_LIT("p"), 256) == ERR_KDF_MEMORY);
	return 0;
}

static int
act_rsa(void)
{
	struct sec key = { 0 };

	WANT(crypto_rsa_generate(2048, &key) == ERR_OK && key.len > 900);
	sec_done(&key);
	return 0;
}

static void
test_limits(void **state)
{
	(void)state;
	assert_int_equal(entered(SANDBOX_TOKEN, act_memory_token), 0);
	assert_int_equal(in_child(act_memory_worker), 0);
	assert_int_equal(entered(SANDBOX_WORKER, act_rsa), 0);
}

/* What the kernel itself says about a process that has entered and waits. */
static void
test_kernel_agrees(void **state)
{
	char path[64], text[4096] = "";
	int p[2], ready[2];
	pid_t pid;
	FILE *f;
	char c;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		if (enter(SANDBOX_VAULT, NULL, 0) || write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 2);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "Seccomp:\t2\n"));
	close(p[1]);
	assert_int_equal(end_of(pid), 0);
	close(p[0]);
	close(ready[0]);
	close(ready[1]);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_cli_may_do_its_work),
#ifndef OWNKEY_SAN
		cmocka_unit_test(test_early_limits),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_on_bus),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_kernel_agrees),
#endif
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
