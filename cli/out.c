/* out.c - printing. */
#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"

#define COLUMNS_MOST   78
#define COLUMNS_LEAST  20
#define ROW_INDENT     11
#define FINDING_INDENT 6

void
out_text(FILE *f, struct span s)
{
	struct buf b = BUF_INIT;

	text_printable(s, &b);
	fputs(buf_cstr(&b), f);
	buf_done(&b);
}

void
out_row(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("%-10s ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
out_row_span(const char *name, struct span value)
{
	printf("%-10s ", name);
	out_text(stdout, value);
	putchar('\n');
}

size_t
out_columns(int fd)
{
	struct winsize w;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return COLUMNS_MOST;
	if (w.ws_col <= COLUMNS_LEAST)
		return COLUMNS_LEAST;
	return w.ws_col > COLUMNS_MOST ? COLUMNS_MOST : w.ws_col - 1u;
}

/* Columns that a word takes: continuation bytes of UTF-8 take none. */
static size_t
word_columns(const char *s, size_t n)
{
	size_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += (s[i] & 0xc0) != 0x80;
	return columns;
}

void
out_fold(const char *text, size_t width, struct buf *out)
{
	size_t at = 0;

	while (*text) {
		size_t n = strcspn(text, " \n"), columns = word_columns(text, n);

		if (at > 0 && at + 1 + columns > width) {
			buf_put_u8(out, '\n');
			at = 0;
		}
		if (at > 0 && n > 0)
			buf_put_u8(out, ' ');
		buf_put(out, text, n);
		at += columns + (at > 0 && n > 0);
		text += n;
		if (*text == '\n') {
			buf_put_u8(out, '\n');
			at = 0;
		}
		text += *text != '\0';
	}
	if (at > 0)
		buf_put_u8(out, '\n');
}

/* Lines of prose on standard output, the first behind head, the others below it. */
static void
put_hanging(const char *head, size_t indent, const char *text)
{
	struct buf b = BUF_INIT;
	const char *line;

	out_fold(text, out_columns(STDOUT_FILENO) - indent, &b);
	for (line = buf_cstr(&b); *line;) {
		size_t n = strcspn(line, "\n");

		printf("%-*s%.*s\n", (int)indent, head, (int)n, line);
		head = "";
		line += n + (line[n] == '\n');
	}
	buf_done(&b);
}

void
out_finding(const char *head, const char *text)
{
	if (isatty(STDOUT_FILENO))
		put_hanging(head, FINDING_INDENT, text);
	else
		printf("%-*s%s\n", FINDING_INDENT, head, text);
}

void
out_row_fold(const char *name, const char *text)
{
	put_hanging(name, ROW_INDENT, text);
}

void
out_step(unsigned n, struct span text)
{
	struct buf b = BUF_INIT;
	char head[16];

	text_printable(text, &b);
	snprintf(head, sizeof head, "%2u. ", n);
	put_hanging(head, strlen(head), buf_cstr(&b));
	buf_done(&b);
}

void
out_say(const char *fmt, ...)
{
	char text[2048];
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fflush(stdout);
	out_fold(text, out_columns(STDERR_FILENO), &b);
	fputs(buf_cstr(&b), stderr);
	buf_done(&b);
}

void
out_say_span(const char *before, struct span s)
{
	struct buf b = BUF_INIT;

	text_printable(s, &b);
	out_say("%s%s", before, buf_cstr(&b));
	buf_done(&b);
}

/* One line for programs that read it; a person's terminal is not to break words. */
static void
put_error(const char *head, const char *text, const char *detail)
{
	struct buf line = BUF_INIT, b = BUF_INIT;

	buf_put_str(&line, head);
	buf_put_str(&line, text);
	if (*detail) {
		buf_put_str(&line, " (");
		buf_put_str(&line, detail);
		buf_put_str(&line, ")");
	}
	if (isatty(STDERR_FILENO))
		out_fold(buf_cstr(&line), out_columns(STDERR_FILENO), &b);
	else
		fprintf(stderr, "%s\n", buf_cstr(&line));
	fputs(buf_cstr(&b), stderr);
	buf_done(&b);
	buf_done(&line);
}

void
out_error(enum err e, const char *detail, const char *hint)
{
	if (!*hint)
		hint = err_hint(e);
	fflush(stdout);
	put_error("ownkey: error: ", err_text(e), detail);
	if (*hint)
		put_error("ownkey: hint: ", hint, "");
}

enum err
out_json(const struct wire_map *m, struct span result, bool show)
{
	struct buf b = BUF_INIT;
	enum err e = wire_json(m, result, show, &b);

	buf_put_u8(&b, '\n');
	fflush(stdout);
	if (!e && !(e = buf_err(&b)))
		e = out_raw(STDOUT_FILENO, buf_span(&b));
	buf_done(&b);
	return e;
}

enum err
out_raw(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n < 0 && errno != EINTR)
			return errno == ENOSPC ? ERR_NOSPACE : ERR_IO;
		if (n > 0)
			s = span_sub(s, (size_t)n, s.len - (size_t)n);
	}
	return ERR_OK;
}

void
out_day(uint64_t unix_seconds, char out[16])
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}
