/* forwarded.c - a text file, read whole, added to at its end. */
#include "cli/forwarded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/text.h"
#include "lib/whole.h"

#define FILE_NAME "forwarded"
#define FILE_MOST (256 * 1024)
#define HEX	  64

/* Of the state directory. */
static enum err
open_folder(struct whole *w)
{
	char dir[PATHS_MAX];
	enum err e;

	*w = (struct whole){ .dirfd = -1, .name = FILE_NAME, .tmp = FILE_NAME ".new" };
	if ((e = paths_state(dir, sizeof dir)) || (e = sock_mkdir_private(dir)))
		return e;
	w->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->dirfd < 0 ? ERR_IO : ERR_OK;
}

static enum err
read_file(const struct whole *w, struct buf *b)
{
	enum err e;

	b->max = FILE_MOST;
	e = whole_read(w, b);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
keep(struct forwarded *f, struct span hex, bool own)
{
	size_t n = f->n[own];
	size_t len = 0;
	enum err e;

	if (n == FORWARDED_MOST)
		return ERR_TOOBIG;
	if ((e = text_decode(TEXT_HEX, hex, f->hash[own][n], 32, &len)))
		return e;
	if (len != 32)
		return ERR_FORMAT;
	f->row[own][n] = SPAN(f->hash[own][n], 32);
	f->n[own]++;
	return ERR_OK;
}

static enum err
take_line(struct forwarded *f, struct span line)
{
	if (line.len < HEX + 2 || line.p[HEX] != ' ')
		return ERR_FORMAT;
	return keep(f, span_sub(line, 0, HEX),
	    span_is(span_sub(line, HEX + 1, line.len - HEX - 1), f->name));
}

static enum err
take_lines(struct forwarded *f, struct span text)
{
	enum err e = ERR_OK;

	while (text.len > 0 && !e) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t n = end ? (size_t)(end - text.p) : text.len;

		e = take_line(f, span_sub(text, 0, n));
		n += end != NULL;
		text = span_sub(text, n, text.len - n);
	}
	return e;
}

enum err
forwarded_read(struct forwarded *f, const char *name)
{
	struct buf b = BUF_INIT;
	struct whole w;
	enum err e;

	f->n[0] = f->n[1] = 0;
	snprintf(f->name, sizeof f->name, "%s", name);
	if ((e = open_folder(&w)))
		return e;
	if (!(e = read_file(&w, &b)))
		e = take_lines(f, buf_span(&b));
	close(w.dirfd);
	buf_done(&b);
	return e;
}

/* ---- one more ---- */
static bool
is_known(const struct forwarded *f, struct span hex)
{
	char one[HEX];

	for (size_t i = 0; i < f->n[1]; i++) {
		text_encode_raw(TEXT_HEX, f->row[1][i], one);
		if (span_eq(hex, SPAN(one, HEX)))
			return true;
	}
	return false;
}

/* Another terminal may serve another machine: one after the other reads, and writes all of it. */
static enum err
open_locked(struct whole *w)
{
	enum err e = open_folder(w);

	if (e)
		return e;
	while (flock(w->dirfd, LOCK_EX))
		if (errno != EINTR) {
			close(w->dirfd);
			return ERR_IO;
		}
	return ERR_OK;
}

enum err
forwarded_add(struct forwarded *f, struct span hex)
{
	struct buf b = BUF_INIT;
	struct whole w;
	enum err e;

	if (hex.len != HEX)
		return ERR_FORMAT;
	if (is_known(f, hex))
		return ERR_OK;
	if ((e = open_locked(&w)))
		return e;
	if (!(e = read_file(&w, &b))) {
		buf_put_span(&b, hex);
		buf_putf(&b, " %s\n", f->name);
		e = buf_err(&b);
	}
	if (!e && !(e = keep(f, hex, true)))
		e = whole_replace(&w, buf_span(&b));
	close(w.dirfd);
	buf_done(&b);
	return e;
}
