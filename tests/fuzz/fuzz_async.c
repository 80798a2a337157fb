/*
 * What answers a program that asks many things at once (lib/async.c).  The first requests have the
 * ids 2048 (hello), 4097 (subscribe), 6146 (hello); then come 8195 (status), 10244 (a page of
 * secrets).  Each reply is given once, whatever comes.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/async.h"
#include "lib/sock.h"

#define MOST (64 * 1024) /* fits the buffers of a socket */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct async *asking;
static const struct async_then nobody;
static unsigned asked, answered, up, down, events;
static char path[64];

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
on_reply(void *arg, enum err status, const char *text, const void *rep)
{
	bool *once = arg;

	must(!*once && text && (rep || status));
	*once = true;
	answered++;
}

static void
ask(enum op op, bool *once)
{
	*once = false;
	asked +=
	    async_call(asking, op, NULL, (struct async_then){ on_reply, once }, NULL) == ERR_OK;
}

static void
on_up(void *arg, const struct ops_hello_rep *hello)
{
	bool *once = arg;

	must(hello->version.len < 64);
	up++;
	ask(OP_STATUS, &once[0]);
	ask(OP_SECRET_LIST, &once[1]);
}

static void
on_down(void *arg)
{
	(void)arg;
	must(async_call(asking, OP_STATUS, NULL, nobody, NULL) == ERR_NOAGENT);
	down++;
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	(void)arg;
	events += ev->kind <= OPS_EV_FORWARD;
}

static void
remove_socket(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static int
listen_once(void)
{
	static int fd = -1;
	char dir[] = "/tmp/ownkey-fuzz-XXXXXX";

	if (fd >= 0)
		return fd;
	must(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/agent.sock", dir);
	must(setenv("OWNKEY_SOCKET", path, 1) == 0);
	must(sock_listen(path, 8, &fd) == ERR_OK);
	atexit(remove_socket);
	return fd;
}

/* On a slow machine it may be time to connect again, and that one would be taken for the next. */
static void
drop_others(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	while (poll(&p, 1, 0) > 0)
		close(accept(fd, NULL, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct async_hooks hooks = { on_up, on_down, on_event };
	struct ops_hello hello = { .client = SPAN_LIT("fuzz") };
	bool once[2] = { false, false };
	int fd = listen_once(), peer;

	if (n > MOST)
		return 0;
	asked = answered = up = down = 0;
	must(async_new(&asking, &hello, &hooks, once) == ERR_OK);
	async_run(asking);
	must((peer = accept(fd, NULL, NULL)) >= 0);
	must(send(peer, p, n, MSG_NOSIGNAL) == (ssize_t)n);
	for (int i = 0; i < 4; i++)
		async_run(asking);
	close(peer);
	async_run(asking);
	async_run(asking);
	must(!async_is_up(asking) && up == down && asked == answered);
	async_done(asking);
	drop_others(fd);
	return 0;
}
