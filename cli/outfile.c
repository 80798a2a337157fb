/* outfile.c - a new file that is there whole or not at all. */
#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/out.h"

static enum err
from_errno(void)
{
	switch (errno) {
	case EEXIST:
		return ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPACE;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERMISSION;
	default:
		return ERR_IO;
	}
}

/* The folder, and what the file is called in it. */
static enum err
open_folder(struct outfile *f, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	size_t n = strlen(name);

	/* with room for what is put around it while it is written */
	if (n == 0 || n > NAME_MAX - 16 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return ERR_RANGE;
	if ((size_t)(name - path) >= sizeof folder)
		return ERR_RANGE;
	snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
	snprintf(f->name, sizeof f->name, "%s", name);
	f->dir = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? from_errno() : ERR_OK;
}

static bool
is_there(const struct outfile *f)
{
	struct stat st;

	return fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err
outfile_open(struct outfile *f, const char *path, bool replace)
{
	enum err e;

	*f = OUTFILE_NONE;
	f->replace = replace;
	if ((e = open_folder(f, path)))
		return e;
	if (!replace && is_there(f)) {
		outfile_done(f);
		return ERR_EXISTS;
	}
	snprintf(f->part, sizeof f->part, ".%.*s.%d", NAME_MAX - 14, f->name, (int)getpid());
	f->fd = openat(f->dir, f->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0) {
		e = from_errno();
		outfile_done(f);
		return e;
	}
	return ERR_OK;
}

enum err
outfile_write(struct outfile *f, struct span s)
{
	return out_raw(f->fd, s);
}

/* link() does not replace what came meanwhile; file systems without links cannot do better than
 * look first. */
static enum err
give_name(struct outfile *f)
{
	if (!f->replace) {
		if (linkat(f->dir, f->part, f->dir, f->name, 0) == 0)
			return ERR_OK;
		if (errno == EEXIST || is_there(f))
			return ERR_EXISTS;
	}
	return renameat(f->dir, f->part, f->dir, f->name) < 0 ? from_errno() : ERR_OK;
}

enum err
outfile_commit(struct outfile *f)
{
	int fd = f->fd;
	enum err e = ERR_OK;

	if (fsync(fd) < 0)
		e = from_errno();
	f->fd = -1;
	if (close(fd) < 0 && !e)
		e = from_errno();
	if (!e)
		e = give_name(f);
	(void)unlinkat(f->dir, f->part, 0);
	f->part[0] = '\0';
	if (!e && fsync(f->dir) < 0 && errno != EINVAL)
		e = from_errno();
	outfile_done(f);
	return e;
}

void
outfile_done(struct outfile *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->dir >= 0 && f->part[0])
		(void)unlinkat(f->dir, f->part, 0);
	if (f->dir >= 0)
		(void)close(f->dir);
	f->fd = f->dir = -1;
}
