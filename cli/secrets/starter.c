#include "cli/secrets/starter.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/log.h"
#include "lib/sock.h"

/* An agent, or the socket of one that the service manager starts, is there. */
static bool
somebody_listens(void)
{
	char path[SOCK_PATH_MAX];
	int fd;

	if (sock_path("agent.sock", path, sizeof path) || sock_connect(path, &fd))
		return false;
	close(fd);
	return true;
}

static _Noreturn void
serve(int fd)
{
	static const char *const none[] = { NULL };
	char byte;
	ssize_t n;
	enum err e;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_IGN);
	while ((n = read(fd, &byte, 1)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (n < 0 || somebody_listens())
			continue;
		if ((e = client_start_agent(none)))
			log_err(e, "start the agent");
		byte = e ? 1 : 0;
		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

enum err
starter_open(int *fd)
{
	int pair[2];
	enum err e = sock_pair(SOCK_SEQPACKET, pair);
	pid_t pid;

	if (e)
		return e;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return ERR_NOMEM;
	}
	*fd = pair[0];
	return ERR_OK;
}

void
starter_wake(struct secrets *s)
{
	/* full: it was woken already */
	if (store_state(s->store) == STORE_NO_AGENT)
		(void)send(s->starter, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
starter_on_answer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct secrets *s = arg;
	char byte = 1;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	(void)events;
	if (n == 0)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (n == 1 && byte == 0)
		async_hurry(store_async(s->store));
	return 0;
}
