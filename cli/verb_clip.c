/*
 * verb_clip.c - a secret in the clipboard for a while.  It goes there through a pipe, never as an
 * argument.  A process stays behind that takes it away again if it is still there: of the secret it
 * knows a keyed hash, nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/attrs.h"
#include "cli/verbs.h"
#include "cli/which.h"
#include "lib/crypto.h"
#include "lib/paths.h"
#include "lib/text.h"

#define SECONDS	  30
#define CLIP_MOST (128 * 1024)
#define TOOL_MS	  5000
#define TRIES	  6 /* of a machine that is busy: it would stay there for ever */

/* What puts there, reads and empties; the first whose variable is set and that is installed. */
static const struct tool {
	const char *variable;
	const char *put[6], *get[6], *clear[6];
} tools[] = {
	{ "WAYLAND_DISPLAY", { "wl-copy", "--type", "text/plain" }, { "wl-paste", "--no-newline" },
	    { "wl-copy", "--clear" } },
	{ "DISPLAY", { "xclip", "-selection", "clipboard", "-in" },
	    { "xclip", "-selection", "clipboard", "-out" },
	    { "xclip", "-selection", "clipboard", "-in" } },
	{ "DISPLAY", { "xsel", "--clipboard", "--input" }, { "xsel", "--clipboard", "--output" },
	    { "xsel", "--clipboard", "--clear" } },
};

struct mark {
	uint8_t key[32], hash[32];
};

static void
make_hash(const struct mark *m, struct span s, uint8_t hash[32])
{
	crypto_hmac_sha256(SPAN(m->key, sizeof m->key), s, hash);
}

/* ---- other people's programs ---- */
static const struct tool *
find_tool(void)
{
	char path[PATHS_MAX];

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		const char *v = getenv(tools[i].variable);

		if (v && *v && !which_program(tools[i].put[0], path, sizeof path))
			return &tools[i];
	}
	return NULL;
}

/* Its streams: in and out, the others nowhere. */
static _Noreturn void
become(const char *const *argv, int in, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dup2(in >= 0 ? in : null, 0) < 0 || dup2(out >= 0 ? out : null, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(127);
	(void)signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static enum err
wait_tool(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR_IO;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_OK : ERR_CLIP_NONE;
}

/* All of it, to a program that may have gone (SIGPIPE is ignored). */
static enum err
feed(int fd, struct span s)
{
	while (s.len) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno != EINTR)
			return ERR_CLIP_NONE;
		if (n > 0)
			s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return ERR_OK;
}

static enum err
run_put(const char *const *argv, struct span s)
{
	enum err e, told;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return ERR_LIMIT;
	if (pid == 0)
		become(argv, fd[0], -1);
	close(fd[0]);
	e = feed(fd[1], s);
	close(fd[1]);
	told = wait_tool(pid);
	return e ? e : told;
}

/* What is there now; a program that does not answer in time is ended. */
static enum err
run_get(const char *const *argv, struct buf *out)
{
	struct pollfd p = { -1, POLLIN, 0 };
	enum err e = ERR_OK;
	ssize_t n = 1;
	int fd[2];
	pid_t pid;

	out->max = 2 * CLIP_MOST;
	if (pipe2(fd, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return ERR_LIMIT;
	if (pid == 0)
		become(argv, -1, fd[1]);
	close(fd[1]);
	p.fd = fd[0];
	while (!e && n > 0) {
		uint8_t *to = buf_room(out, 4096);

		if (!to || out->len > CLIP_MOST || poll(&p, 1, TOOL_MS) <= 0) {
			e = ERR_TIMEOUT;
			break;
		}
		n = read(fd[0], to, 4096);
		buf_add(out, n > 0 ? (size_t)n : 0);
	}
	close(fd[0]);
	if (e)
		(void)kill(pid, SIGKILL);
	(void)wait_tool(pid);
	return e;
}

/* ---- the one that stays behind ---- */
static _Noreturn void
clear_later(const struct tool *t, const struct mark *m, unsigned seconds)
{
	struct buf now = BUF_INIT;
	enum err e = ERR_TIMEOUT;
	uint8_t hash[32];

	for (unsigned left = seconds; left > 0;)
		left = sleep(left);
	for (unsigned i = 0; i < TRIES && e; i++) {
		buf_reset(&now);
		e = run_get(t->get, &now);
	}
	if (!e) {
		make_hash(m, buf_span(&now), hash);
		if (crypto_eq(SPAN(hash, 32), SPAN(m->hash, 32)))
			(void)run_put(t->clear, SPAN_NONE);
	}
	buf_done(&now);
	_exit(0);
}

/* Twice forked: nobody's child, of no terminal.  It gets this far only when the secret has been
 * wiped here. */
static enum err
stay_behind(const struct tool *t, const struct mark *m, unsigned seconds)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	pid_t pid = fork();

	if (pid < 0)
		return ERR_LIMIT;
	if (pid > 0)
		return wait_tool(pid);
	(void)setsid();
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		(void)signal(list[i], SIG_DFL);
	if ((pid = fork()) != 0)
		_exit(pid < 0);
	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	(void)close_range(3, ~0u, 0);
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2 || chdir("/") < 0)
		_exit(1);
	clear_later(t, m, seconds);
}

/* ---- OSC 52: the terminal does it ---- */
static enum err
by_terminal(struct cli *c, struct span s)
{
	struct buf b = BUF_INIT;
	enum err e;

	if (!term_is_there(&c->term) || c->term.scripted) {
		snprintf(c->hint, sizeof c->hint,
		    "--show hands it to your terminal, and there is none here; without --show the "
		    "clipboard of the desktop gets it");
		return ERR_NOPROMPT;
	}
	buf_put_str(&b, "\033]52;c;");
	text_encode(TEXT_BASE64, s, &b);
	buf_put_str(&b, "\a");
	if (!(e = buf_err(&b)))
		e = out_raw(c->term.out, buf_span(&b));
	buf_done(&b);
	if (!e)
		out_say("given to the terminal; copy something else afterwards: nobody but the "
			"terminal can take it away again");
	return e;
}

static enum err
ask(struct cli *c, struct span *value)
{
	struct ops_secret q = { .label = span_str(cli_operand(c, 0)) };
	struct ops_sel sel = { .label = q.label };
	struct ops_secret_show_rep shown;
	struct ops_secret_rep rep;
	enum err e;

	if (args_has(&c->args, ARG_ATTR)) {
		wire_mark(&ops_sel_map, &sel);
		if ((e = cli_call(c, OP_SECRET_SHOW, &sel, &shown)))
			return e;
		return attrs_find(&shown.attributes, cli_value(c, ARG_ATTR), value);
	}
	wire_mark(&ops_secret_map, &q);
	if (!(e = cli_call(c, OP_SECRET_GET, &q, &rep)))
		*value = rep.value;
	return e;
}

/* Put there, known by a hash, wiped here. */
static enum err
put(struct cli *c, const struct tool *t, struct mark *m)
{
	struct span value;
	enum err e;

	if ((e = ask(c, &value)))
		return e;
	if (!t)
		return by_terminal(c, value);
	crypto_random(m->key, sizeof m->key);
	make_hash(m, value, m->hash);
	e = run_put(t->put, value);
	client_close(&c->conn);
	c->connected = false;
	return e;
}

enum err
verb_secret_clip(struct cli *c)
{
	bool terminal = args_has(&c->args, ARG_SHOW);
	const struct tool *t = terminal ? NULL : find_tool();
	uint64_t seconds = SECONDS;
	struct mark m;
	enum err e;

	/* ends with exec */
	(void)prctl(PR_SET_DUMPABLE, 0);
	c->opens = true;
	if ((e = args_number(&c->args, ARG_TIMEOUT, 1, 86400, &seconds)))
		return e;
	if (!t && !terminal)
		return ERR_CLIP_NONE;
	if ((e = put(c, t, &m)) || !t)
		return e;
	if (!(e = stay_behind(t, &m, (unsigned)seconds)))
		out_say("in the clipboard for %u seconds", (unsigned)seconds);
	return e;
}
