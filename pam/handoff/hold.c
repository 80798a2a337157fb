/* hold.c - waiting for the session to open. */
#include "pam/handoff/hold.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ASK_MS 1000 /* for the few bytes of whoever connects */

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

enum err
hold_listen(char name[HANDOFF_NAME_MAX], int *out)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	uint64_t r[2];
	socklen_t len;
	int fd, n;

	if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
		return ERR_IO;
	n = snprintf(name, HANDOFF_NAME_MAX, HANDOFF_HELD "%016llx%016llx",
	    (unsigned long long)r[0], (unsigned long long)r[1]);
	memcpy(a.sun_path + 1, name, (size_t)n);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return ERR_LIMIT;
	if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 64)) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return ERR_OK;
}

/* ---- the host ---- */

/* It waits for our answer, so it lives: if not, its number may be somebody else's by now. */
enum err
hold_host(int *out)
{
	struct pollfd p = { 0, POLLIN | POLLRDHUP, 0 };
	struct ucred u;
	socklen_t n = sizeof u;
	int fd;

	if (getsockopt(0, SOL_SOCKET, SO_PEERCRED, &u, &n) || u.pid <= 0)
		return ERR_IO;
	if ((fd = (int)syscall(SYS_pidfd_open, u.pid, 0)) < 0)
		return errno == ESRCH ? ERR_HANGUP : ERR_LIMIT;
	if (poll(&p, 1, 0) != 0) {
		close(fd);
		return ERR_HANGUP;
	}
	*out = fd;
	return ERR_OK;
}

enum err
hold_signals(int *out)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return ERR_IO;
	*out = signalfd(-1, &set, SFD_CLOEXEC);
	return *out < 0 ? ERR_LIMIT : ERR_OK;
}

/* ---- what they want ---- */

static bool
is_ours(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 &&
	    (u.uid == 0 || u.uid == geteuid());
}

/* What they want; 0 when they are strangers, silent, or mean somebody else's. */
static uint32_t
hear(int fd, uint32_t uid)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct handoff_held m;

	if (!is_ours(fd) || poll(&p, 1, ASK_MS) != 1 ||
	    read(fd, &m, sizeof m) != (ssize_t)sizeof m || m.uid != uid)
		return 0;
	return m.what;
}

static enum err
one_caller(struct hold *h)
{
	int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
	uint32_t what;

	if (fd < 0)
		return ERR_NOTFOUND;
	what = hear(fd, h->uid);
	if (what == h->what) {
		h->to = fd;
		return ERR_OK;
	}
	close(fd);
	return what == HANDOFF_HELD_DROP ? ERR_CANCELLED : ERR_NOTFOUND;
}

enum err
hold_wait(struct hold *h)
{
	struct pollfd p[3] = { { h->listener, POLLIN, 0 }, { h->host, POLLIN, 0 },
		{ h->signal, POLLIN, 0 } };
	int64_t until = now_ms() + h->ms, now;
	enum err e = ERR_NOTFOUND;

	while (e == ERR_NOTFOUND) {
		now = now_ms();
		if (h->ms >= 0 && now >= until)
			return ERR_TIMEOUT;
		if (poll(p, 3, h->ms < 0 ? -1 : (int)(until - now)) <= 0)
			continue;
		if (p[1].revents || p[2].revents)
			return ERR_HANGUP;
		e = one_caller(h);
	}
	return e;
}
