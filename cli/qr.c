/* qr.c - libqrencode in a child that forgets; drawing for terminals. */
#include "cli/qr.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <qrencode.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIDTH_MAX 177
#define ROW(w)	  (((w) + 7) / 8)
#define FRAME_MAX (1 + WIDTH_MAX * ROW(WIDTH_MAX))
#define QUIET	  4
#define STACK	  16 /* frames of 4 KiB: deeper than libqrencode goes */

/* ---- the child ---- */
/* Of the child alone (the parent's copies stay zero): static, so that they are locked early. */
static struct {
	char text[QR_TEXT_MAX + 1];
	uint8_t frame[FRAME_MAX]; /* width, rows */
	uint8_t *heap;
} mine;

/* Everything that can be written; not all of it by mlockall(), which would count the code of all
 * libraries, more than a person is allowed to lock.  As far as that goes: like the arena's own. */
static void
lock_memory(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], mode[8], name[64];
	unsigned long from, to;

	while (f && fgets(line, sizeof line, f)) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %63s", &from, &to, mode, name) < 3)
			continue;
		if (mode[1] == 'w')
			(void)mlock((void *)from, to - from);
		if (strcmp(name, "[heap]") == 0)
			mine.heap = (uint8_t *)from;
	}
	if (f)
		fclose(f);
	(void)mlockall(MCL_FUTURE);
}

static bool
read_text(int fd)
{
	size_t have = 0;
	ssize_t n;

	while (have < QR_TEXT_MAX && (n = read(fd, mine.text + have, QR_TEXT_MAX - have)) != 0) {
		if (n < 0 && errno != EINTR)
			return false;
		have += n > 0 ? (size_t)n : 0;
	}
	return have > 0;
}

static bool
encode(enum qr_level level)
{
	static const QRecLevel levels[] = { QR_ECLEVEL_L, QR_ECLEVEL_M, QR_ECLEVEL_Q };
	QRcode *code = QRcode_encodeString(mine.text, 0, levels[level], QR_MODE_8, 1);
	size_t w;

	if (!code)
		return false;
	w = (size_t)code->width;
	mine.frame[0] = (uint8_t)w;
	for (size_t i = 0; i < w * w; i++)
		if (code->data[i] & 1)
			mine.frame[1 + i / w * ROW(w) + i % w / 8] |= (uint8_t)(0x80 >> i % w % 8);
	QRcode_free(code);
	return true;
}

static bool
write_frame(int fd)
{
	size_t n = 1 + (size_t)mine.frame[0] * ROW((size_t)mine.frame[0]);

	return write(fd, mine.frame, n) == (ssize_t)n; /* less than a pipe holds */
}

static void __attribute__((noinline)) wipe_stack(int frames)
{
	uint8_t p[4096];

	sec_zero(p, sizeof p);
	if (frames > 1)
		wipe_stack(frames - 1);
	sec_zero(p, sizeof p); /* not a tail call */
}

/* malloc(3) is not called any more after this. */
static void
wipe_memory(void)
{
#ifndef OWNKEY_SAN
	if (mine.heap)
		sec_zero(mine.heap, (size_t)((uint8_t *)sbrk(0) - mine.heap));
#endif
	sec_zero(&mine, sizeof mine);
	wipe_stack(STACK);
}

static _Noreturn void
run_child(int in, int out, enum qr_level level)
{
	bool done;

	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* no mappings that are given back, unwiped, before the end */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	lock_memory();
	done = read_text(in);
	/* where little may be locked: rather without */
	done = done && (encode(level) || (munlockall() == 0 && encode(level)));
	done = done && write_frame(out);
	wipe_memory();
	_exit(done ? 0 : 1);
}

/* ---- the parent ---- */
static enum err
read_frame(int fd, struct sec *frame)
{
	ssize_t n;

	frame->len = 0;
	while (frame->len < frame->cap &&
	    (n = read(fd, frame->p + frame->len, frame->cap - frame->len)) != 0) {
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		frame->len += n > 0 ? (size_t)n : 0;
	}
	if (frame->len == 0)
		return ERR_NOMEM;
	return frame->len == 1 + frame->p[0] * ROW((size_t)frame->p[0]) ? ERR_OK : ERR_INTERNAL;
}

static bool
reap(pid_t pid)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	return got < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The text lies in the pipe before there is a child: it always fits. */
static enum err
ask_child(struct span text, enum qr_level level, struct sec *frame)
{
	int in[2], out[2] = { -1, -1 };
	enum err e = ERR_IO;
	pid_t pid = -1;

	if (pipe2(in, O_CLOEXEC) < 0)
		return ERR_IO;
	if (pipe2(out, O_CLOEXEC) == 0 && write(in[1], text.p, text.len) == (ssize_t)text.len) {
		close(in[1]);
		in[1] = -1;
		if ((pid = fork()) == 0)
			run_child(in[0], out[1], level);
		close(out[1]);
		out[1] = -1;
	}
	if (pid > 0)
		e = read_frame(out[0], frame);
	if (pid > 0 && !reap(pid) && !e)
		e = ERR_INTERNAL;
	for (size_t i = 0; i < 2; i++) {
		if (in[i] >= 0)
			close(in[i]);
		if (out[i] >= 0)
			close(out[i]);
	}
	return e;
}

enum err
qr_make(struct span text, enum qr_level level, struct qr *out)
{
	struct sec frame = { 0 }, bits = { 0 };
	enum err e;

	if (text.len > QR_TEXT_MAX)
		return ERR_TOOBIG;
	if (text.len == 0 || memchr(text.p, 0, text.len))
		return ERR_FORMAT;
	if (!(e = sec_init(&frame, FRAME_MAX)) && !(e = ask_child(text, level, &frame)) &&
	    !(e = sec_init_copy(&bits, span_sub(sec_span(&frame), 1, frame.len - 1)))) {
		out->width = frame.p[0];
		sec_move(&out->bits, &bits);
	}
	sec_done(&frame);
	return e;
}

void
qr_done(struct qr *q)
{
	sec_done(&q->bits);
	q->width = 0;
}

bool
qr_is_dark(const struct qr *q, size_t x, size_t y)
{
	return x < q->width && y < q->width &&
	    (q->bits.p[y * ROW(q->width) + x / 8] & 0x80 >> x % 8) != 0;
}

/* ---- on a terminal ---- */
/* Two squares above each other; outside the code (also left and above: it wraps) all is light. */
static void
draw_pair(const struct qr *q, enum qr_paint paint, size_t x, size_t y, struct buf *out)
{
	static const char *const blocks[] = { " ", "\xe2\x96\x84", "\xe2\x96\x80", "\xe2\x96\x88" };
	bool upper = qr_is_dark(q, x, y), lower = qr_is_dark(q, x, y + 1);

	if (paint == QR_BLOCKS) {
		upper = !upper;
		lower = !lower;
	}
	buf_put_str(out, blocks[(unsigned)upper << 1 | lower]);
}

static void
draw_row(const struct qr *q, enum qr_paint paint, size_t quiet, size_t y, struct buf *out)
{
	size_t n = q->width + 2 * quiet;
	bool dark;

	if (paint == QR_COLOUR)
		buf_put_str(out, "\033[30;107m");
	for (size_t i = 0; i < n; i++)
		if (paint >= QR_ASCII) {
			dark = qr_is_dark(q, i - quiet, y - quiet);
			buf_put_str(out, dark == (paint == QR_ASCII_INK) ? "##" : "  ");
		} else
			draw_pair(q, paint, i - quiet, y - quiet, out);
	buf_put_str(out, paint == QR_COLOUR ? "\033[0m\n" : "\n");
}

enum err
qr_draw(const struct qr *q, enum qr_paint paint, size_t columns, struct buf *out)
{
	size_t each = paint >= QR_ASCII ? 2 : 1, step = 3 - each, quiet = QUIET;

	while (quiet > 0 && (q->width + 2 * quiet) * each > columns)
		quiet--;
	if (quiet == 0 || q->width == 0)
		return ERR_TOOBIG;
	for (size_t y = 0; y < q->width + 2 * quiet; y += step)
		draw_row(q, paint, quiet, y, out);
	return buf_err(out);
}
