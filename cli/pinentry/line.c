/* line.c - lines in the arena. */
#include "cli/pinentry/line.h"

#include <errno.h>
#include <unistd.h>

#include "lib/assuan.h"

#define ROOM (ASSUAN_LINE_MAX + 2) /* CR LF */

enum err
line_open(struct line *l, int fd)
{
	*l = (struct line){ .fd = fd };
	return sec_init(&l->in, ROOM);
}

void
line_close(struct line *l)
{
	sec_done(&l->in);
}

/* Everything to the left; what was taken is wiped. */
static void
move_up(struct line *l)
{
	size_t rest = l->in.len - l->at;

	if (l->at == 0)
		return;
	memmove(l->in.p, l->in.p + l->at, rest);
	sec_zero(l->in.p + rest, l->in.len - rest);
	l->in.len = rest;
	l->at = 0;
}

enum err
line_take(struct line *l, struct span *out)
{
	uint8_t *start = l->in.p + l->at, *end = memchr(start, '\n', l->in.len - l->at);
	bool passed = l->passes;

	if (!end) {
		move_up(l);
		if (l->in.len == l->in.cap)
			l->passes = true;
		if (l->passes)
			sec_wipe(&l->in);
		return ERR_BUSY;
	}
	*out = SPAN(start, (size_t)(end - start));
	l->at += out->len + 1;
	l->passes = false;
	if (out->len && start[out->len - 1] == '\r')
		out->len--;
	return passed || out->len > ASSUAN_LINE_MAX ? ERR_TOOBIG : ERR_OK;
}

enum err
line_fill(struct line *l)
{
	ssize_t n;

	move_up(l);
	do
		n = read(l->fd, l->in.p + l->in.len, l->in.cap - l->in.len);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 && errno != ECONNRESET ? ERR_IO : ERR_HANGUP;
	l->in.len += (size_t)n;
	return ERR_OK;
}

static enum err
write_all(int fd, struct span s)
{
	while (s.len) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_HANGUP;
		s = span_sub(s, (size_t)n, s.len - (size_t)n);
	}
	return ERR_OK;
}

enum err
line_write(int fd, struct span s)
{
	enum err e = write_all(fd, s);

	return e ? e : write_all(fd, SPAN_LIT("\n"));
}
