#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define LINE 1024

static const char *name = "ownkey";
static enum log_level limit = LOG_INFO_;

static bool gathers;
static char gathered[4 * LINE];
static size_t ngathered;

static const char *const labels[] = { "error", "warning", "info", "debug" };

void
log_open(const char *program, enum log_level most)
{
	name = program;
	limit = most;
}

/* One call, one line: whatever slipped in must not forge another line or talk to a terminal. */
static void
make_harmless(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/* write(2), not stdio: sandboxed processes log too, and lines of several must not mix */
static void
put_out(const char *p, size_t n)
{
	ssize_t w;

	do
		w = write(STDERR_FILENO, p, n);
	while (w < 0 && errno == EINTR);
}

void
log_gather(void)
{
	gathers = true;
}

void
log_flush(void)
{
	if (ngathered)
		put_out(gathered, ngathered);
	ngathered = 0;
}

static void
write_line(enum log_level l, char *line, size_t n)
{
	line[n++] = '\n';
	if (gathers && l >= LOG_INFO_) {
		if (ngathered + n > sizeof gathered)
			log_flush();
		memcpy(gathered + ngathered, line, n);
		ngathered += n;
		return;
	}
	log_flush();
	put_out(line, n);
}

void
log_at(enum log_level l, const char *fmt, ...)
{
	int saved = errno;
	char line[LINE + 1];
	va_list ap;
	int n;

	if (l > limit)
		return;
	n = snprintf(line, LINE, "%s: %s: ", name, labels[l]);
	if (n < 0 || n >= LINE)
		return;
	va_start(ap, fmt);
	vsnprintf(line + n, LINE - (size_t)n, fmt, ap);
	va_end(ap);
	make_harmless(line);
	write_line(l, line, strlen(line));
	errno = saved;
}

void
log_err(enum err e, const char *what)
{
	log_error("%s: %s", what, err_text(e));
}
