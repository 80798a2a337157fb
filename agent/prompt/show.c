#include "agent/prompt/show.h"

#include "lib/text.h"

#define FIRST_WIDE 0xe1 /* lead byte of U+1000: from there on some take two columns */

size_t
show_columns(const uint8_t *p, size_t n, size_t *bytes)
{
	size_t len = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	*bytes = len < n ? len : n;
	return p[0] < FIRST_WIDE ? 1 : 2;
}

/* As much of text as fits into columns: *width of it, in bytes. */
static size_t
fitting(struct span text, size_t columns, size_t *width)
{
	size_t at = 0, len, w;

	for (*width = 0; at < text.len; at += len, *width += w) {
		w = show_columns(text.p + at, text.len - at, &len);
		if (*width + w > columns)
			break;
	}
	return at;
}

/* Where to end a line whose first n bytes would fit: at the last blank, if there is one. */
static size_t
break_at(struct span text, size_t n)
{
	size_t i = n;

	if (n == text.len || text.p[n] == ' ')
		return n;
	while (i > 0 && text.p[i - 1] != ' ')
		i--;
	return i > 0 ? i : n;
}

static void
put_line(struct span line, size_t columns, struct buf *out)
{
	size_t width, n;

	for (;;) {
		n = break_at(line, fitting(line, columns, &width));
		buf_put(out, line.p, n);
		line = span_sub(line, n, line.len - n);
		while (line.len > 0 && line.p[0] == ' ')
			line = span_sub(line, 1, line.len - 1);
		if (line.len == 0)
			return;
		while (out->len > 0 && out->p[out->len - 1] == ' ')
			out->len--;
		buf_put_u8(out, '\n');
	}
}

void
show_wrapped(struct span text, size_t columns, struct buf *out)
{
	struct buf clean = BUF_INIT;
	const uint8_t *end;
	size_t n;

	for (;;) {
		end = text.len > 0 ? memchr(text.p, '\n', text.len) : NULL;
		n = end != NULL ? (size_t)(end - text.p) : text.len;
		buf_reset(&clean);
		text_printable(SPAN(text.p, n), &clean);
		put_line(buf_span(&clean), columns, out);
		if (end == NULL)
			break;
		buf_put_u8(out, '\n');
		text = span_sub(text, n + 1, text.len - n - 1);
	}
	if (clean.failed)
		out->failed = true;
	buf_done(&clean);
}
