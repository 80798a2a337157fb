/* text_latin.c - text for fonts that every printer has: Windows-1252, the rest transliterated. */
#include <utf8proc.h>

#include "lib/text.h"

#define DEEPEST 8 /* a character of which a decomposition is longer than this is not tried */

struct letters {
	uint32_t from;
	size_t n;
	const char *const *to; /* ASCII */
};

/* clang-format off */
/* 0x80..0x9f; 0: not used */
static const uint16_t windows[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
	0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* U+0370.., U+0400..: names should be recognised, not read back.  NULL: look at its parts */
static const char *const greek[] = {
	"A", "B", "G", "D", "E", "Z", "I", "Th", "I", "K", "L", "M", "N", "X", "O", "P",
	"R", NULL, "S", "T", "Y", "F", "Ch", "Ps", "O", NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	"a", "b", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p",
	"r", "s", "s", "t", "y", "f", "ch", "ps", "o",
};
static const char *const cyrillic[] = {
	"E", "Yo", "Dj", "G", "Ye", "Dz", "I", "Yi", "J", "Lj", "Nj", "C", "K", "I", "U", "Dz",
	"A", "B", "V", "G", "D", "E", "Zh", "Z", "I", "Y", "K", "L", "M", "N", "O", "P",
	"R", "S", "T", "U", "F", "Kh", "Ts", "Ch", "Sh", "Shch", "", "Y", "", "E", "Yu", "Ya",
	"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p",
	"r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
	"e", "yo", "dj", "g", "ye", "dz", "i", "yi", "j", "lj", "nj", "c", "k", "i", "u", "dz",
};
/* letters that have no parts, one after the other */
static const char *const d_stroke[] = { "D", "d" }; /* U+0110 */
static const char *const l_stroke[] = { "L", "l" }; /* U+0141 */
static const char *const dotless[] = { "i" };       /* U+0131 */
static const char *const ghe[] = { "G", "g" };      /* U+0490 */
/* what Windows-1252 has and ASCII has not */
static const char *const ae_upper[] = { "AE" }, *const ae[] = { "ae" }, *const o_upper[] = { "O" },
	*const o[] = { "o" }, *const thorn_upper[] = { "Th", "ss" }, *const thorn[] = { "th" },
	*const eth_upper[] = { "D" }, *const eth[] = { "d" }, *const oe[] = { "OE", "oe" },
	*const dashes[] = { "-", "-" }, *const quotes[] = { "'", "'", ",", NULL, "\"", "\"", "\"" };
/* clang-format on */

#define ROW(first, table)                                            \
	{                                                            \
		(first), sizeof(table) / sizeof((table)[0]), (table) \
	}
static const struct letters known[] = {
	ROW(0x0391, greek),
	ROW(0x0400, cyrillic),
	ROW(0x0110, d_stroke),
	ROW(0x0141, l_stroke),
	ROW(0x0131, dotless),
	ROW(0x0490, ghe),
	ROW(0x00c6, ae_upper),
	ROW(0x00e6, ae),
	ROW(0x00d8, o_upper),
	ROW(0x00f8, o),
	ROW(0x00de, thorn_upper),
	ROW(0x00fe, thorn),
	ROW(0x00d0, eth_upper),
	ROW(0x00f0, eth),
	ROW(0x0152, oe),
	ROW(0x2013, dashes),
	ROW(0x2018, quotes),
};

static const char *
transliterate(uint32_t cp)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (cp >= known[i].from && cp - known[i].from < known[i].n)
			return known[i].to[cp - known[i].from];
	return NULL;
}

/* Its one byte; 0 when it has none. */
static uint8_t
byte_of(uint32_t cp, bool ascii)
{
	if (cp >= 0x20 && cp < 0x7f)
		return (uint8_t)cp;
	if (cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200a))
		return ' ';
	if (ascii)
		return 0;
	if (cp > 0xa0 && cp <= 0xff && cp != 0xad)
		return (uint8_t)cp;
	for (unsigned i = 0; i < 32 && cp >= 0x100; i++)
		if (windows[i] == cp)
			return (uint8_t)(0x80 + i);
	return 0;
}

static bool
put_known(uint32_t cp, bool ascii, struct buf *out)
{
	uint8_t byte = byte_of(cp, ascii);
	const char *text = byte ? NULL : transliterate(cp);

	if (byte)
		buf_put_u8(out, byte);
	else if (text)
		buf_put_str(out, text);
	return byte || text;
}

static bool
is_mark(uint32_t cp)
{
	utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);

	return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME || c == UTF8PROC_CATEGORY_CF;
}

/* The letter without its accents, the ligature in pieces. */
static bool
put_parts(uint32_t cp, bool ascii, struct buf *out)
{
	utf8proc_int32_t part[DEEPEST];
	size_t before = out->len;
	bool some = false;
	utf8proc_ssize_t n = utf8proc_decompose_char(
	    (utf8proc_int32_t)cp, part, DEEPEST, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &(int){ 0 });

	for (utf8proc_ssize_t i = 0; i < n && n <= DEEPEST; i++) {
		if (is_mark((uint32_t)part[i]))
			continue;
		if (!put_known((uint32_t)part[i], ascii, out)) {
			buf_cut(out, before);
			return false;
		}
		some = true;
	}
	return some;
}

static size_t
put_all(struct span in, bool ascii, struct buf *out)
{
	size_t lost = 0;

	while (in.len > 0) {
		utf8proc_int32_t cp;
		utf8proc_ssize_t n = utf8proc_iterate(in.p, (utf8proc_ssize_t)in.len, &cp);
		bool whole = n > 0;

		if (!whole ||
		    !(put_known((uint32_t)cp, ascii, out) || is_mark((uint32_t)cp) ||
			put_parts((uint32_t)cp, ascii, out))) {
			buf_put_u8(out, '?');
			lost++;
		}
		in = span_sub(in, whole ? (size_t)n : 1, in.len - (whole ? (size_t)n : 1));
	}
	return lost;
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static size_t
put_text(struct span in, bool ascii, struct buf *out)
{
	struct buf composed = BUF_INIT;
	size_t lost;
	bool text;

	/* what may be a secret is ASCII, and so never gets into memory of utf8proc */
	if (is_ascii(in)) {
		buf_put_span(out, in);
		return 0;
	}
	text = text_nfc(in, &composed) == ERR_OK;
	lost = put_all(text ? buf_span(&composed) : in, ascii, out);
	buf_done(&composed);
	return lost;
}

size_t
text_latin(struct span in, struct buf *out)
{
	return put_text(in, false, out);
}

size_t
text_ascii(struct span in, struct buf *out)
{
	return put_text(in, true, out);
}
