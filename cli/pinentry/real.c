/* real.c - the child that is the real pinentry. */
#include "cli/pinentry/real.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/spawn.h"

#define LEAVE_MS 300
#define TERM_MS	 1000
#define STEP_MS	 5

/* ---- starting ---- */
static enum err
spawn_it(struct real *r, const char *path, char **args)
{
	static const char *argv[64];
	struct spawn sp = {
		.path = path, .argv = argv, .set = (const char *const *)environ, .nfds = 3
	};
	int to[2], from[2];
	enum err e;

	argv[0] = path;
	for (size_t i = 1; i < 63 && args[i]; i++)
		argv[i] = args[i];
	if (pipe2(to, O_CLOEXEC))
		return ERR_LIMIT;
	if (pipe2(from, O_CLOEXEC)) {
		close(to[0]);
		close(to[1]);
		return ERR_LIMIT;
	}
	sp.fds[0] = to[0];
	sp.fds[1] = from[1];
	sp.fds[2] = STDERR_FILENO;
	e = spawn_start(&sp, &r->pid);
	close(to[0]);
	close(from[1]);
	r->to = to[1];
	r->from = from[0];
	return e;
}

static bool
begins(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.len >= n && memcmp(s.p, word, n) == 0 && (s.len == n || s.p[n] == ' ');
}

/* Up to OK or ERR, which are both an answer: one that lacks an option can still ask. */
static enum err
read_answer(struct real *r)
{
	struct span line;
	enum err e;

	for (;;) {
		e = line_take(&r->in, &line);
		if (e == ERR_BUSY)
			e = line_fill(&r->in);
		else if (!e && (begins(line, "OK") || begins(line, "ERR")))
			return ERR_OK;
		if (e)
			return e;
	}
}

static enum err
say_again(struct real *r, const struct buf *lines)
{
	struct span s = buf_span(lines);
	enum err e = ERR_OK;

	while (s.len && !e) {
		const uint8_t *end = memchr(s.p, '\n', s.len);
		size_t n = (size_t)(end - s.p);

		if (!(e = line_write(r->to, SPAN(s.p, n))))
			e = read_answer(r);
		s = span_sub(s, n + 1, s.len - n - 1);
	}
	return e;
}

enum err
real_start(struct real *r, const struct settings *s, char **args)
{
	char path[PATHS_MAX];
	enum err e;

	*r = (struct real){ .pid = -1, .to = -1, .from = -1 };
	if ((e = real_find(path, sizeof path)) || (e = spawn_it(r, path, args)) ||
	    (e = line_open(&r->in, r->from)) || (e = read_answer(r)) ||
	    (e = say_again(r, &s->options)) || (e = say_again(r, &s->sets))) {
		real_stop(r);
		return e;
	}
	return ERR_OK;
}

/* ---- one command ---- */
/* What it says goes on, at once and unread but for how it begins. */
static enum err
pass_lines(struct real *r, const struct real_talk *t, bool *inquires, bool *done)
{
	struct span line;
	enum err e;

	while (!*done && !(e = line_take(&r->in, &line))) {
		if (line_write(t->out, line))
			return ERR_CANCELLED;
		*done = begins(line, "OK") || begins(line, "ERR");
		*inquires = *inquires || begins(line, "INQUIRE");
	}
	return *done || e == ERR_BUSY ? ERR_OK : ERR_HANGUP;
}

static enum err
pass_answer(struct real *r, const struct real_talk *t, bool *inquires)
{
	struct span line;
	enum err e;

	while (*inquires && !(e = line_take(t->in, &line))) {
		if (line_write(r->to, line))
			return ERR_HANGUP;
		*inquires = !begins(line, "END") && !begins(line, "CAN");
	}
	return !*inquires || e == ERR_BUSY ? ERR_OK : ERR_CANCELLED;
}

static void
pass_signal(struct real *r, const struct real_talk *t)
{
	struct signalfd_siginfo si;

	if (read(t->signals, &si, sizeof si) == sizeof si)
		(void)kill(r->pid, (int)si.ssi_signo);
}

/* Wait for one of the three and read what is there.  Nobody is asked for a gpg-agent that is gone;
 * all else is answered at once, also behind the end of what it said. */
static enum err
wait_for(struct real *r, const struct real_talk *t, bool asks, bool inquires)
{
	struct pollfd p[] = { { r->from, POLLIN, 0 }, { t->signals, POLLIN, 0 },
		{ t->in->fd, inquires ? POLLIN : POLLRDHUP, 0 } };

	if (poll(p, asks || inquires ? 3 : 2, -1) < 0)
		return errno == EINTR ? ERR_OK : ERR_IO;
	if (p[1].revents)
		pass_signal(r, t);
	if (p[0].revents)
		return line_fill(&r->in) ? ERR_HANGUP : ERR_OK;
	if (!p[2].revents)
		return ERR_OK;
	return !inquires || line_fill(t->in) ? ERR_CANCELLED : ERR_OK;
}

enum err
real_command(struct real *r, const struct real_talk *t, struct span line)
{
	bool inquires = false, done = false;
	bool asks = begins(line, "GETPIN") || begins(line, "CONFIRM") || begins(line, "MESSAGE");
	enum err e;

	if (line_write(r->to, line))
		return ERR_HANGUP;
	for (;;) {
		if ((e = pass_lines(r, t, &inquires, &done)) || done ||
		    (e = pass_answer(r, t, &inquires)) || (e = wait_for(r, t, asks, inquires)))
			return e;
	}
}

/* ---- ending ---- */
static bool
reaped_within(pid_t pid, int ms)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (; ms > 0; ms -= STEP_MS) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

/* Gently first: it may have to put the terminal in order. */
void
real_stop(struct real *r)
{
	if (r->to >= 0)
		close(r->to);
	if (r->from >= 0)
		close(r->from);
	if (r->in.in.p)
		line_close(&r->in);
	if (r->pid > 0 && !reaped_within(r->pid, LEAVE_MS)) {
		(void)kill(r->pid, SIGTERM);
		if (!reaped_within(r->pid, TERM_MS))
			spawn_kill(r->pid);
	}
	r->pid = -1;
	r->to = r->from = -1;
}
