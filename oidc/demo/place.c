/* place.c - a folder that is wiped, and who lives there. */
#include "oidc/demo/place.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/spawn.h"

#define START_MS 30000
#define END_MS	 5000
#define DEPTH	 16 /* descriptors for going through the folder */

const char *
demo_place_at(const struct demo_place *p, const char *name, char out[PLACE_PATH])
{
	snprintf(out, PLACE_PATH, "%s/%s", p->dir, name);
	return out;
}

/* Everybody stays in there: nothing of the person's is found or changed. */
static enum err
enter(const struct demo_place *p)
{
	static const struct {
		const char *name, *dir;
	} vars[] = { { "XDG_RUNTIME_DIR", "run" }, { "XDG_CONFIG_HOME", "config" },
		{ "XDG_DATA_HOME", "data" }, { "XDG_STATE_HOME", "state" },
		{ "XDG_CACHE_HOME", "cache" }, { "HOME", "home" } };
	char path[PLACE_PATH];

	for (size_t i = 0; i < sizeof vars / sizeof *vars; i++)
		if (setenv(vars[i].name, demo_place_at(p, vars[i].dir, path), 1) < 0)
			return ERR_NOMEM;
	if (setenv("OWNKEY_SOCKET", demo_place_at(p, "run/ownkey/agent.sock", path), 1) < 0)
		return ERR_NOMEM;
	unsetenv("OWNKEY_VAULT");
	return ERR_OK;
}

enum err
demo_place_make(struct demo_place *p)
{
	static const char *const dirs[] = { "run", "home", "token", "config", "config/ownkey",
		"data", "state", "cache", "store" };
	char path[PLACE_PATH];

	*p = (struct demo_place){ .dir = "/tmp/ownkey-demo.XXXXXX" };
	(void)umask(077);
	if (!mkdtemp(p->dir)) {
		p->dir[0] = '\0';
		return err_of_errno(errno);
	}
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (mkdir(demo_place_at(p, dirs[i], path), 0700) < 0)
			return err_of_errno(errno);
	return enter(p);
}

enum err
demo_place_write(const struct demo_place *p, const char *name, const char *text)
{
	char path[PLACE_PATH];
	size_t n = strlen(text);
	int fd = open(demo_place_at(p, name, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err e = fd < 0 ? err_of_errno(errno) : ERR_OK;

	if (!e && write(fd, text, n) != (ssize_t)n)
		e = ERR_NOSPACE;
	if (fd >= 0)
		close(fd);
	return e;
}

/* ---- programs ---- */
/* They end with us, whatever happens.  fd: what is said, -1 = nowhere. */
static enum err
start(const char *name, const char *const *argv, int said, int ready, pid_t *pid)
{
	char path[PATHS_MAX];
	struct spawn sp = { .path = path, .argv = argv, .nfds = 4, .new_session = true };
	enum err e;

	if ((e = paths_program(name, path, sizeof path)))
		return e;
	sp.set = (const char *const *)environ;
	sp.fds[0] = -1;
	sp.fds[1] = sp.fds[2] = said;
	sp.fds[3] = ready;
	return spawn_start(&sp, pid);
}

/* Of those that write a byte to descriptor 3. */
static enum err
start_ready(const char *name, const char *const *argv, pid_t *pid)
{
	struct pollfd p = { .events = POLLIN };
	char byte;
	int ends[2];
	enum err e;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ERR_LIMIT;
	e = start(name, argv, -1, ends[1], pid);
	close(ends[1]);
	p.fd = ends[0];
	if (!e && (poll(&p, 1, START_MS) <= 0 || read(ends[0], &byte, 1) != 1))
		e = ERR_TIMEOUT;
	close(ends[0]);
	return e;
}

enum err
demo_place_token(struct demo_place *p)
{
	char state[PLACE_PATH], sock[PLACE_PATH];
	const char *argv[] = { "ownkey-softtoken", "--state", state, "--socket", sock, "--touch",
		"auto", "--pin", DEMO_PIN, "--ready", "3", "--quiet", NULL };

	demo_place_at(p, "token/state", state);
	demo_place_at(p, "token/sock", sock);
	return start_ready("ownkey-softtoken", argv, &p->token);
}

enum err
demo_place_agent(struct demo_place *p)
{
	static const char *const argv[] = { "ownkey-agent", "--ready-fd", "3", "--not-real", NULL };

	return start_ready("ownkey-agent", argv, &p->agent);
}

enum err
demo_place_provider(struct demo_place *p)
{
	char conf[PLACE_PATH], log[PLACE_PATH];
	const char *argv[] = { "ownkey-oidc", "serve", "--config", conf, NULL };
	int fd = open(
	    demo_place_at(p, "oidc.log", log), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	enum err e;

	demo_place_at(p, "oidc.conf", conf);
	if (fd < 0)
		return err_of_errno(errno);
	e = start("ownkey-oidc", argv, fd, -1, &p->provider);
	close(fd);
	return e;
}

bool
demo_place_broken(struct demo_place *p)
{
	pid_t *all[] = { &p->token, &p->agent, &p->provider };
	bool broken = false;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (*all[i] > 0 && waitpid(*all[i], NULL, WNOHANG) == *all[i]) {
			*all[i] = 0;
			broken = true;
		}
	return broken;
}

/* ---- the end ---- */
static void
stop(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	for (int ms = 0; ms < END_MS; ms += 20) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		(void)poll(NULL, 0, 20);
	}
	spawn_kill(pid);
}

static int
drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) < 0;
}

enum err
demo_place_end(struct demo_place *p)
{
	stop(p->provider);
	stop(p->agent);
	stop(p->token);
	if (p->dir[0] && nftw(p->dir, drop, DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		return ERR_IO;
	*p = (struct demo_place){ .agent = 0 };
	return ERR_OK;
}
