/* printout.c - pipe, memory or terminal; what is said about each. */
#include "cli/printout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/out.h"

#define PATH_LONGEST 1024

static bool
is_memory(int fd)
{
	struct statfs f;

	return fstatfs(fd, &f) == 0 && (f.f_type == TMPFS_MAGIC || f.f_type == RAMFS_MAGIC);
}

/* Made by a shell with the person's umask: somebody may have opened it already. */
static enum err
check_file(int fd, const struct stat *st)
{
	if (!is_memory(fd))
		return ERR_PRINTOUT_DISK;
	if (st->st_mode & 077 || st->st_uid != geteuid() || st->st_nlink > 1 || st->st_size > 0)
		return ERR_PRINTOUT_OTHERS;
	return ERR_OK;
}

static enum err
check_stdout(struct printout *o, enum printout_form form, bool show)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return ERR_IO;
	if (S_ISREG(st.st_mode)) {
		o->place = PRINTOUT_MEMORY;
		return check_file(STDOUT_FILENO, &st);
	}
	if (isatty(STDOUT_FILENO)) {
		o->place = PRINTOUT_TERMINAL;
		if (form == PRINTOUT_PDF)
			return ERR_PRINTOUT_BINARY;
		return show ? ERR_OK : ERR_PRINTOUT_SHOW;
	}
	o->place = PRINTOUT_PIPE;
	/* no sockets: one may lead to the journal, or over a network */
	return S_ISFIFO(st.st_mode) ? ERR_OK : ERR_PRINTOUT_DISK;
}

static enum err
err_of(int error)
{
	switch (error) {
	case EEXIST:
	case ELOOP:
		return ERR_EXISTS;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	case ENOSPC:
		return ERR_NOSPACE;
	default:
		return ERR_IO;
	}
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The directory is looked at first: on a disk nothing is made, not even an empty file. */
static enum err
make_file(struct printout *o, const char *path)
{
	const char *name = name_of(path);
	size_t n = (size_t)(name - path);
	char dir[PATH_LONGEST] = ".";
	struct stat st;

	if (n >= sizeof dir)
		return ERR_TOOBIG;
	if (n > 0) {
		memcpy(dir, path, n);
		dir[n] = '\0';
	}
	o->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (o->dir < 0)
		return err_of(errno);
	if (!is_memory(o->dir))
		return ERR_PRINTOUT_DISK;
	o->fd = openat(o->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o->fd < 0)
		return err_of(errno);
	o->path = path;
	o->place = PRINTOUT_MEMORY;
	/* a mount may have come in between */
	return fstat(o->fd, &st) < 0 ? ERR_IO : check_file(o->fd, &st);
}

static void
close_all(struct printout *o)
{
	if (o->fd >= 0 && o->fd != STDOUT_FILENO)
		close(o->fd);
	if (o->dir >= 0)
		close(o->dir);
	o->fd = o->dir = -1;
}

void
printout_drop(struct printout *o)
{
	if (o->path && o->dir >= 0)
		unlinkat(o->dir, name_of(o->path), 0);
	close_all(o);
}

enum err
printout_open(struct printout *o, const char *path, enum printout_form form, bool show)
{
	enum err e;

	*o = (struct printout){ .fd = -1, .dir = -1 };
	if (path && strcmp(path, "-") != 0) {
		e = make_file(o, path);
	} else {
		e = check_stdout(o, form, show);
		o->fd = STDOUT_FILENO;
	}
	if (e)
		printout_drop(o);
	return e;
}

static void
say_after(const struct printout *o)
{
	if (o->place == PRINTOUT_PIPE)
		out_say(
		    "If this went to a printer: printers and print servers keep what they print. "
		    "Prefer one on a cable of your own, not a shared one; afterwards clear its "
		    "queue (lprm -, cancel -a) and switch it off and on.");
	else if (o->place == PRINTOUT_MEMORY)
		out_say("The file is in memory only. Print it, look at the paper, then delete the "
			"file: rm %s. To overwrite it would not help. Until then, it can reach "
			"the swap space, if there is any.",
		    o->path ? o->path : "FILE");
	else
		out_say("Clear this terminal afterwards, with what it can scroll back to.");
}

enum err
printout_put(struct printout *o, struct span page)
{
	enum err e = out_raw(o->fd, page);

	if (e) {
		printout_drop(o);
		return e;
	}
	say_after(o);
	close_all(o);
	return ERR_OK;
}
