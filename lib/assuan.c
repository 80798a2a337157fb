#include "lib/assuan.h"

#include "lib/text.h"

#include <stdio.h>

#define ELLIPSIS "..."

/* --- in --- */

/* word, alone or with a blank behind it; *rest: what follows the blank. */
static bool
starts(struct span line, const char *word, struct span *rest)
{
	size_t n = strlen(word);

	if (line.len < n || memcmp(line.p, word, n) != 0 || (line.len > n && line.p[n] != ' '))
		return false;
	*rest = line.len > n ? span_sub(line, n + 1, line.len - n - 1) : SPAN_NONE;
	return true;
}

/* "83886179 Operation cancelled <Pinentry>": the source is in the upper bits. */
static enum err
parse_code(struct span s, unsigned *code)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
		if (v > (UINT32_MAX - 9) / 10)
			return ERR_FORMAT;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (i == 0 || (i < s.len && s.p[i] != ' '))
		return ERR_FORMAT;
	*code = v & 0xffff;
	return ERR_OK;
}

enum err
assuan_parse(struct span line, struct assuan_reply *r)
{
	*r = (struct assuan_reply){ 0 };
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len > ASSUAN_LINE_MAX)
		return ERR_TOOBIG;
	if (line.len == 0 || memchr(line.p, 0, line.len) != NULL)
		return ERR_FORMAT;
	if (starts(line, "OK", &r->rest))
		r->kind = ASSUAN_OK;
	else if (starts(line, "D", &r->rest))
		r->kind = ASSUAN_DATA;
	else if (starts(line, "S", &r->rest))
		r->kind = ASSUAN_STATUS;
	else if (line.p[0] == '#')
		r->kind = ASSUAN_COMMENT;
	else if (starts(line, "ERR", &r->rest)) {
		r->kind = ASSUAN_ERR;
		return parse_code(r->rest, &r->code);
	} else
		return ERR_FORMAT;
	return ERR_OK;
}

enum err
assuan_unescape(struct span data, struct sec *out)
{
	uint8_t c;
	size_t n;
	enum err e;

	for (size_t i = 0; i < data.len; i++) {
		c = data.p[i];
		if (c == '%') {
			e = text_decode(TEXT_HEX, span_sub(data, i + 1, 2), &c, 1, &n);
			if (e != ERR_OK || n != 1)
				return ERR_FORMAT;
			i += 2;
		}
		e = sec_put(out, SPAN(&c, 1));
		sec_zero(&c, 1);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* --- out --- */

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c != 0x7f && c != '%';
}

/* Bytes of the character at s.p, those of its UTF-8 continuation included. */
static size_t
character(struct span s)
{
	size_t n = 1;

	while (n < s.len && (s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static size_t
escaped_len(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += is_plain(s.p[i]) ? 1 : 3;
	return n;
}

static void
put_escaped(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_plain(s.p[i]))
			buf_put_u8(out, s.p[i]);
		else
			buf_putf(out, "%%%02X", s.p[i]);
}

/* The longest beginning of whole characters that takes at most room bytes when escaped. */
static struct span
cut(struct span value, size_t room)
{
	size_t at = 0, n, used = 0;

	for (; at < value.len; at += n) {
		n = character(span_sub(value, at, value.len - at));
		used += escaped_len(span_sub(value, at, n));
		if (used > room)
			break;
	}
	return SPAN(value.p, at);
}

void
assuan_command(const char *verb, struct span value, struct buf *out)
{
	size_t room = ASSUAN_LINE_MAX - strlen(verb);

	buf_put_str(out, verb);
	if (escaped_len(value) > room) {
		put_escaped(cut(value, room - strlen(ELLIPSIS)), out);
		buf_put_str(out, ELLIPSIS);
	} else
		put_escaped(value, out);
	buf_put_u8(out, '\n');
}

/* Whole escapes only: a line has room for what it begins with, two bytes and its three at most. */
enum err
assuan_put_data(struct span data, struct sec *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < data.len && !e; i++) {
		uint8_t c = data.p[i];
		char piece[3] = { '%', digits[c >> 4], digits[c & 15] };
		size_t n = is_plain(c) ? 1 : 3;

		if (used == 0)
			e = sec_put(out, SPAN_LIT("D "));
		if (!e)
			e = sec_put(out, n == 1 ? SPAN(&c, 1) : SPAN(piece, 3));
		used += n;
		sec_zero(&c, 1);
		sec_zero(piece, sizeof(piece));
		if (!e && (used + 5 > ASSUAN_LINE_MAX || i + 1 == data.len)) {
			e = sec_put(out, SPAN_LIT("\n"));
			used = 0;
		}
	}
	return e;
}
