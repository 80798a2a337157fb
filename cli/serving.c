/* serving.c - accept, bring to the agent, wait. */
#include "cli/serving.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG	   4
#define CREDIT	   40	/* connections at once ... */
#define REFILL_MS  1000 /* ... and one more each second */
#define TICK_MS	   200
#define PUMP_BYTES 4096

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the pump ---- */
static bool
copy(int from, int to)
{
	uint8_t b[PUMP_BYTES];
	ssize_t n = read(from, b, sizeof b), at = 0, put;

	while (at < n) {
		if ((put = write(to, b + at, (size_t)(n - at))) <= 0)
			return false;
		at += put;
	}
	return n > 0;
}

/* A process of its own: the person may be typing a PIN, and the other side sees it wait. */
static _Noreturn void
pump(int remote, int agent)
{
	struct pollfd p[2] = { { remote, POLLIN, 0 }, { agent, POLLIN, 0 } };

	signal(SIGINT, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents && !copy(remote, agent))
			break;
		if (p[1].revents && !copy(agent, remote))
			break;
	}
	_exit(0);
}

static void
bring(struct serving *s, struct span job)
{
	int agent;
	pid_t pid;

	if (s->remote < 0 || client_secret_open(job, &agent))
		return;
	if ((pid = fork()) == 0) {
		close(s->listener);
		close(s->c->conn.fd);
		pump(s->remote, agent);
	}
	close(agent);
	close(s->remote);
	s->remote = -1;
	if (pid < 0)
		s->c->why = ERR_NOMEM;
}

static void
on_forward(struct cli *c, const struct ops_event *ev)
{
	struct serving *s = c->serving;

	if (ev->job.len)
		bring(s, ev->job);
	if (ev->label.len && forwarded_add(&s->list, ev->label))
		out_say(
		    "note: that %s used this credential could not be written down", s->list.name);
}

/* ---- opening ---- */
enum err
serving_open(struct serving *s, struct cli *c, const char *path, const char *name)
{
	enum err e;

	s->c = c;
	s->listener = s->remote = -1;
	s->credit = CREDIT;
	s->since = now_ms();
	s->last = ERR_OK;
	c->serving = s;
	c->on_forward = on_forward;
	if (path[0] != '/' || strlen(path) >= sizeof s->path)
		return ERR_FORWARD_PATH;
	snprintf(s->path, sizeof s->path, "%s", path);
	if ((e = forwarded_read(&s->list, name)) || (e = cli_connect(c)))
		return e;
	if ((e = sock_listen(s->path, BACKLOG, &s->listener))) {
		snprintf(c->detail, sizeof c->detail, "%s", s->path);
		if (e != ERR_BUSY)
			snprintf(c->hint, sizeof c->hint,
			    "its folder has to be there, be yours, and let nobody else in");
	}
	return e;
}

void
serving_close(struct serving *s)
{
	if (s->remote >= 0)
		close(s->remote);
	if (s->listener >= 0) {
		close(s->listener);
		unlink(s->path);
	}
	s->listener = s->remote = -1;
	s->c->on_forward = NULL;
}

/* ---- one connection ---- */
static bool
is_too_fast(struct serving *s)
{
	int64_t now = now_ms(), more = (now - s->since) / REFILL_MS;

	if (more > 0) {
		s->since = now;
		s->credit =
		    s->credit + (uint64_t)more > CREDIT ? CREDIT : s->credit + (unsigned)more;
	}
	if (s->credit == 0)
		return true;
	s->credit--;
	return false;
}

static void
fill(struct serving *s, struct ops_token_serve *q)
{
	*q = (struct ops_token_serve){ .path = s->token,
		.name = span_str(s->list.name),
		.same_vault = s->same_vault,
		.force = args_has(&s->c->args, ARG_FORCE) };
	q->refuse = (struct wire_list){ .v = s->list.row[0], .n = s->list.n[0] };
	q->known = (struct wire_list){ .v = s->list.row[1], .n = s->list.n[1] };
	wire_mark(&ops_token_serve_map, q);
}

static enum err
serve_one(struct serving *s)
{
	struct ops_token_serve_rep rep = { 0 };
	struct ops_token_serve q;
	enum err e;

	fill(s, &q);
	e = cli_call(s->c, OP_TOKEN_SERVE, &q, &rep);
	if (s->remote >= 0)
		close(s->remote);
	s->remote = -1;
	s->released += e ? 0 : rep.released;
	s->last = e;
	if (e == ERR_CANCELLED || e == ERR_HANGUP || e == ERR_NOAGENT)
		return e;
	if (e)
		out_say("note: %s", err_text(e));
	s->c->detail[0] = '\0';
	return ERR_OK;
}

static enum err
accept_one(struct serving *s)
{
	if ((s->remote = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
		return errno == EINTR || errno == EAGAIN || errno == ECONNABORTED ? ERR_OK : ERR_IO;
	if (!is_too_fast(s))
		return serve_one(s);
	out_say("note: %s connects too often: refused", s->list.name);
	close(s->remote);
	s->remote = -1;
	return ERR_OK;
}

/* Pumps that have ended; nothing else of ours is waited for by number -1. */
static void
reap(pid_t spare)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 &&
	    info.si_pid != spare) {
		if (waitpid(info.si_pid, NULL, WNOHANG) <= 0)
			return;
		info.si_pid = 0;
	}
}

enum err
serving_run(struct serving *s, bool (*ended)(void *arg), void *arg)
{
	struct pollfd p[2] = { { s->listener, POLLIN, 0 }, { s->c->term.cancel, POLLIN, 0 } };
	enum err e = ERR_OK;

	while (!e && !(ended && ended(arg))) {
		reap(s->spare);
		p[0].revents = p[1].revents = 0;
		if (poll(p, 2, TICK_MS) < 0 && errno != EINTR)
			return ERR_IO;
		if (p[1].revents)
			return ERR_CANCELLED;
		if (p[0].revents)
			e = accept_one(s);
	}
	return e;
}
