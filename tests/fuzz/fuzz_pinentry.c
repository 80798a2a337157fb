/*
 * What gpg-agent says, as pinentry-ownkey reads it: lines from a pipe, commands, settings.  However
 * the bytes are cut into pieces, the lines are the same.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/pinentry/line.h"
#include "cli/pinentry/settings.h"
#include "lib/assuan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define PIPE 60000 /* fits into a pipe without waiting */

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
check_keygrip(const char *grip)
{
	must(strlen(grip) == 0 || strlen(grip) == REQUEST_KEYGRIP);
	must(strspn(grip, "0123456789ABCDEF") == strlen(grip));
}

static void
take(struct settings *s, struct span line)
{
	struct request r;

	must(line.len <= ASSUAN_LINE_MAX);
	if (request_parse(line, &r))
		return;
	must(line.len && r.rest.len < line.len + 1);
	if (r.kind == REQUEST_RESET)
		settings_reset(s);
	else if (r.kind >= REQUEST_OPTION && r.kind <= REQUEST_REPEAT && settings_take(s, &r))
		must(s->options.len + s->sets.len > PIPE / 2);
	check_keygrip(s->keygrip);
	must(s->options.len == 0 || s->options.p[s->options.len - 1] == '\n');
}

/* first: bytes that come before the rest */
static size_t
read_all(struct span in, size_t first)
{
	struct settings s;
	struct line l;
	struct span line;
	size_t lines = 0, sum = 0;
	int fd[2];
	enum err e;

	must(pipe(fd) == 0 && line_open(&l, fd[0]) == ERR_OK);
	settings_open(&s);
	must(write(fd[1], in.p, first) == (ssize_t)first);
	for (int part = 0; part < 2; part++) {
		while (!line_fill(&l)) {
			while ((e = line_take(&l, &line)) != ERR_BUSY) {
				lines++;
				sum += e ? 0 : line.len * lines;
				if (!e)
					take(&s, line);
			}
			must(fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0);
		}
		if (part == 0 && in.len > first)
			must(write(fd[1], in.p + first, in.len - first) ==
			    (ssize_t)(in.len - first));
	}
	close(fd[0]);
	close(fd[1]);
	line_close(&l);
	settings_close(&s);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;

	if (!ready)
		must(sec_arena_open(65536, true, true) == ERR_OK);
	ready = true;
	if (n < 2 || n > PIPE)
		return 0;
	must(read_all(SPAN(p + 1, n - 1), n - 1) ==
	    read_all(SPAN(p + 1, n - 1), 1 + p[0] * (n - 2) / 256));
	return 0;
}
