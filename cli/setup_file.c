/* setup_file.c - files of other programs: read whole, replaced whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/setup.h"
#include "lib/whole.h"

#define ROOM 4096 /* whole_read wants it behind the end */

/* ---- where it is ---- */
static enum err
join(const char *dir, const char *rest, char out[PATHS_MAX])
{
	return snprintf(out, PATHS_MAX, "%s%s", dir, rest) < PATHS_MAX ? ERR_OK : ERR_TOOBIG;
}

/* The nearest folder that exists, without its links, and what is missing behind it. */
static enum err
real_of_missing(const char *path, char out[PATHS_MAX])
{
	char head[PATHS_MAX];
	struct stat st;
	char *slash, *real;
	enum err e;

	if (!lstat(path, &st)) /* a link that leads nowhere */
		return ERR_SETUP_OUTSIDE;
	if ((e = join(path, "", head)))
		return e;
	while ((slash = strrchr(head, '/')) && slash != head) {
		*slash = '\0';
		if ((real = realpath(head, NULL))) {
			e = join(real, path + (slash - head), out);
			free(real);
			return e;
		}
	}
	return ERR_NOTFOUND;
}

/* Also when the home itself is behind a link. */
static bool
is_at_home(const char *path)
{
	const char *home = paths_env("HOME");
	char *real = home ? realpath(home, NULL) : NULL;
	size_t n = real ? strlen(real) : 0;
	bool is = n > 1 && strncmp(path, real, n) == 0 && path[n] == '/';

	free(real);
	return is;
}

enum err
setup_file_real(const char *path, char out[PATHS_MAX])
{
	char *real = realpath(path, NULL);
	enum err e = real ? join(real, "", out) : real_of_missing(path, out);

	free(real);
	if (!e && strcmp(path, out) != 0 && !is_at_home(out))
		e = ERR_SETUP_OUTSIDE;
	return e;
}

/* ---- bytes ---- */
enum err
setup_file_read(const char *path, struct buf *out, mode_t *mode)
{
	const struct whole w = { .dirfd = AT_FDCWD, .name = path };
	struct stat st;

	if (lstat(path, &st))
		return err_of_errno(errno);
	if (!S_ISREG(st.st_mode))
		return ERR_UNSUPPORTED;
	if (st.st_uid != geteuid())
		return ERR_PERMISSION;
	*mode = st.st_mode & 07777;
	out->max = SETUP_RECORD_MAX + ROOM;
	return whole_read(&w, out);
}

/* Every missing folder above it; they stay, empty, when it goes. */
static enum err
make_folders(const char *path)
{
	char part[PATHS_MAX];

	for (const char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(s - path), path);
		if (mkdir(part, 0700) && errno != EEXIST)
			return err_of_errno(errno);
	}
	return ERR_OK;
}

static enum err
write_in(int dir, const char *name, struct span s, mode_t mode)
{
	char tmp[NAME_MAX + 1];
	struct whole w = { .dirfd = dir, .name = name, .tmp = tmp, .mode = mode };

	if (snprintf(tmp, sizeof tmp, ".%s.ownkey", name) >= (int)sizeof tmp)
		return ERR_TOOBIG;
	return whole_replace(&w, s);
}

enum err
setup_file_write(const char *path, struct span s, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	char folder[PATHS_MAX];
	enum err e;
	int dir;

	if ((e = make_folders(path)))
		return e;
	snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_of_errno(errno);
	e = write_in(dir, slash + 1, s, mode);
	close(dir);
	return e;
}
