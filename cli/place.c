/* place.c - a home that is wiped. */
#include "cli/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/wipe.h"
#include "lib/paths.h"
#include "lib/spawn.h"

#define START_MS 10000
#define END_MS	 3000

static enum err
make_folder(struct place *p)
{
	const char *run = paths_env("XDG_RUNTIME_DIR");
	struct stat st;

	if (!run || strlen(run) > PLACE_DIR_MAX - 24 || stat(run, &st) || st.st_uid != getuid())
		run = "/tmp";
	snprintf(p->dir, sizeof p->dir, "%s/ownkey-away.XXXXXX", run);
	if (mkdtemp(p->dir))
		return ERR_OK;
	p->dir[0] = '\0';
	return errno == ENOSPC ? ERR_NOSPACE : ERR_PERMISSION;
}

void
place_below(const struct place *p, const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", p->dir, name);
}

enum err
place_make(struct place *p)
{
	static const char *const dirs[] = { "run", "home", "token", "config", "config/ownkey",
		"data", "state", "cache" };
	char path[PATHS_MAX];
	enum err e;

	*p = (struct place){ .agent = 0 };
	if ((e = make_folder(p)))
		return e;
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		place_below(p, dirs[i], path, sizeof path);
		if (mkdir(path, 0700) < 0)
			return errno == ENOSPC ? ERR_NOSPACE : ERR_IO;
	}
	return ERR_OK;
}

/* For us, the agent and the shell alike. */
enum err
place_enter(const struct place *p)
{
	static const struct {
		const char *name, *dir;
	} vars[] = { { "XDG_RUNTIME_DIR", "run" }, { "XDG_CONFIG_HOME", "config" },
		{ "XDG_DATA_HOME", "data" }, { "XDG_STATE_HOME", "state" },
		{ "XDG_CACHE_HOME", "cache" }, { "HOME", "home" } };
	char path[PATHS_MAX];

	for (size_t i = 0; i < sizeof vars / sizeof *vars; i++) {
		place_below(p, vars[i].dir, path, sizeof path);
		if (setenv(vars[i].name, path, 1) < 0)
			return ERR_NOMEM;
	}
	unsetenv("OWNKEY_VAULT");
	unsetenv("OWNKEY_SOCKET");
	unsetenv("FIDO_DEBUG");
	return ERR_OK;
}

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

enum err
place_start_token(struct place *p)
{
	char state[PATHS_MAX], sock[PATHS_MAX];
	const char *argv[] = { "ownkey-softtoken", "--state", state, "--socket", sock, "--touch",
		"auto", "--ready", "3", "--quiet", NULL };

	place_below(p, "token/state", state, sizeof state);
	place_below(p, "token/sock", sock, sizeof sock);
	return start("ownkey-softtoken", argv, &p->token);
}

enum err
place_start_agent(struct place *p, bool not_real)
{
	const char *argv[] = { "ownkey-agent", "--ready-fd", "3", not_real ? "--not-real" : NULL,
		NULL };

	return start("ownkey-agent", argv, &p->agent);
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

enum err
place_end(struct place *p)
{
	stop(p->agent);
	stop(p->token);
	p->agent = p->token = 0;
	return p->dir[0] ? wipe_tree(p->dir) : ERR_OK;
}
