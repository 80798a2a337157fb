/*
 * Written beside, synced, renamed, directory synced: a state is whole, old or new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/softtoken/state.h"

#define PATH_CAP  4096
#define STATE_MAX (64 * 1024)

static enum err
errno_err(void)
{
	switch (errno) {
	case ENOENT:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
	case ELOOP:
		return ERR_PERMISSION;
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPACE;
	default:
		return ERR_IO;
	}
}

static enum err
fd_read(int fd, struct buf *out)
{
	uint8_t *p = buf_room(out, STATE_MAX);
	struct stat st;
	ssize_t n;

	if (p == NULL)
		return ERR_NOMEM;
	if (fstat(fd, &st) != 0 || (n = read(fd, p, STATE_MAX)) < 0)
		return errno_err();
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return ERR_PERMISSION;
	if (n == 0 || n == STATE_MAX)
		return ERR_FORMAT;
	buf_add(out, (size_t)n);
	return ERR_OK;
}

enum err
soft_state_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum err r;

	if (fd < 0)
		return errno_err();
	r = fd_read(fd, out);
	close(fd);
	return r;
}

static enum err
dir_sync(const char *path)
{
	char dir[PATH_CAP];
	char *slash;
	int fd, r;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return ERR_TOOBIG;
	if ((slash = strrchr(dir, '/')) == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	if ((fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY)) < 0)
		return errno_err();
	r = fsync(fd);
	close(fd);
	return r == 0 ? ERR_OK : errno_err();
}

static enum err
fd_write(int fd, struct span s)
{
	ssize_t n;

	while (s.len > 0) {
		if ((n = write(fd, s.p, s.len)) < 0 && errno != EINTR)
			return errno_err();
		if (n > 0)
			s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return fsync(fd) == 0 ? ERR_OK : errno_err();
}

/* A temporary file that is there already is of one of us who was killed. */
static enum err
temp_write(const char *temp, struct span state)
{
	enum err r;
	int fd;

	if (unlink(temp) != 0 && errno != ENOENT)
		return errno_err();
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno_err();
	r = fd_write(fd, state);
	if (close(fd) != 0 && r == ERR_OK)
		r = errno_err();
	return r;
}

enum err
soft_state_write(const char *path, struct span state)
{
	char temp[PATH_CAP];
	enum err r;

	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return ERR_TOOBIG;
	if ((r = temp_write(temp, state)) == ERR_OK && rename(temp, path) != 0)
		r = errno_err();
	if (r == ERR_OK)
		r = dir_sync(path);
	else
		unlink(temp);
	return r;
}
