/*
 * outfile.c - a new file that is there whole or not at all.
 *
 * Where the file system can, it has no name before it is complete: what is killed leaves nothing.
 * Elsewhere (FAT), and to replace a file, its name is .NAME.part, locked while somebody writes it;
 * what nobody locks is of one that was killed, and goes.
 */
#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/out.h"

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
	return f->dir < 0 ? err_of_errno(errno) : ERR_OK;
}

static bool
is_there(const struct outfile *f)
{
	struct stat st;

	return fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Only a file is replaced; never a device, a link or a pipe. */
static bool
may_be_written(const struct outfile *f)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW))
		return true;
	return f->replace && S_ISREG(st.st_mode);
}

/* ---- its name while it is written ---- */
/* False: somebody writes it now. */
static bool
drop_stale(struct outfile *f)
{
	int fd = openat(f->dir, f->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool stale = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;

	if (stale)
		(void)unlinkat(f->dir, f->part, 0);
	if (fd >= 0)
		(void)close(fd);
	return stale;
}

/* Ours from now on, unless another one took it for stale before the lock. */
static enum err
lock_part(const struct outfile *f)
{
	struct stat st;

	if (flock(f->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return ERR_BUSY;
	if (fstat(f->fd, &st))
		return err_of_errno(errno);
	return st.st_nlink ? ERR_OK : ERR_BUSY;
}

static enum err
open_part(struct outfile *f)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	enum err e;

	snprintf(f->part, sizeof f->part, ".%.*s.part", NAME_MAX - 6, f->name);
	f->fd = openat(f->dir, f->part, flags, 0600);
	if (f->fd < 0 && errno == EEXIST && drop_stale(f))
		f->fd = openat(f->dir, f->part, flags, 0600);
	e = f->fd >= 0 ? lock_part(f) : errno == EEXIST ? ERR_BUSY : err_of_errno(errno);
	if (e)
		f->part[0] = '\0';
	return e;
}

static enum err
open_either(struct outfile *f)
{
	if (!f->replace) {
		f->fd = openat(f->dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
		if (f->fd >= 0)
			return ERR_OK;
	}
	return open_part(f);
}

enum err
outfile_open(struct outfile *f, const char *path, bool replace)
{
	enum err e;

	*f = OUTFILE_NONE;
	f->replace = replace;
	if ((e = open_folder(f, path)))
		return e;
	e = may_be_written(f) ? open_either(f) : ERR_EXISTS;
	if (e)
		outfile_done(f);
	return e;
}

enum err
outfile_write(struct outfile *f, struct span s)
{
	return out_raw(f->fd, s);
}

/* ---- its own name ---- */
/* link() does not replace what came meanwhile; file systems without links cannot do better than
 * look first. */
static enum err
give_name(struct outfile *f)
{
	char self[32];

	if (!f->part[0]) {
		snprintf(self, sizeof self, "/proc/self/fd/%d", f->fd);
		return linkat(AT_FDCWD, self, f->dir, f->name, AT_SYMLINK_FOLLOW)
		    ? err_of_errno(errno)
		    : ERR_OK;
	}
	if (!f->replace) {
		if (linkat(f->dir, f->part, f->dir, f->name, 0) == 0)
			return ERR_OK;
		if (errno == EEXIST || is_there(f))
			return ERR_EXISTS;
	}
	return renameat(f->dir, f->part, f->dir, f->name) < 0 ? err_of_errno(errno) : ERR_OK;
}

/* Network file systems tell here what they could not write; the lock stays. */
static enum err
flush(const struct outfile *f)
{
	int again;

	if (fsync(f->fd) < 0 || (again = dup(f->fd)) < 0 || close(again) < 0)
		return err_of_errno(errno);
	return ERR_OK;
}

/* What may not stay is not left for somebody to rely on. */
static enum err
sync_folder(const struct outfile *f)
{
	enum err e;

	if (fsync(f->dir) == 0 || errno == EINVAL)
		return ERR_OK;
	e = err_of_errno(errno);
	if (!f->replace)
		(void)unlinkat(f->dir, f->name, 0);
	return e;
}

enum err
outfile_commit(struct outfile *f)
{
	enum err e;

	if (!(e = flush(f)) && !(e = give_name(f))) {
		if (f->part[0])
			(void)unlinkat(f->dir, f->part, 0);
		f->part[0] = '\0';
		e = sync_folder(f);
	}
	outfile_done(f);
	return e;
}

void
outfile_done(struct outfile *f)
{
	if (f->dir >= 0 && f->part[0])
		(void)unlinkat(f->dir, f->part, 0);
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->dir >= 0)
		(void)close(f->dir);
	f->fd = f->dir = -1;
}
