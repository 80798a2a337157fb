/* import_program.c - gpg and the like, run for what only they can read; by pipes, never files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/import.h"
#include "lib/spawn.h"

static const char *const keep[] = { "GNUPGHOME", "GPG_TTY", "HOME", "PATH", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "TERM",
	"LANG", NULL };

static enum err
find_program(const char *name, char *out, size_t cap)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t n = strcspn(path, ":");
		int len = snprintf(out, cap, "%.*s/%s", (int)n, path, name);

		if (*path == '/' && len > 0 && (size_t)len < cap && access(out, X_OK) == 0)
			return ERR_OK;
		path += n + (path[n] == ':');
	}
	return ERR_NOPROGRAM;
}

static enum err
start(const char *const *argv, int in, int out, pid_t *pid)
{
	char path[1024];
	struct spawn s = { .path = path,
		.argv = argv,
		.keep = keep,
		.fds = { in, out, STDERR_FILENO },
		.nfds = 3 };
	enum err e = find_program(argv[0], path, sizeof path);

	return e ? e : spawn_start(&s, pid);
}

/* What does not fit a pipe would wait for ever: inputs here are short. */
static enum err
write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return ERR_OK;
}

static enum err
read_all(int fd, size_t max, struct buf *out)
{
	for (;;) {
		uint8_t *to = buf_room(out, 4096);
		ssize_t n;

		if (!to)
			return ERR_NOMEM;
		n = read(fd, to, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : ERR_OK;
		buf_add(out, (size_t)n);
		if (out->len > max)
			return ERR_TOOBIG;
	}
}

static enum err
talk(int to, int from, struct span input, size_t max, struct buf *out)
{
	enum err e = write_all(to, input);

	close(to);
	if (!e)
		e = read_all(from, max, out);
	close(from);
	return e;
}

static enum err
end(pid_t pid, bool *good)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR_IO;
	*good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return ERR_OK;
}

enum err
import_program(const char *const *argv, struct span input, size_t max, struct buf *out, bool *good)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	enum err e = ERR_OK;
	pid_t pid;

	if (input.len > 32768)
		return ERR_TOOBIG;
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		e = ERR_IO;
	if (!e)
		e = start(argv, to[0], from[1], &pid);
	if (to[0] >= 0)
		close(to[0]);
	if (from[1] >= 0)
		close(from[1]);
	if (!e) {
		if (!(e = talk(to[1], from[0], input, max, out)))
			return end(pid, good);
		spawn_kill(pid);
		return e;
	}
	if (to[1] >= 0)
		close(to[1]);
	if (from[0] >= 0)
		close(from[0]);
	return e;
}
