/* file.c - one file of the person's. */
#include "pam/handoff/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
check(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return ERR_IO;
	if (!S_ISREG(st.st_mode) || (st.st_uid != getuid() && st.st_uid != 0))
		return ERR_PERMISSION;
	return st.st_mode & (S_IWGRP | S_IWOTH) ? ERR_PERMISSION : ERR_OK;
}

/* At most `most` bytes; one more than that shows that it goes on. */
static enum err
take(int fd, size_t most, bool part, struct buf *out)
{
	uint8_t piece[4096];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) != 0) {
		size_t use = (size_t)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (use > most - have && !part)
			return ERR_TOOBIG;
		use = use > most - have ? most - have : use;
		buf_put(out, piece, use);
		have += use;
		if (have == most && part)
			break;
	}
	return buf_err(out);
}

enum err
file_read(const char *path, size_t most, bool part, struct buf *out)
{
	/* NONBLOCK: a pipe in its place would hold the login up */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum err e;

	if (fd < 0 && errno == ENOENT)
		return ERR_NOTFOUND;
	if (fd < 0)
		return errno == EACCES || errno == ELOOP ? ERR_PERMISSION : ERR_IO;
	if (!(e = check(fd)))
		e = take(fd, most, part, out);
	close(fd);
	return e;
}
