/*
 * verb_try.c - the first hour without hardware: a home that is wiped, a token of software that
 * touches itself, an agent of its own, and a shell (or one command) in the midst of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "cli/wipe.h"
#include "lib/paths.h"
#include "lib/spawn.h"

#define START_MS 10000
#define END_MS	 3000
#define DIR_MAX	 64 /* so that socket paths below it fit */
#define PROMPT	 "(ownkey try: NOT REAL) $ "

struct trial {
	struct cli *c;
	char dir[DIR_MAX];
	pid_t token, agent;
};

/* ---- a place ---- */
static enum err
make_place(struct trial *t)
{
	const char *run = paths_env("XDG_RUNTIME_DIR");
	struct stat st;

	if (!run || strlen(run) > DIR_MAX - 24 || stat(run, &st) || st.st_uid != getuid())
		run = "/tmp";
	snprintf(t->dir, sizeof t->dir, "%s/ownkey-try.XXXXXX", run);
	if (mkdtemp(t->dir))
		return ERR_OK;
	t->dir[0] = '\0';
	return errno == ENOSPC ? ERR_NOSPACE : ERR_PERMISSION;
}

static void
below(const struct trial *t, const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", t->dir, name);
}

static enum err
write_text(const struct trial *t, const char *name, const char *text)
{
	char path[PATHS_MAX];

	below(t, name, path, sizeof path);
	return verb_write_file(t->c, path, span_str(text), VERB_OVER);
}

/* The prompts of the usual shells; programs that look there find nothing of the person's. */
static enum err
write_files(const struct trial *t)
{
	char conf[PATHS_MAX + 64];
	enum err e;

	snprintf(conf, sizeof conf, "token = unix:%s/token/sock\n", t->dir);
	if ((e = write_text(t, "config/ownkey/ownkey.conf", conf)) ||
	    (e = write_text(t, "home/.bashrc", "PS1='" PROMPT "'\n")) ||
	    (e = write_text(t, "home/.shrc", "PS1='" PROMPT "'\n")))
		return e;
	return write_text(t, "home/.zshrc", "PROMPT='" PROMPT "'\n");
}

static enum err
fill_place(const struct trial *t)
{
	static const char *const dirs[] = { "run", "home", "token", "config", "config/ownkey",
		"data", "state", "cache" };
	char path[PATHS_MAX];

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		below(t, dirs[i], path, sizeof path);
		if (mkdir(path, 0700) < 0)
			return errno == ENOSPC ? ERR_NOSPACE : ERR_IO;
	}
	return write_files(t);
}

/* For us, the agent and the shell alike. */
static enum err
enter_place(const struct trial *t)
{
	static const struct {
		const char *name, *dir;
	} vars[] = { { "XDG_RUNTIME_DIR", "run" }, { "XDG_CONFIG_HOME", "config" },
		{ "XDG_DATA_HOME", "data" }, { "XDG_STATE_HOME", "state" },
		{ "XDG_CACHE_HOME", "cache" }, { "HOME", "home" }, { "ZDOTDIR", "home" },
		{ "ENV", "home/.shrc" } };
	char path[PATHS_MAX];

	for (size_t i = 0; i < sizeof vars / sizeof *vars; i++) {
		below(t, vars[i].dir, path, sizeof path);
		if (setenv(vars[i].name, path, 1) < 0)
			return ERR_NOMEM;
	}
	unsetenv("OWNKEY_VAULT");
	unsetenv("OWNKEY_SOCKET");
	unsetenv("FIDO_DEBUG");
	return setenv("PS1", PROMPT, 1) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The shell's `ownkey` is this one. */
static enum err
extend_path(void)
{
	char self[PATHS_MAX];
	const char *old = getenv("PATH");
	struct buf path = BUF_INIT;
	enum err e = paths_program("ownkey", self, sizeof self);

	if (e)
		return e;
	*strrchr(self, '/') = '\0';
	buf_putf(&path, "%s:%s", self, old ? old : "/usr/bin:/bin");
	if (!(e = buf_err(&path)) && setenv("PATH", buf_cstr(&path), 1) < 0)
		e = ERR_NOMEM;
	buf_done(&path);
	return e;
}

/* ---- processes ---- */
/* They die with us, whatever happens.  Both write a byte to descriptor 3 when they are ready. */
static enum err
start(const char *name, const char *const *argv, pid_t *pid)
{
	char path[PATHS_MAX];
	struct spawn sp = { .path = path, .argv = argv, .nfds = 4, .new_session = true };
	struct pollfd p = { .events = POLLIN };
	char byte;
	int ready[2];
	enum err e;

	if ((e = paths_program(name, path, sizeof path)))
		return e;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return ERR_LIMIT;
	sp.set = (const char *const *)environ;
	sp.fds[0] = sp.fds[1] = -1;
	sp.fds[2] = STDERR_FILENO;
	sp.fds[3] = ready[1];
	e = spawn_start(&sp, pid);
	close(ready[1]);
	p.fd = ready[0];
	if (!e && (poll(&p, 1, START_MS) <= 0 || read(ready[0], &byte, 1) != 1))
		e = ERR_TIMEOUT;
	close(ready[0]);
	return e;
}

static enum err
start_both(struct trial *t)
{
	char state[PATHS_MAX], sock[PATHS_MAX];
	const char *token[] = { "ownkey-softtoken", "--state", state, "--socket", sock, "--touch",
		"auto", "--ready", "3", "--quiet", NULL };
	static const char *const agent[] = { "ownkey-agent", "--not-real", "--ready-fd", "3",
		NULL };
	enum err e;

	below(t, "token/state", state, sizeof state);
	below(t, "token/sock", sock, sizeof sock);
	if ((e = start("ownkey-softtoken", token, &t->token)))
		return e;
	return start("ownkey-agent", agent, &t->agent);
}

/* ms: how long it may take. */
static bool
is_gone(pid_t pid, int ms)
{
	for (; ms >= 0; ms -= 20) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		(void)poll(NULL, 0, 20);
	}
	return false;
}

static void
stop(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	if (!is_gone(pid, END_MS))
		spawn_kill(pid);
}

/* ---- what is done in there ---- */
static const char *
find_shell(void)
{
	static const char *const known[] = { "bash", "zsh", "sh", "dash", "ksh", "mksh" };
	const char *shell = paths_env("SHELL");

	for (size_t i = 0; shell && i < sizeof known / sizeof *known; i++)
		if (strcmp(strrchr(shell, '/') + 1, known[i]) == 0 && access(shell, X_OK) == 0)
			return shell;
	return "/bin/sh";
}

static _Noreturn void
run_child(char **argv)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &sa, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "ownkey: error: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Ctrl-C is for the one inside; any other signal that ends us ends it first. */
static int
wait_child(const struct cli *c, pid_t pid)
{
	struct pollfd p = { c->term.cancel, POLLIN, 0 };
	int status, patience = -1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (poll(&p, 1, 50) > 0 && patience < 0) {
			(void)kill(pid, SIGHUP);
			(void)kill(pid, SIGCONT);
			patience = END_MS / 50;
		} else if (patience > 0 && --patience == 0) {
			(void)kill(pid, SIGKILL);
		}
		if (patience >= 0)
			(void)poll(NULL, 0, 50);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static enum err
run_inside(struct trial *t)
{
	char shell[PATHS_MAX], *alone[] = { shell, NULL }, **argv = t->c->args.operand;
	pid_t pid;

	snprintf(shell, sizeof shell, "%s", find_shell());
	if (t->c->args.n == 0) {
		out_say("Nothing here is real: no hardware, and all of it is wiped when you "
			"'exit'. Things to do: ownkey status; ownkey id add ssh me@example.org; "
			"ownkey help");
		argv = alone;
	}
	argv[t->c->args.n ? t->c->args.n : 1] = NULL;
	fflush(stdout);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	(void)umask(t->c->mask);
	if ((pid = fork()) < 0)
		return ERR_NOMEM;
	if (pid == 0)
		run_child(argv);
	t->c->status = wait_child(t->c, pid);
	return ERR_OK;
}

static enum err
make_vault(struct trial *t)
{
	struct ops_init q = { .ways = OPS_WAY_TOKEN, .try_out = true, .no_pin = true };
	struct ops_init_rep rep;
	bool done;

	q.token_label = SPAN_LIT("software token");
	return verb_init_ask(t->c, &q, &rep, &done);
}

static enum err
try_in(struct trial *t)
{
	enum err e;

	if ((e = fill_place(t)) || (e = enter_place(t)) || (e = extend_path()) ||
	    (e = start_both(t)) || (e = make_vault(t)))
		return e;
	if (t->c->connected)
		client_close(&t->c->conn);
	t->c->connected = false;
	return run_inside(t);
}

enum err
verb_try(struct cli *c)
{
	struct trial t = { .c = c };
	enum err e;

	(void)umask(077);
	e = make_place(&t);
	if (!e)
		e = try_in(&t);
	stop(t.agent);
	stop(t.token);
	if (t.dir[0] && wipe_tree(t.dir) && !e) {
		snprintf(c->detail, sizeof c->detail, "left behind: %s", t.dir);
		e = ERR_IO;
	}
	return e;
}
