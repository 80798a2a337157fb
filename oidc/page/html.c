#include "oidc/page/html.h"

#include "lib/text.h"

#define FFFD "\xef\xbf\xbd"

/* Length of the UTF-8 sequence at the beginning of valid text, and its code point. */
static size_t
code_point(struct span s, uint32_t *c)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;

	*c = n == 1 ? s.p[0] : s.p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (s.p[i] & 0x3f);
	return n;
}

static bool
is_disguise(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0xfeff ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

static void
put(struct buf *b, struct span one, uint32_t c)
{
	switch (c) {
	case '&':
		buf_put_str(b, "&amp;");
		break;
	case '<':
		buf_put_str(b, "&lt;");
		break;
	case '>':
		buf_put_str(b, "&gt;");
		break;
	case '"':
		buf_put_str(b, "&quot;");
		break;
	case '\'':
		buf_put_str(b, "&#39;");
		break;
	default:
		if (is_disguise(c))
			buf_put_str(b, FFFD);
		else
			buf_put_span(b, one);
	}
}

void
html_text_short(struct buf *b, struct span text, size_t most)
{
	uint32_t c;

	if (!text_is_utf8(text)) {
		buf_put_str(b, FFFD);
		return;
	}
	for (size_t at = 0, n, done = 0; at < text.len; at += n, done++) {
		if (done == most) {
			buf_put_str(b, "\xe2\x80\xa6");
			return;
		}
		n = code_point(SPAN(text.p + at, text.len - at), &c);
		put(b, SPAN(text.p + at, n), c);
	}
}

void
html_text(struct buf *b, struct span text)
{
	html_text_short(b, text, SIZE_MAX);
}

void
html_link(struct buf *b, struct span uri, struct span text)
{
	bool ours = uri.len && uri.p[0] == '/' && (uri.len == 1 || uri.p[1] != '/');

	if (!ours && !span_is(span_sub(uri, 0, 8), "https://")) {
		html_text(b, text);
		return;
	}
	buf_put_str(b, "<a rel=\"noreferrer\" href=\"");
	html_text(b, uri);
	buf_put_str(b, "\">");
	html_text(b, text);
	buf_put_str(b, "</a>");
}
