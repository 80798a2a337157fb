/* Age files as text: strict PEM (RFC 7468 3, Figure 3), so that a file has one text form but for
 * white space around it and the ends of its lines (C2SP age.md, "ASCII armor"). */
#include "lib/age_parts.h"
#include "lib/text.h"

#define BLANK_MAX 1024 /* white space before and behind, together */
#define GROUP	  48   /* bytes of a full line */

enum armor_state {
	ARMOR_BEFORE, /* white space, then the first line */
	ARMOR_FULL,   /* all lines of base64 so far were full */
	ARMOR_SHORT,  /* the last one was not: only the end can follow */
	ARMOR_AFTER   /* white space only */
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum err
skip_blanks(struct age_armor_in *a, struct span *in)
{
	while (in->len > 0 && is_blank(*in->p)) {
		if (++a->blank > BLANK_MAX)
			return ERR_AGE_ARMOR;
		*in = SPAN(in->p + 1, in->len - 1);
	}
	return ERR_OK;
}

/*
 * Full lines.  What stands in them is ciphertext, which may choose places in a table: four times
 * faster than the codecs for secrets (text.h), which do all other lines.
 */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* clang-format off */
static const uint8_t value_and_1[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
	24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
	48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64
};
/* clang-format on */

static void
encode_full(const uint8_t *in, uint8_t *out)
{
	uint32_t v;
	size_t i;

	for (i = 0; i < GROUP / 3; i++, in += 3, out += 4) {
		v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		out[0] = (uint8_t)letters[v >> 18];
		out[1] = (uint8_t)letters[v >> 12 & 63];
		out[2] = (uint8_t)letters[v >> 6 & 63];
		out[3] = (uint8_t)letters[v & 63];
	}
}

/* False: there is something else in it, padding perhaps. */
static bool
decode_full(const uint8_t *in, uint8_t *out)
{
	uint32_t a, b, c, d, v, bad = 0;
	size_t i;

	for (i = 0; i < GROUP / 3; i++, in += 4, out += 3) {
		a = value_and_1[in[0]] - 1u;
		b = value_and_1[in[1]] - 1u;
		c = value_and_1[in[2]] - 1u;
		d = value_and_1[in[3]] - 1u;
		bad |= a | b | c | d;
		v = a << 18 | b << 12 | c << 6 | d;
		out[0] = (uint8_t)(v >> 16);
		out[1] = (uint8_t)(v >> 8);
		out[2] = (uint8_t)v;
	}
	return bad < 64;
}

/* Nothing but 64 characters make a full line: padding ends the text. */
static enum err
take_base64(struct age_armor_in *a, struct span line)
{
	a->at = 0;
	a->n = GROUP;
	if (line.len == AGE_COLUMNS && decode_full(line.p, a->out))
		return ERR_OK;
	a->n = 0;
	if (line.len == 0 || line.len > AGE_COLUMNS ||
	    text_decode(TEXT_BASE64, line, a->out, sizeof(a->out), &a->n))
		return ERR_AGE_ARMOR;
	a->state = ARMOR_SHORT;
	return ERR_OK;
}

static enum err
take_line(struct age_armor_in *a, struct span line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (a->state == ARMOR_BEFORE) {
		a->state = ARMOR_FULL;
		return span_is(line, AGE_BEGIN) ? ERR_OK : ERR_AGE_ARMOR;
	}
	if (span_is(line, AGE_END)) {
		a->state = ARMOR_AFTER;
		return ERR_OK;
	}
	return a->state == ARMOR_FULL ? take_base64(a, line) : ERR_AGE_ARMOR;
}

/* A line that came in pieces is put together first. */
static enum err
add_piece(struct age_armor_in *a, struct span piece, bool whole)
{
	enum err e;

	if (piece.len > sizeof(a->line) - a->nline)
		return ERR_AGE_ARMOR;
	if (whole && a->nline == 0)
		return take_line(a, piece);
	if (piece.len > 0)
		memcpy(a->line + a->nline, piece.p, piece.len);
	a->nline += piece.len;
	if (!whole)
		return ERR_OK;
	e = take_line(a, SPAN(a->line, a->nline));
	a->nline = 0;
	return e;
}

enum err
age_armor_take(struct age_armor_in *a, struct span *in)
{
	const uint8_t *lf;
	struct span piece;
	enum err e;

	if ((a->state == ARMOR_BEFORE && a->nline == 0) || a->state == ARMOR_AFTER)
		if ((e = skip_blanks(a, in)))
			return e;
	if (in->len == 0)
		return ERR_OK;
	if (a->state == ARMOR_AFTER)
		return ERR_AGE_ARMOR;
	lf = memchr(in->p, '\n', in->len);
	piece = SPAN(in->p, lf ? (size_t)(lf - in->p) : in->len);
	*in = SPAN(in->p + piece.len + (lf != NULL), in->len - piece.len - (lf != NULL));
	return add_piece(a, piece, lf != NULL);
}

/* The last line needs no line feed. */
enum err
age_armor_end(struct age_armor_in *a)
{
	enum err e = a->nline > 0 ? add_piece(a, SPAN_NONE, true) : ERR_OK;

	return e ? e : a->state == ARMOR_AFTER ? ERR_OK : ERR_AGE_ARMOR;
}

/* ---- writing ---- */

static void
put_full(struct age_writer *w, const uint8_t *bytes)
{
	uint8_t *to = buf_room(&w->out, AGE_COLUMNS + 1);

	if (to == NULL)
		return;
	encode_full(bytes, to);
	to[AGE_COLUMNS] = '\n';
	buf_add(&w->out, AGE_COLUMNS + 1);
}

static void
put_carried(struct age_writer *w, struct span *in)
{
	size_t n = GROUP - w->ncarry < in->len ? GROUP - w->ncarry : in->len;

	if (n > 0)
		memcpy(w->carry + w->ncarry, in->p, n);
	w->ncarry += n;
	*in = SPAN(in->p + n, in->len - n);
	if (w->ncarry < GROUP)
		return;
	put_full(w, w->carry);
	w->ncarry = 0;
}

void
age_armor_put(struct age_writer *w, struct span in, bool last)
{
	if (w->ncarry > 0)
		put_carried(w, &in);
	for (; in.len >= GROUP; in = SPAN(in.p + GROUP, in.len - GROUP))
		put_full(w, in.p);
	if (in.len > 0)
		put_carried(w, &in);
	if (!last)
		return;
	if (w->ncarry > 0) {
		text_encode(TEXT_BASE64, SPAN(w->carry, w->ncarry), &w->out);
		buf_put_str(&w->out, "\n");
	}
	buf_put_str(&w->out, AGE_END "\n");
}
