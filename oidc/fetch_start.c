#include "oidc/fetch_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fetchjob.h"
#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/spawn.h"

#define ASKED 3 /* descriptor */

static enum err
start(const struct oidc_conf *c, int *fd)
{
	char path[PATHS_MAX];
	const char *argv[] = { FETCH_PROGRAM, "public", c->ca_file, c->proxy, NULL };
	struct spawn s = { .path = path, .argv = argv, .nfds = 3 };
	int pair[2];
	enum err e;
	pid_t pid; /* it ends with descriptor 0, and with us */

	if ((e = paths_program(FETCH_PROGRAM, path, sizeof path)) ||
	    (e = sock_pair(SOCK_STREAM, pair)))
		return e;
	s.fds[0] = pair[1];
	s.fds[1] = -1;
	s.fds[2] = STDERR_FILENO;
	e = spawn_start(&s, &pid);
	close(pair[1]);
	if (e)
		close(pair[0]);
	else
		*fd = pair[0];
	return e;
}

static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static _Noreturn void
serve(const struct oidc_conf *c, int fd, pid_t parent)
{
	ssize_t n;
	char byte;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent ||
	    (fd != ASKED && dup3(fd, ASKED, O_CLOEXEC) != ASKED) ||
	    syscall(SYS_close_range, ASKED + 1, ~0U, 0U))
		_exit(1);
	while ((n = recv(ASKED, &byte, 1, 0)) != 0) {
		uint16_t said;
		int helper = -1;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		reap();
		said = (uint16_t)start(c, &helper);
		if (sock_send_fd(ASKED, SPAN(&said, sizeof said), helper))
			break;
		if (helper >= 0)
			close(helper);
	}
	_exit(0);
}

enum err
fetch_start_open(const struct oidc_conf *c, int *fd)
{
	int pair[2];
	enum err e = sock_pair(SOCK_SEQPACKET, pair);
	pid_t pid, parent = getpid();

	if (e)
		return e;
	if ((pid = fork()) == 0)
		serve(c, pair[1], parent);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return ERR_NOMEM;
	}
	*fd = pair[0];
	return ERR_OK;
}

enum err
fetch_start_ask(int fd)
{
	return send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? ERR_OK : ERR_HANGUP;
}

enum err
fetch_start_take(int fd, int *helper)
{
	uint16_t said = 0;
	size_t n = 0;
	enum err e = sock_recv_fd(fd, &said, sizeof said, &n, helper);

	if (!e && n != sizeof said)
		e = ERR_FORMAT;
	if (!e && (enum err)said)
		e = (enum err)said;
	if (!e && *helper < 0)
		e = ERR_FORMAT;
	if (e && *helper >= 0) {
		close(*helper);
		*helper = -1;
	}
	return e;
}
