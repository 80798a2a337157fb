#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "agent/worker/wait.h"
#include "lib/loop.h"

static volatile sig_atomic_t armed;
static struct sec at_stake;

static int
ms_until(uint64_t deadline)
{
	uint64_t now = loop_now();

	if (now >= deadline)
		return 0;
	return deadline - now > INT32_MAX ? INT32_MAX : (int)(deadline - now);
}

enum err
wait_ready(int vault, int fd, short events, uint64_t deadline)
{
	struct pollfd p[] = {
		{ .fd = vault, .events = POLLIN | POLLRDHUP },
		{ .fd = fd, .events = events },
	};
	int n;

	do
		n = poll(p, 2, ms_until(deadline));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_IO;
	if (p[0].revents != 0)
		return ERR_CANCELLED;
	return n == 0 ? ERR_TIMEOUT : ERR_OK;
}

/* Not sec_arena_close: it frees, and malloc may be what was interrupted. */
static void
on_vault(int signo)
{
	(void)signo;
	if (!armed)
		return;
	sec_zero(at_stake.p, at_stake.cap);
	_exit(1);
}

/* O_ASYNC: the kernel sends SIGIO when the other end closes, also in the middle of Argon2. */
enum err
wait_arm(int vault, const struct sec *secret)
{
	struct sigaction act = { .sa_handler = on_vault, .sa_flags = SA_RESTART };
	struct pollfd p = { .fd = vault, .events = POLLIN | POLLRDHUP };

	at_stake = *secret;
	if (sigaction(SIGIO, &act, NULL) != 0 || fcntl(vault, F_SETOWN, getpid()) != 0 ||
	    fcntl(vault, F_SETFL, O_ASYNC) != 0)
		return ERR_IO;
	armed = 1;
	/* it may have closed before */
	return poll(&p, 1, 0) == 0 ? ERR_OK : ERR_CANCELLED;
}

void
wait_disarm(void)
{
	armed = 0;
}
