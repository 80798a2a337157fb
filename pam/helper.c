/*
 * helper.c - starting, hearing and ending a helper in a process that belongs to others.
 *
 * The child is made as by vfork(2), on a stack of its own: nothing of the host is copied, no
 * handler of pthread_atfork runs, and it takes system calls only, made directly.  libc's would
 * change the ids of all threads of the host, whose memory the child still shares.
 */
#include "pam/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"

#define STACK	   ((size_t)64 * 1024)
#define FIRST	   3 /* descriptors below are somebody's standard output, open or not */
#define HEAD	   4
#define PATH_LEN   1024
#define CANT_EXEC  127
#define MASK_BYTES 8
#define END_MS	   1000 /* one that is killed is gone at once, unless a device holds it */
#define FDS_BEFORE 65536

#ifdef SYS_setresuid32
#define SET_UIDS SYS_setresuid32
#define SET_GIDS SYS_setresgid32
#else
#define SET_UIDS SYS_setresuid
#define SET_GIDS SYS_setresgid
#endif

int64_t
helper_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the child --- */

struct child {
	const char *path;
	const char *const *argv;
	int fd, null; /* both FIRST or above */
	uid_t uid;
	gid_t gid;
	int error; /* of exec, or of what comes before; 0 = it runs */
};

static void
default_signals(void)
{
	/* zeros: SIG_DFL, no flags, an empty mask, in every layout of the kernel's struct */
	static const unsigned long zeros[8];

	for (int s = 1; s < _NSIG; s++)
		(void)syscall(SYS_rt_sigaction, s, zeros, NULL, MASK_BYTES);
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, MASK_BYTES);
}

static void
close_others(void)
{
	if (syscall(SYS_close_range, FIRST, ~0U, 0U) == 0)
		return;
	for (int fd = FIRST; fd < FDS_BEFORE; fd++) /* before Linux 5.9 */
		(void)syscall(SYS_close, fd);
}

/* Where su and sudo run, only the effective ids are root's; a program started so would be treated
 * as a setuid one. */
static bool
prepare(const struct child *c)
{
	if (syscall(SYS_dup3, c->fd, 0, 0) < 0 || syscall(SYS_dup3, c->null, 1, 0) < 0 ||
	    syscall(SYS_dup3, c->null, 2, 0) < 0)
		return false;
	close_others();
	(void)syscall(SYS_setsid); /* a Ctrl-C is the host's, who ends us */
	return syscall(SYS_chdir, "/") == 0 && syscall(SET_GIDS, c->gid, c->gid, c->gid) == 0 &&
	    syscall(SET_UIDS, c->uid, c->uid, c->uid) == 0;
}

static int
run_child(void *arg)
{
	static const char *const no_environment[] = { NULL };
	struct child *c = arg;

	default_signals();
	if (prepare(c))
		(void)syscall(SYS_execve, c->path, c->argv, no_environment);
	c->error = errno;
	(void)syscall(SYS_exit_group, CANT_EXEC);
	return CANT_EXEC;
}

/* --- starting it --- */

/* All signals wait, those that libc keeps to itself, too: the child has its handlers at first. */
static enum err
start_child(struct child *c, struct helper *h)
{
	static const unsigned long all[2] = { ~0UL, ~0UL };
	unsigned long before[2];
	uint8_t *stack = mmap(
	    NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int pidfd = -1, error;
	pid_t pid;

	if (stack == MAP_FAILED)
		return ERR_NOMEM;
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, all, before, MASK_BYTES);
	pid = clone(
	    run_child, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, c, &pidfd);
	error = errno;
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, MASK_BYTES);
	munmap(stack, STACK);
	if (pid < 0)
		return error == ENOMEM ? ERR_NOMEM : ERR_LIMIT;
	h->pid = pid;
	h->pidfd = pidfd;
	return c->error ? ERR_NOPROGRAM : ERR_OK;
}

/* A descriptor that is nobody's standard input or output. */
static int
move_up(int fd)
{
	int up;

	if (fd < 0 || fd >= FIRST)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, FIRST);
	close(fd);
	return up;
}

static enum err
make_ends(struct child *c, struct helper *h)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return ERR_LIMIT;
	h->fd = move_up(pair[0]);
	c->fd = move_up(pair[1]);
	c->null = move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
	return h->fd < 0 || c->fd < 0 || c->null < 0 ? ERR_LIMIT : ERR_OK;
}

static enum err
make_page(struct helper *h, size_t max)
{
	void *p =
	    mmap(NULL, max + HEAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return ERR_NOMEM;
	h->page = p;
	h->max = max;
	if (mlock(p, max + HEAD) != 0)
		return ERR_PAM_HOST;
	(void)madvise(p, max + HEAD, MADV_DONTDUMP);
	(void)madvise(p, max + HEAD, MADV_WIPEONFORK);
	return ERR_OK;
}

enum err
helper_start(const char *name, size_t max, struct helper *h)
{
	const char *const argv[] = { name, NULL };
	struct child c = { .argv = argv, .fd = -1, .null = -1 };
	char path[PATH_LEN];
	enum err e;
	int n;

	*h = (struct helper)HELPER_NONE;
	n = snprintf(path, sizeof path, "%s/%s", where_libexec(), name);
	if (n < 0 || (size_t)n >= sizeof path || path[0] != '/')
		return ERR_NOPROGRAM;
	c.path = path;
	c.uid = geteuid();
	c.gid = getegid();
	if (!(e = make_page(h, max)) && !(e = make_ends(&c, h)))
		e = start_child(&c, h);
	if (c.fd >= 0)
		close(c.fd);
	if (c.null >= 0)
		close(c.null);
	if (e)
		helper_end(h);
	return e;
}

/* --- talking --- */

/* Until one of them may be used, or `until`.  A signal of the host is none of our business. */
static enum err
wait_for(struct pollfd *v, size_t n, int64_t until)
{
	int64_t left;
	int r;

	do {
		left = until - helper_clock();
		r = poll(v, n, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);
		if (r < 0 && errno != EINTR)
			return ERR_IO;
		if (r > 0)
			return ERR_OK;
	} while (left > 0);
	return ERR_TIMEOUT;
}

static enum err
send_all(struct helper *h, struct span s, int64_t until)
{
	struct pollfd v = { .fd = h->fd, .events = POLLOUT };
	ssize_t n;
	enum err e;

	while (s.len) {
		n = send(h->fd, s.p, s.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			s = SPAN(s.p + n, s.len - (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return ERR_HANGUP;
		else if ((e = wait_for(&v, 1, until)))
			return e;
	}
	return ERR_OK;
}

enum err
helper_send(struct helper *h, struct span frame, int64_t until)
{
	uint8_t head[HEAD];
	enum err e;

	if (h->fd < 0)
		return ERR_HANGUP;
	if (frame.len > UINT32_MAX)
		return ERR_TOOBIG;
	put_be32(head, (uint32_t)frame.len);
	if ((e = send_all(h, SPAN(head, HEAD), until)))
		return e;
	return send_all(h, frame, until);
}

/* The frame that was read before makes room. */
static void
forget(struct helper *h)
{
	size_t left = h->have - h->taken;

	if (!h->taken)
		return;
	memmove(h->page, h->page + h->taken, left);
	explicit_bzero(h->page + left, h->taken);
	h->have = left;
	h->taken = 0;
}

/* ERR_TRUNCATED: not all of it is there yet. */
static enum err
next_frame(struct helper *h, struct span *frame)
{
	size_t len;

	if (h->have < HEAD)
		return ERR_TRUNCATED;
	if ((len = be32(h->page)) > h->max)
		return ERR_TOOBIG;
	if (h->have < HEAD + len)
		return ERR_TRUNCATED;
	*frame = SPAN(h->page + HEAD, len);
	h->taken = HEAD + len;
	return ERR_OK;
}

static enum err
read_some(struct helper *h)
{
	ssize_t n = recv(h->fd, h->page + h->have, h->max + HEAD - h->have, MSG_DONTWAIT);

	if (n > 0)
		h->have += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return ERR_HANGUP;
	return ERR_OK;
}

/* Does one of them say something now?  ERR_TRUNCATED: no. */
static enum err
look(struct helper *h, const struct pollfd *v, struct span *frame)
{
	enum err e = next_frame(h, frame);

	if (e != ERR_TRUNCATED || !v->revents)
		return e;
	if ((e = read_some(h)))
		return e;
	return next_frame(h, frame);
}

#define MANY 16

enum err
helper_recv_any(struct helper *h, size_t n, int64_t until, size_t *which, struct span *frame)
{
	struct pollfd v[MANY] = { 0 };
	size_t living = 0;
	enum err e;

	if (n > MANY)
		return ERR_INTERNAL;
	for (size_t i = 0; i < n; i++) {
		v[i] = (struct pollfd){ .fd = h[i].fd, .events = POLLIN };
		living += h[i].fd >= 0;
		forget(&h[i]);
	}
	if (!living)
		return ERR_NOTFOUND;
	do {
		for (size_t i = 0; i < n; i++) {
			*which = i;
			if (h[i].fd >= 0 && (e = look(&h[i], &v[i], frame)) != ERR_TRUNCATED)
				return e;
		}
	} while (!(e = wait_for(v, n, until)));
	return e;
}

enum err
helper_recv(struct helper *h, int64_t until, struct span *frame)
{
	size_t which;
	enum err e = helper_recv_any(h, 1, until, &which, frame);

	return e == ERR_NOTFOUND ? ERR_HANGUP : e;
}

/* --- ending it --- */

/* By its descriptor: a host that reaps all, or ignores its children, may have been faster. */
static void
reap(struct helper *h)
{
	struct pollfd v = { .fd = h->pidfd, .events = POLLIN };
	siginfo_t info;
	enum err e;

	/* valgrind knows no such call */
	if (syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0) != 0 && errno == ENOSYS)
		(void)kill(h->pid, SIGKILL);
	if ((e = wait_for(&v, 1, helper_clock() + END_MS)) == ERR_TIMEOUT)
		return;
	/* one that cannot be waited for in turns (memory) is gone in a moment, too */
	while (waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED | (e ? 0 : WNOHANG)) < 0 &&
	    errno == EINTR)
		;
}

void
helper_end(struct helper *h)
{
	if (h->fd >= 0)
		close(h->fd);
	if (h->pidfd >= 0) {
		reap(h);
		close(h->pidfd);
	}
	if (h->page) {
		explicit_bzero(h->page, h->max + HEAD);
		munmap(h->page, h->max + HEAD);
	}
	*h = (struct helper)HELPER_NONE;
}
