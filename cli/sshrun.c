/* sshrun.c - ssh as a child; a second one that shows what comes. */
#include "cli/sshrun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/out.h"

#define OUT_MOST    16384
#define LINE_MAX_   1024
#define SCRIPT_MAX_ 2048
#define CANT_EXEC   126 /* by us: 127 is the other machine's */
#define END_MS	    3000

enum err
sshrun_arg(struct sshrun *r, const char *arg)
{
	if (r->n + 1 >= SSHRUN_ARGS)
		return ERR_TOOBIG;
	r->argv[r->n++] = arg;
	r->argv[r->n] = NULL;
	return ERR_OK;
}

enum err
sshrun_begin(struct sshrun *r, const char *host, const char *const *options, size_t n)
{
	enum err e;

	*r = (struct sshrun){ .host = host };
	e = sshrun_arg(r, "ssh");
	for (size_t i = 0; i < n && !e; i++)
		if (!(e = sshrun_arg(r, "-o")))
			e = sshrun_arg(r, options[i]);
	return e;
}

/* Any login shell understands this much. */
static enum err
put_command(struct sshrun *r, const char *script, struct buf *command)
{
	enum err e;

	buf_putf(command, "exec sh -c '%s'", script);
	if ((e = buf_err(command)) || (e = sshrun_arg(r, "-T")) || (e = sshrun_arg(r, "--")) ||
	    (e = sshrun_arg(r, r->host)))
		return e;
	return sshrun_arg(r, buf_cstr(command));
}

/* ---- the child ---- */
static _Noreturn void
run(const struct sshrun *r, int out, bool both)
{
	int null = open("/dev/null", O_RDONLY);

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || (both && dup2(out, 2) < 0))
		_exit(CANT_EXEC);
	/* execvp takes char * for history's sake; it does not write */
	execvp(r->argv[0], (char *const *)(uintptr_t)r->argv);
	_exit(CANT_EXEC);
}

static enum err
start(struct sshrun *r, bool both, int *out)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return ERR_LIMIT;
	if ((r->pid = fork()) == 0)
		run(r, fds[1], both);
	close(fds[1]);
	if (r->pid > 0) {
		*out = fds[0];
		return ERR_OK;
	}
	r->pid = 0;
	close(fds[0]);
	return ERR_NOMEM;
}

static void
keep_status(struct sshrun *r, int status)
{
	r->ended = true;
	r->pid = 0;
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool
sshrun_ended(struct sshrun *r)
{
	int status;

	if (!r->ended && r->pid > 0 && waitpid(r->pid, &status, WNOHANG) == r->pid)
		keep_status(r, status);
	return r->ended;
}

static void
wait_end(struct sshrun *r, int ms)
{
	for (; ms > 0 && !sshrun_ended(r); ms -= 20)
		poll(NULL, 0, 20);
}

static void
stop(struct sshrun *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGTERM);
	wait_end(r, END_MS);
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		wait_end(r, END_MS);
	}
}

/* ---- what it says ---- */
static enum err
read_some(int fd, int cancel, struct buf *out, bool *end)
{
	struct pollfd p[2] = { { fd, POLLIN, 0 }, { cancel, POLLIN, 0 } };
	uint8_t *room = buf_room(out, 1024);
	ssize_t n;

	if (!room)
		return ERR_NOMEM;
	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	if (p[1].revents)
		return ERR_CANCELLED;
	if ((n = read(fd, room, 1024)) < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	buf_add(out, (size_t)n);
	*end = n == 0;
	return out->len > OUT_MOST ? ERR_TOOBIG : ERR_OK;
}

enum err
sshrun_ask(struct sshrun *r, const char *script, int cancel, struct buf *out)
{
	struct buf command = BUF_INIT;
	bool end = false;
	enum err e;
	int fd = -1;

	if ((e = put_command(r, script, &command)) || (e = start(r, false, &fd)))
		goto out;
	while (!e && !end)
		e = read_some(fd, cancel, out, &end);
	close(fd);
	if (!e)
		wait_end(r, END_MS);
	stop(r);
	if (!e && r->status == CANT_EXEC)
		e = ERR_NOPROGRAM;
out:
	buf_done(&command);
	return e;
}

/* Line by line; a longer one is cut. */
static _Noreturn void
relay(const char *host, int fd)
{
	char before[160], line[LINE_MAX_];
	size_t n = 0;
	ssize_t got;
	char c;

	signal(SIGINT, SIG_IGN);
	snprintf(before, sizeof before, "%.128s: ", host);
	while ((got = read(fd, &c, 1)) > 0 || (got < 0 && errno == EINTR)) {
		if (got > 0 && c != '\n' && n < sizeof line)
			line[n++] = c;
		if (got > 0 && c == '\n' && n > 0) {
			out_say_span(before, SPAN(line, n));
			n = 0;
		}
	}
	if (n > 0)
		out_say_span(before, SPAN(line, n));
	_exit(0);
}

enum err
sshrun_start(struct sshrun *r, const char *script)
{
	struct buf command = BUF_INIT;
	enum err e;
	int fd = -1;

	if (!(e = put_command(r, script, &command)))
		e = start(r, true, &fd);
	if (!e && (r->relay = fork()) == 0)
		relay(r->host, fd);
	if (fd >= 0)
		close(fd);
	buf_done(&command);
	return e;
}

void
sshrun_end(struct sshrun *r)
{
	stop(r);
	if (r->relay > 0)
		while (waitpid(r->relay, NULL, 0) < 0 && errno == EINTR)
			;
	r->relay = 0;
}
