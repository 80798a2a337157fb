#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "lib/text.h"

/*
 * Length of the sequence at s and its code point; 0 when it is none.  RFC 3629 4: the second byte
 * decides about overlong forms, surrogates and what lies beyond U+10FFFF.
 */
static size_t
sequence(struct span s, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n;

	if (s.len == 0)
		return 0;
	*cp = s.p[0];
	if (s.p[0] < 0x80)
		return 1;
	n = s.p[0] >= 0xf0 ? 4 : s.p[0] >= 0xe0 ? 3 : 2;
	if (s.p[0] < 0xc2 || s.p[0] > 0xf4 || n > s.len)
		return 0;
	*cp = s.p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s.p[i] & 0x3fu);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

/* Marks that reorder or break the line they stand in, and so could rewrite a question. */
static bool
is_layout(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069);
}

/* Eight at once, which is nearly all of nearly all texts. */
static size_t
leading_ascii(struct span s)
{
	size_t n = 0;
	uint64_t v;

	for (; n + sizeof v <= s.len; n += sizeof v) {
		memcpy(&v, s.p + n, sizeof v);
		if (v & 0x8080808080808080u)
			break;
	}
	return n;
}

bool
text_is_utf8(struct span s)
{
	uint32_t cp;
	size_t n = leading_ascii(s);

	if (n)
		s = SPAN(s.p + n, s.len - n);
	for (; s.len > 0; s = SPAN(s.p + n, s.len - n))
		if ((n = sequence(s, &cp)) == 0)
			return false;
	return true;
}

/* Valid and without controls; *ascii tells whether anything needs to be normalised at all. */
static bool
is_plain(struct span s, bool *ascii)
{
	uint32_t cp;
	size_t n;

	for (*ascii = true; s.len > 0; s = SPAN(s.p + n, s.len - n)) {
		if ((n = sequence(s, &cp)) == 0 || is_control(cp))
			return false;
		*ascii = *ascii && n == 1;
	}
	return true;
}

bool
text_is_name(struct span s)
{
	struct buf b = BUF_INIT;
	bool ascii, same;

	if (!is_plain(s, &ascii))
		return false;
	if (ascii)
		return true;
	same = text_nfc(s, &b) == ERR_OK && span_eq(buf_span(&b), s);
	buf_done(&b);
	return same;
}

bool
text_is_label(struct span s, bool dots)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < s.len; i++) {
		c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
		    !(dots && c == '.'))
			return false;
	}
	return true;
}

enum err
text_nfc(struct span in, struct buf *out)
{
	utf8proc_uint8_t *p = NULL;
	utf8proc_ssize_t n;

	if (!text_is_utf8(in))
		return ERR_TEXT;
	if (in.len == 0)
		return buf_err(out);
	n = utf8proc_map(in.p, (utf8proc_ssize_t)in.len, &p, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
	if (n < 0)
		return n == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_TEXT;
	buf_put(out, p, (size_t)n);
	sec_zero(p, (size_t)n);
	free(p);
	return buf_err(out);
}

void
text_printable(struct span in, struct buf *out)
{
	uint32_t cp;
	size_t n;

	for (; in.len > 0; in = SPAN(in.p + n, in.len - n)) {
		n = sequence(in, &cp);
		if (n > 0 && !is_control(cp) && !is_layout(cp)) {
			buf_put(out, in.p, n);
			continue;
		}
		buf_put_u8(out, '?');
		n = n ? n : 1;
	}
}
