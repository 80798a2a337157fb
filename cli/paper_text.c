/* paper_text.c - the pages for a terminal, or a printer that prints text: 50 columns. */
#include <stdio.h>

#include "cli/out.h"
#include "cli/paper_sheet.h"
#include "lib/text.h"

#define COLUMNS 3
#define CELL	10 /* a word and what is behind it */
#define NAME	12
#define MARGIN	3 /* of steps */

struct written {
	struct sheet sheet; /* first */
	const struct paper_look *look;
	struct buf *out;
	size_t pages;
};

static struct written *
written(struct sheet *s)
{
	return (struct written *)s;
}

static void
put_blanks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_put_u8(b, ' ');
}

static void
put_rule(struct buf *b, char c, size_t n)
{
	while (n-- > 0)
		buf_put_u8(b, (uint8_t)c);
}

/* Names as they are, or in ASCII; ' where a sheet of paper has another font. */
static void
put_plain(const struct written *w, struct span s, struct buf *out)
{
	size_t from = out->len;

	if (w->look->utf8)
		text_printable(s, out);
	else
		(void)text_ascii(s, out);
	for (size_t i = from; i < out->len; i++)
		if (out->p[i] == '`')
			out->p[i] = '\'';
}

/* Bytes of the next line: to its end, and never more columns than that; a name can be one word. */
static size_t
line_length(struct span s, size_t columns)
{
	size_t n = 0, used = 0;

	while (n < s.len && s.p[n] != '\n') {
		used += (s.p[n] & 0xc0) != 0x80;
		if (used > columns)
			break;
		n++;
	}
	return n;
}

/* Wrapped; the first line behind `first`, the others below it. */
static void
put_folded(struct written *w, const char *first, size_t margin, struct span s)
{
	struct buf plain = BUF_INIT, folded = BUF_INIT;
	size_t at = 0;

	put_plain(w, s, &plain);
	out_fold(buf_cstr(&plain), PAPER_COLUMNS - margin, &folded);
	buf_put_str(w->out, first);
	put_blanks(w->out, margin - strlen(first));
	while (at < folded.len) {
		struct span rest = SPAN(folded.p + at, folded.len - at);
		size_t n = line_length(rest, PAPER_COLUMNS - margin);

		if (at > 0)
			put_blanks(w->out, margin);
		buf_put(w->out, rest.p, n);
		buf_put_u8(w->out, '\n');
		at += n;
		at += at < folded.len && folded.p[at] == '\n';
	}
	buf_done(&plain);
	buf_done(&folded);
}

/* ---- the sheet ---- */
static void
write_title(struct sheet *s, struct span title, struct span about)
{
	struct written *w = written(s);

	if (w->pages++ > 0)
		buf_put_u8(w->out, '\f');
	buf_put_span(w->out, title);
	buf_put_u8(w->out, '\n');
	put_rule(w->out, '=', title.len);
	buf_put_u8(w->out, '\n');
	put_folded(w, "", 0, about);
}

static void
write_notice(struct sheet *s, const char *text)
{
	struct written *w = written(s);

	buf_put_u8(w->out, '\n');
	put_folded(w, "***", 4, span_str(text));
	buf_put_u8(w->out, '\n');
}

static enum qr_paint
paint_of(const struct paper_look *l)
{
	if (!l->utf8)
		return l->ink ? QR_ASCII_INK : QR_ASCII;
	if (l->ink)
		return QR_BLOCKS_INK;
	return l->plain ? QR_BLOCKS : QR_COLOUR;
}

static void
write_code(struct written *w, struct span words, const char *caption)
{
	struct qr q = { 0 };
	/* less is more on a terminal: 24 words fit 50 columns, and nobody tears it */
	enum err e = sheet_qr(words, QR_LOW, &q);

	if (!e) {
		buf_put_u8(w->out, '\n');
		e = qr_draw(&q, paint_of(w->look), w->look->columns, w->out);
		if (e == ERR_TOOBIG)
			put_folded(
			    w, "", 0, SPAN_LIT("(This terminal is too narrow for the QR code.)"));
		else if (!e)
			put_folded(w, "", 0, span_str(caption));
		e = e == ERR_TOOBIG ? ERR_OK : e;
	}
	qr_done(&q);
	if (!w->sheet.err)
		w->sheet.err = e;
}

/* Three columns, read downwards. */
static void
write_words(struct sheet *s, struct span words, const char *caption)
{
	struct written *w = written(s);
	size_t n = 0, at = 0, rows;
	struct span word;

	for (; at < words.len; n++)
		(void)sheet_word(words, &at);
	rows = (n + COLUMNS - 1) / COLUMNS;
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < COLUMNS; j++) {
			at = 0;
			for (size_t k = 0; k <= i + j * rows; k++)
				word = sheet_word(words, &at);
			buf_putf(w->out, "%2zu ", i + j * rows + 1);
			buf_put_span(w->out, word);
			if (j + 1 < COLUMNS)
				put_blanks(w->out, CELL - word.len + 2);
			else
				buf_put_u8(w->out, '\n');
		}
	if (w->look->qr)
		write_code(w, words, caption);
	buf_put_u8(w->out, '\n');
}

/* Broken before - and /: a dash at the end of a line would look like hyphenation. */
static void
write_fact(struct sheet *s, const char *name, struct span value, const char *note)
{
	struct written *w = written(s);
	struct buf plain = BUF_INIT;
	struct span rest;

	put_plain(w, value, &plain);
	buf_put_str(w->out, name);
	if (strlen(name) < NAME)
		put_blanks(w->out, NAME - strlen(name));
	else
		buf_put_str(w->out, "\n            ");
	for (rest = buf_span(&plain);;) {
		size_t n = line_length(rest, PAPER_COLUMNS - NAME), cut = n;

		while (n < rest.len && cut > 1 && rest.p[cut] != '-' && rest.p[cut] != '/')
			cut--;
		n = cut > 1 ? cut : n;
		buf_put(w->out, rest.p, n);
		rest = span_sub(rest, n, rest.len - n);
		if (rest.len == 0)
			break;
		buf_put_u8(w->out, '\n');
		put_blanks(w->out, NAME);
	}
	if (*note)
		buf_putf(w->out, " (%s)", note);
	buf_put_u8(w->out, '\n');
	buf_done(&plain);
}

static void
write_head(struct sheet *s, const char *text)
{
	struct written *w = written(s);

	buf_put_u8(w->out, '\n');
	put_folded(w, "", 0, span_str(text));
	put_rule(w->out, '-', strlen(text) < PAPER_COLUMNS ? strlen(text) : PAPER_COLUMNS);
	buf_put_u8(w->out, '\n');
}

static void
write_prose(struct sheet *s, int n, const char *text)
{
	char first[16];

	snprintf(first, sizeof first, n > 0 ? "%d." : "-", n);
	put_folded(written(s), n < 0 ? "" : first, n < 0 ? 0 : MARGIN, span_str(text));
}

static void
write_line(struct sheet *s, const char *what)
{
	struct written *w = written(s);
	struct buf b = BUF_INIT;
	size_t columns = 0;

	put_plain(w, span_str(what), &b);
	for (size_t i = 0; i < b.len; i++)
		columns += (b.p[i] & 0xc0) != 0x80;
	buf_put_u8(w->out, '\n');
	if (columns > PAPER_COLUMNS - 20) {
		put_folded(w, "", 0, buf_span(&b));
		columns = 0;
	} else {
		buf_put_span(w->out, buf_span(&b));
		buf_put_str(w->out, columns ? " " : "");
		columns += columns > 0;
	}
	put_rule(w->out, '_', PAPER_COLUMNS - columns);
	buf_put_u8(w->out, '\n');
	buf_done(&b);
}

static const struct sheet_ops ops = {
	.title = write_title,
	.notice = write_notice,
	.words = write_words,
	.fact = write_fact,
	.head = write_head,
	.prose = write_prose,
	.line = write_line,
};

enum err
paper_text(const struct paper_page *pages, size_t n, const struct paper_look *look, struct buf *out)
{
	struct written w = { .sheet = { .ops = &ops }, .look = look, .out = out };
	enum err e = sheet_reserve(pages, n, out);

	if (e)
		return e;
	if (!(e = sheet_write(&w.sheet, pages, n)))
		e = buf_err(out);
	if (e)
		buf_done(out);
	return e;
}
