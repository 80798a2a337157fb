#include "lib/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP	   65536
#define SMALL_STEP 4096

static enum err
read_all(int fd, struct buf *out)
{
	size_t step = out->max ? SMALL_STEP : STEP;
	uint8_t *to;
	ssize_t n;

	for (;;) {
		if (!(to = buf_room(out, step)))
			return buf_err(out);
		n = read(fd, to, step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? err_of_errno(errno) : ERR_OK;
		buf_add(out, (size_t)n);
	}
}

/* Non-blocking, so that a FIFO in its place cannot hold us up. */
enum err
whole_read(const struct whole *w, struct buf *out)
{
	int fd = openat(w->dirfd, w->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	enum err e;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? ERR_FORMAT : err_of_errno(errno);
	if (fstat(fd, &st))
		e = err_of_errno(errno);
	else if (!S_ISREG(st.st_mode))
		e = ERR_FORMAT;
	else if (out->max && (uint64_t)st.st_size > out->max)
		e = ERR_TOOBIG;
	else
		e = read_all(fd, out);
	close(fd);
	return e;
}

static enum err
write_all(int fd, struct span s)
{
	/* a full disk shows before anything is written; what cannot do this finds out later */
	if (s.len && fallocate(fd, 0, 0, (off_t)s.len) && errno == ENOSPC)
		return ERR_NOSPACE;
	while (s.len) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? err_of_errno(errno) : ERR_IO;
		s = SPAN(s.p + n, s.len - (size_t)n);
	}
	return ERR_OK;
}

/* Some network and FUSE file systems cannot sync a folder, and say so. */
static enum err
sync_folder(int dirfd)
{
	if (fsync(dirfd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS)
		return ERR_OK;
	return ERR_VAULT_UNSURE;
}

enum err
whole_replace(const struct whole *w, struct span s)
{
	enum err e;
	int fd;

	/* of a crash; nobody else writes it now */
	if (unlinkat(w->dirfd, w->tmp, 0) && errno != ENOENT)
		return err_of_errno(errno);
	fd = openat(w->dirfd, w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_of_errno(errno);
	e = w->mode && fchmod(fd, w->mode) ? err_of_errno(errno) : write_all(fd, s);
	if (!e && fsync(fd))
		e = err_of_errno(errno);
	/* network file systems tell here what they could not write */
	if (close(fd) && !e)
		e = err_of_errno(errno);
	if (!e && renameat(w->dirfd, w->tmp, w->dirfd, w->name))
		e = err_of_errno(errno);
	if (e) {
		(void)unlinkat(w->dirfd, w->tmp, 0);
		return e == ERR_NOTFOUND ? ERR_IO : e;
	}
	return sync_folder(w->dirfd);
}
