/* hold.c - waiting for the session to open. */
#include "pam/handoff/hold.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
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
	if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 4)) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return ERR_OK;
}

static bool
is_ours(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 && u.uid == geteuid();
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

enum err
hold_wait(int listener, uint32_t uid, int *to)
{
	struct pollfd p = { listener, POLLIN, 0 };
	int64_t until = now_ms() + HANDOFF_HOLD_S * 1000;

	for (int64_t now; (now = now_ms()) < until;) {
		int fd = poll(&p, 1, (int)(until - now)) == 1 ? accept(listener, NULL, NULL) : -1;
		uint32_t what;

		if (fd < 0)
			continue;
		what = hear(fd, uid);
		*to = fd;
		if (what == HANDOFF_HELD_UNLOCK)
			return ERR_OK;
		close(fd);
		if (what == HANDOFF_HELD_DROP)
			return ERR_CANCELLED;
	}
	return ERR_TIMEOUT;
}
