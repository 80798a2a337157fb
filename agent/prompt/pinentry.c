#include "agent/prompt/pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/assuan.h"
#include "agent/prompt/show.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/spawn.h"

#define LINES_MAX   500 /* in one reply; no pinentry says more */
#define INPUT_MAX   (ASSUAN_LINE_MAX + 2)
#define FRAME	    4 /* columns that the frame of pinentry-curses takes */
#define LEAVE_MS    300
#define TERM_MS	    1000
#define STEP_MS	    5
#define ENV_NAME    32
#define ENV_MAX	    (256 + ENV_NAME)
#define ENV_FROM_US 5

struct pinentry {
	const struct watch *watch;
	pid_t pid;
	int to;
	int from;
	struct sec in; /* what was read; lines before `at` are done with */
	size_t at;
};

/* --- finding it --- */

static bool
is_program(const char *path)
{
	return path[0] == '/' && access(path, X_OK) == 0;
}

/* PATH is walked here, not by execvp, so that "there is none" is known before anything starts. */
static bool
in_path(const char *name, const char *path, char *out, size_t cap)
{
	size_t n;

	for (; *path != '\0'; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (n < cap && (size_t)snprintf(out, cap, "%.*s/%s", (int)n, path, name) < cap &&
		    is_program(out))
			return true;
	}
	return false;
}

enum err
pinentry_find(struct span want, const char *path, char *out, size_t cap)
{
	char name[256];

	if (span_is(want, "none") || want.len >= sizeof(name))
		return ERR_NOTFOUND;
	snprintf(name, sizeof(name), "%.*s", (int)want.len, (const char *)want.p);
	if (strchr(name, '/') == NULL)
		return in_path(name[0] ? name : "pinentry", path ? path : "", out, cap)
		    ? ERR_OK
		    : ERR_NOTFOUND;
	return is_program(name) && (size_t)snprintf(out, cap, "%s", name) < cap ? ERR_OK
										: ERR_NOTFOUND;
}

/* --- starting and ending it --- */

struct environment {
	char text[ENV_FROM_US][ENV_MAX];
	const char *set[ENV_FROM_US + 1];
	size_t n;
};

static void
env_add(struct environment *env, const char *name, struct span value, bool or_ours)
{
	char *to = env->text[env->n];
	const char *ours = or_ours ? getenv(name) : NULL;

	if (value.len == 0)
		value = span_str(ours);
	if (value.len == 0 || value.len > ENV_MAX - ENV_NAME)
		return;
	snprintf(to, ENV_MAX, "%s=%.*s", name, (int)value.len, (const char *)value.p);
	env->set[env->n++] = to;
}

/* Our own display would show the question far from a person who sits at another terminal. */
static void
env_make(struct environment *env, const struct prompt_job *job)
{
	bool nowhere = job->tty.len + job->display.len + job->wayland.len == 0;

	*env = (struct environment){ 0 };
	env_add(env, "LANG", job->lang, true);
	env_add(env, "XAUTHORITY", job->xauthority, true);
	env_add(env, "DISPLAY", job->display, nowhere);
	env_add(env, "WAYLAND_DISPLAY", job->wayland, nowhere);
	/* ours may be of a session that has ended: an agent outlives it where nothing ends both */
	env_add(env, "DBUS_SESSION_BUS_ADDRESS", job->bus, true);
}

static enum err
start_with(struct pinentry *p, const char *program, const struct environment *env, int fds[4])
{
	static const char *const keep[] = { "PATH", "HOME", "TERM", "XDG_RUNTIME_DIR", NULL };
	const char *const argv[] = { program, NULL };
	struct spawn s = { .path = program,
		.argv = argv,
		.keep = keep,
		.set = env->set,
		.fds = { fds[0], fds[3], STDERR_FILENO },
		.nfds = 3 };
	enum err e = spawn_start(&s, &p->pid);

	close(fds[0]);
	close(fds[3]);
	p->to = fds[1];
	p->from = fds[2];
	return e;
}

static enum err
start(struct pinentry *p, const char *program, const struct prompt_job *job)
{
	struct environment env;
	int fds[4];
	enum err e;

	if ((e = sec_init(&p->in, INPUT_MAX)) != ERR_OK)
		return e;
	env_make(&env, job);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return ERR_LIMIT;
	if (pipe2(fds + 2, O_CLOEXEC) != 0) {
		close(fds[0]);
		close(fds[1]);
		return ERR_LIMIT;
	}
	return start_with(p, program, &env, fds);
}

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

/* Gently first: curses puts the terminal in order when it gets a TERM. */
static void
stop(struct pinentry *p, enum err e)
{
	bool hurry = e == ERR_CANCELLED || e == ERR_TIMEOUT;

	if (p->to >= 0)
		close(p->to);
	if (p->from >= 0)
		close(p->from);
	sec_done(&p->in);
	if (p->pid <= 0 || (!hurry && reaped_within(p->pid, LEAVE_MS)))
		return;
	kill(p->pid, SIGTERM);
	if (!reaped_within(p->pid, TERM_MS))
		spawn_kill(p->pid);
}

/* --- talking to it --- */

/* The next line, borrowed until the next call. */
static enum err
read_line(struct pinentry *p, struct span *line)
{
	uint8_t *start, *end;
	ssize_t n;
	enum err e;

	for (;;) {
		start = p->in.p + p->at;
		end = memchr(start, '\n', p->in.len - p->at);
		if (end != NULL) {
			*line = SPAN(start, (size_t)(end - start));
			p->at += line->len + 1;
			return ERR_OK;
		}
		memmove(p->in.p, start, p->in.len - p->at);
		p->in.len -= p->at;
		p->at = 0;
		if (p->in.len == p->in.cap)
			return ERR_TOOBIG;
		if ((e = watch_wait(p->watch, p->from, POLLIN)) != ERR_OK)
			return e;
		n = read(p->from, p->in.p + p->in.len, p->in.cap - p->in.len);
		if (n == 0 || (n < 0 && errno != EINTR))
			return ERR_HANGUP;
		p->in.len += n > 0 ? (size_t)n : 0;
	}
}

/* Up to OK or ERR.  data may be NULL: then none may come. */
static enum err
read_reply(struct pinentry *p, struct sec *data, struct assuan_reply *r)
{
	struct span line;
	enum err e;

	for (int i = 0; i < LINES_MAX; i++) {
		if ((e = read_line(p, &line)) != ERR_OK || (e = assuan_parse(line, r)) != ERR_OK)
			return e;
		if (r->kind == ASSUAN_OK || r->kind == ASSUAN_ERR)
			return ERR_OK;
		if (r->kind != ASSUAN_DATA)
			continue;
		if (data == NULL)
			return ERR_FORMAT;
		if ((e = assuan_unescape(r->rest, data)) != ERR_OK)
			return e;
	}
	return ERR_FORMAT;
}

/* A command line is far smaller than a pipe and each is answered before the next: no waiting. */
static enum err
send_command(struct pinentry *p, const char *verb, struct span value)
{
	struct buf b = BUF_INIT;
	enum err e;
	ssize_t n;

	assuan_command(verb, value, &b);
	if ((e = buf_err(&b)) == ERR_OK) {
		n = write(p->to, b.p, b.len);
		e = n == (ssize_t)b.len ? ERR_OK : ERR_HANGUP;
	}
	buf_done(&b);
	return e;
}

/* --- the question --- */

struct step {
	const char *verb;
	struct span value;
	bool must; /* a pinentry that refuses this cannot ask */
};

/* What nobody can do without is the question itself: never an answer to something not shown. */
static enum err
set_up(struct pinentry *p, const struct step *steps, size_t n)
{
	struct assuan_reply r;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		if (steps[i].value.len == 0)
			continue;
		if ((e = send_command(p, steps[i].verb, steps[i].value)) != ERR_OK ||
		    (e = read_reply(p, NULL, &r)) != ERR_OK)
			return e;
		if (r.kind == ASSUAN_ERR && steps[i].must)
			return ERR_NOPROMPT;
	}
	return ERR_OK;
}

static struct span
if_set(bool condition, const char *s)
{
	return condition ? span_str(s) : SPAN_NONE;
}

static struct span
number(uint64_t n, char *text, size_t cap)
{
	snprintf(text, cap, "%u", (unsigned)n);
	return if_set(n > 0, text);
}

/* Whatever the client's terminal is: these two are understood, have no colours and leave no
 * alternate screen behind. */
static const char *
tty_type(struct span tty)
{
	static const char console[] = "/dev/tty";
	size_t n = sizeof(console) - 1;

	return tty.len > n && memcmp(tty.p, console, n) == 0 && tty.p[n] >= '0' && tty.p[n] <= '9'
	    ? "linux"
	    : "vt100";
}

static enum err
put_question(struct pinentry *p, const struct prompt_job *job, bool has_tty, struct span text)
{
	bool confirm = job->kind == PROMPT_CONFIRM;
	char seconds[16] = "";
	const struct step steps[] = {
		{ "OPTION ttyname=", has_tty ? job->tty : SPAN_NONE, false },
		{ "OPTION ttytype=", if_set(has_tty, tty_type(job->tty)), false },
		{ "OPTION lc-ctype=", job->lang, false },
		{ "OPTION display=", job->display, false },
		{ "SETTIMEOUT ", number(job->timeout_s, seconds, sizeof(seconds)), false },
		{ "SETTITLE ", job->title.len ? job->title : SPAN_LIT("ownkey"), false },
		{ "SETDESC ", text, true },
		{ "SETPROMPT ", confirm ? SPAN_NONE : job->label, false },
		{ "SETERROR ", job->error, false },
		{ "SETOK ", if_set(confirm, "Yes"), false },
		{ "SETNOTOK ", if_set(confirm, "No"), false },
	};

	return set_up(p, steps, sizeof(steps) / sizeof(*steps));
}

static enum err
what_it_means(const struct assuan_reply *r)
{
	if (r->kind == ASSUAN_OK)
		return ERR_OK;
	switch (r->code) {
	case ASSUAN_CANCELED:
	case ASSUAN_FULLY_CANCELED:
		return ERR_CANCELLED;
	case ASSUAN_NOT_CONFIRMED:
		return ERR_REFUSED;
	case ASSUAN_TIMEOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_NOPROMPT; /* no display, no terminal, ... */
	}
}

static enum err
ask(struct pinentry *p, const struct prompt_job *job, bool has_tty, struct sec *answer)
{
	bool confirm = job->kind == PROMPT_CONFIRM;
	struct buf text = BUF_INIT;
	struct assuan_reply r;
	enum err e;

	show_wrapped(job->text, SHOW_COLUMNS - FRAME, &text);
	if ((e = buf_err(&text)) != ERR_OK || (e = read_reply(p, NULL, &r)) != ERR_OK ||
	    (e = put_question(p, job, has_tty, buf_span(&text))) != ERR_OK ||
	    (e = send_command(p, confirm ? "CONFIRM" : "GETPIN", SPAN_NONE)) != ERR_OK ||
	    (e = read_reply(p, confirm ? NULL : answer, &r)) != ERR_OK)
		goto out;
	e = what_it_means(&r);
out:
	buf_done(&text);
	return e;
}

static bool
is_verdict(enum err e)
{
	return e == ERR_OK || e == ERR_CANCELLED || e == ERR_REFUSED || e == ERR_TIMEOUT ||
	    e == ERR_NOPROMPT;
}

enum err
pinentry_ask(const char *program, const struct prompt_job *job, bool has_tty,
    const struct watch *watch, struct sec *answer)
{
	struct pinentry p = { .watch = watch, .to = -1, .from = -1 };
	enum err e;

	if ((e = start(&p, program, job)) == ERR_OK)
		e = ask(&p, job, has_tty, answer);
	stop(&p, e);
	if (e != ERR_OK)
		sec_wipe(answer);
	if (is_verdict(e))
		return e;
	log_err(e, "the pinentry program failed");
	return ERR_NOPROMPT;
}
