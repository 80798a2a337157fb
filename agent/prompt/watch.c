#include "agent/prompt/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "lib/loop.h"

enum err
watch_signals(struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return ERR_IO;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? ERR_IO : ERR_OK;
}

static int
ms_until(uint64_t deadline)
{
	uint64_t now = loop_now();

	if (now >= deadline)
		return 0;
	return deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

enum err
watch_wait(const struct watch *w, int fd, short events)
{
	struct pollfd p[] = {
		{ .fd = w->vault, .events = POLLIN | POLLRDHUP },
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = fd, .events = events },
	};
	int n;

	do
		n = poll(p, sizeof(p) / sizeof(*p), ms_until(w->deadline));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_IO;
	if (p[0].revents != 0 || p[1].revents != 0)
		return ERR_CANCELLED;
	return n == 0 ? ERR_TIMEOUT : ERR_OK;
}
