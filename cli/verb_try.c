/*
 * verb_try.c - the first hour without hardware: a home that is wiped, a token of software that
 * touches itself, an agent of its own, and a shell (or one command) in the midst of them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/place.h"
#include "cli/verbs.h"
#include "lib/paths.h"
#include "lib/spawn.h"

#define END_MS 3000
#define PROMPT "(ownkey try: NOT REAL) $ "

struct trial {
	struct cli *c;
	struct place place;
};

static enum err
write_text(const struct trial *t, const char *name, const char *text)
{
	char path[PATHS_MAX];

	place_below(&t->place, name, path, sizeof path);
	return verb_write_file(t->c, path, span_str(text), VERB_OVER);
}

/* The prompts of the usual shells; programs that look there find nothing of the person's. */
static enum err
write_files(const struct trial *t)
{
	char conf[PATHS_MAX + 64];
	enum err e;

	snprintf(conf, sizeof conf, "token = unix:%s/token/sock\n", t->place.dir);
	if ((e = write_text(t, "config/ownkey/ownkey.conf", conf)) ||
	    (e = write_text(t, "home/.bashrc", "PS1='" PROMPT "'\n")) ||
	    (e = write_text(t, "home/.shrc", "PS1='" PROMPT "'\n")))
		return e;
	return write_text(t, "home/.zshrc", "PROMPT='" PROMPT "'\n");
}

/* The shell reads its files here, and says where it is. */
static enum err
set_shell(const struct trial *t)
{
	char path[PATHS_MAX];

	place_below(&t->place, "home", path, sizeof path);
	if (setenv("ZDOTDIR", path, 1) < 0)
		return ERR_NOMEM;
	place_below(&t->place, "home/.shrc", path, sizeof path);
	if (setenv("ENV", path, 1) < 0 || setenv("PS1", PROMPT, 1) < 0)
		return ERR_NOMEM;
	return ERR_OK;
}

/* What is tried with ssh is done by the agent in here, never by the real one. */
static enum err
set_ssh(const struct trial *t)
{
	char path[PATHS_MAX];

	place_below(&t->place, "run/ownkey/ssh.sock", path, sizeof path);
	return setenv("SSH_AUTH_SOCK", path, 1) < 0 ? ERR_NOMEM : ERR_OK;
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

	if ((e = write_files(t)) || (e = place_enter(&t->place)) || (e = set_shell(t)) ||
	    (e = set_ssh(t)) || (e = extend_path()) || (e = place_start_token(&t->place)) ||
	    (e = place_start_agent(&t->place, true)) || (e = make_vault(t)))
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
	e = place_make(&t.place);
	if (!e)
		e = try_in(&t);
	if (place_end(&t.place) && !e) {
		snprintf(c->detail, sizeof c->detail, "left behind: %s", t.place.dir);
		e = ERR_IO;
	}
	return e;
}
