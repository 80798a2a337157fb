/*
 * What a pinentry says, line by line, and how text is put to it: our own line must come back as the
 * beginning of the text that went in.
 */
#include <stdlib.h>

#include "lib/assuan.h"
#include "agent/prompt/show.h"

#define VERB "SETDESC "

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct sec data;

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
read_lines(struct span in)
{
	struct assuan_reply r;
	const uint8_t *end;
	size_t n;

	for (; in.len > 0; in = span_sub(in, n + 1, in.len - n - 1)) {
		end = memchr(in.p, '\n', in.len);
		n = end != NULL ? (size_t)(end - in.p) : in.len;
		sec_wipe(&data);
		if (assuan_parse(SPAN(in.p, n), &r) == ERR_OK && r.kind == ASSUAN_DATA &&
		    assuan_unescape(r.rest, &data) == ERR_OK)
			must(data.len <= r.rest.len);
		if (end == NULL)
			return;
	}
}

static void
write_line(struct span in)
{
	struct buf b = BUF_INIT;
	size_t at = sizeof(VERB) - 1;

	assuan_command(VERB, in, &b);
	must(buf_err(&b) == ERR_OK && b.len <= ASSUAN_LINE_MAX + 1);
	must(memchr(b.p, '\n', b.len) == b.p + b.len - 1 && memchr(b.p, 0, b.len) == NULL);
	sec_wipe(&data);
	must(assuan_unescape(SPAN(b.p + at, b.len - at - 1), &data) == ERR_OK);
	if (!span_eq(sec_span(&data), in))
		must(data.len >= 3 && memcmp(data.p + data.len - 3, "...", 3) == 0 &&
		    data.len - 3 < in.len && memcmp(data.p, in.p, data.len - 3) == 0);
	buf_done(&b);
}

static void
check_width(struct span in, size_t columns)
{
	struct buf b = BUF_INIT;
	size_t width = 0, len;

	show_wrapped(in, columns, &b);
	for (size_t i = 0; i < b.len; i += len) {
		width += show_columns(b.p + i, b.len - i, &len);
		must(b.p[i] == '\n' || (b.p[i] >= 0x20 && b.p[i] != 0x7f));
		width = b.p[i] == '\n' ? 0 : width;
		must(width <= columns);
	}
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (data.p == NULL)
		must(
		    sec_arena_open(65536, true, true) == ERR_OK && sec_init(&data, 4096) == ERR_OK);
	read_lines(SPAN(p, n));
	if (n > 0 && n <= 4096) {
		write_line(SPAN(p, n));
		check_width(SPAN(p, n), 2 + p[0] % 60);
	}
	return 0;
}
