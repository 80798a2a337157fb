/* infile.c - a text that somebody sent. */
#include "cli/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static enum err
from_errno(void)
{
	return errno == ENOENT			  ? ERR_NOTFOUND
	    : errno == EACCES || errno == EPERM	  ? ERR_PERMISSION
	    : errno == EISDIR || errno == ENOTDIR ? ERR_UNSUPPORTED
						  : ERR_IO;
}

static enum err
read_all(int fd, size_t max, struct buf *out)
{
	for (;;) {
		uint8_t *to = buf_room(out, PIECE);
		ssize_t n = to ? read(fd, to, PIECE) : -1;

		if (!to)
			return ERR_NOMEM;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? from_errno() : ERR_OK;
		buf_add(out, (size_t)n);
		if (out->len > max)
			return ERR_TOOBIG;
	}
}

enum err
infile_read(struct cli *c, const char *path, size_t max, struct buf *out)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e = fd < 0 ? from_errno() : read_all(fd, max, out);

	if (!standard && fd >= 0)
		close(fd);
	if (e)
		snprintf(c->detail, sizeof c->detail, "%s", path);
	return e;
}
