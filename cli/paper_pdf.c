/* paper_pdf.c - pages for a printer that knows black and white. */
#include <stdio.h>

#include "cli/paper_sheet.h"
#include "cli/pdf.h"
#include "lib/text.h"

/* tenths of a point */
#define LEFT	 500
#define RIGHT	 (PDF_WIDTH - 500)
#define TOP	 450
#define BOTTOM	 (PDF_HEIGHT - 360)
#define INDENT	 160
#define LEADING	 124
#define QR_SIDE	 1560
#define COLUMNS	 3
#define QUIET	 4 /* squares, all around: ISO/IEC 18004 */
#define FACT	 1150
#define WRITE_ON 225

struct printed {
	struct sheet sheet; /* first */
	struct pdf pdf;
	int y; /* everything above is drawn */
};

static const struct pdf_type big = { PDF_SANS_BOLD, 260, false }, small = { PDF_SANS, 105, false },
			     inverse = { PDF_SANS_BOLD, 120, true },
			     bold = { PDF_SANS_BOLD, 110, false }, body = { PDF_SANS, 97, false },
			     typed = { PDF_MONO_BOLD, 94, false }, note = { PDF_SANS, 84, false },
			     word = { PDF_MONO_BOLD, 145, false }, number = { PDF_SANS, 84, false },
			     value = { PDF_MONO_BOLD, 112, false };

static struct printed *
printed(struct sheet *s)
{
	return (struct printed *)s;
}

/* Room for so much more on this page, else on another. */
static void
need(struct printed *p, int height)
{
	if (p->y + height <= BOTTOM)
		return;
	pdf_page(&p->pdf);
	p->y = TOP;
}

/* ---- lines ---- */
/* How many bytes of s fit, at least one. */
static size_t
fitting(const struct pdf_type *t, struct span s, int width)
{
	size_t n = s.len;

	while (n > 1 && pdf_text_width(t, SPAN(s.p, n)) > width)
		n--;
	return n;
}

/* Where prose is, and how it goes on. */
struct flow {
	int from, to; /* margins */
	int x;
	int leading;
	const struct pdf_type *plain, *mono;
};

static void
next_line(struct printed *p, struct flow *f)
{
	p->y += f->leading;
	f->x = f->from;
	need(p, 0);
}

/* One piece of one type, broken only when no line could hold it. */
static void
put_piece(struct printed *p, struct flow *f, const struct pdf_type *t, struct span s)
{
	while (s.len > 0) {
		size_t n = fitting(t, s, f->to - f->from);
		struct span part = SPAN(s.p, n);
		int width = pdf_text_width(t, part);

		if (f->x > f->from && f->x + width > f->to)
			next_line(p, f);
		pdf_text(&p->pdf, t, f->x, p->y, part);
		f->x += width;
		s = span_sub(s, n, s.len - n);
	}
}

/* A blank ends a word, but not between two `. */
static size_t
word_length(struct span s)
{
	bool mono = false;
	size_t n;

	for (n = 0; n < s.len && (mono || s.p[n] != ' '); n++)
		mono ^= s.p[n] == '`';
	return n;
}

static int
word_width(const struct flow *f, struct span s)
{
	bool mono = false;
	int width = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '`')
			mono = !mono;
		else
			width += pdf_text_width(mono ? f->mono : f->plain, SPAN(s.p + i, 1));
	return width;
}

static void
put_word(struct printed *p, struct flow *f, struct span s)
{
	bool mono = false;

	if (f->x > f->from && f->x + word_width(f, s) > f->to)
		next_line(p, f);
	while (s.len > 0) {
		const uint8_t *end = memchr(s.p, '`', s.len);
		size_t n = end ? (size_t)(end - s.p) : s.len;

		put_piece(p, f, mono ? f->mono : f->plain, SPAN(s.p, n));
		mono = !mono;
		s = end ? span_sub(s, n + 1, s.len - n - 1) : SPAN_NONE;
	}
	f->x += pdf_text_width(f->plain, SPAN_LIT(" "));
}

/* From p->y, the first baseline, on; p->y is then below the last one. */
static void
put_flow(struct printed *p, struct flow *f, struct span utf8)
{
	struct buf latin = BUF_INIT;
	struct span s;

	(void)text_latin(utf8, &latin);
	f->x = f->from;
	for (s = buf_span(&latin); s.len > 0;) {
		size_t n = word_length(s);

		put_word(p, f, SPAN(s.p, n));
		n += n < s.len;
		s = span_sub(s, n, s.len - n);
	}
	p->y += f->leading;
	buf_done(&latin);
}

static int
put_latin(struct printed *p, const struct pdf_type *t, int x, int y, struct span utf8)
{
	struct buf b = BUF_INIT;
	int width;

	(void)text_latin(utf8, &b);
	pdf_text(&p->pdf, t, x, y, buf_span(&b));
	width = pdf_text_width(t, buf_span(&b));
	buf_done(&b);
	return x + width;
}

/* ---- the sheet ---- */
static bool
is_lost(struct span utf8)
{
	struct buf b = BUF_INIT;
	bool lost = text_latin(utf8, &b) > 0;

	buf_done(&b);
	return lost;
}

static void
draw_line(struct sheet *s, const char *what)
{
	struct printed *p = printed(s);
	struct buf b = BUF_INIT;
	struct pdf_box rule = { LEFT + INDENT, 0, 0, 6 };
	size_t n;

	need(p, WRITE_ON);
	p->y += WRITE_ON;
	(void)text_latin(span_str(what), &b);
	n = b.len ? fitting(&body, buf_span(&b), (RIGHT - LEFT) * 6 / 10) : 0;
	pdf_text(&p->pdf, &body, rule.x, p->y - 50, SPAN(b.p, n));
	rule.x += n ? pdf_text_width(&body, SPAN(b.p, n)) + 80 : 0;
	rule.y = p->y - 34;
	rule.width = RIGHT - rule.x;
	pdf_fill(&p->pdf, &rule, 0);
	buf_done(&b);
}

static void
draw_title(struct sheet *s, struct span title, struct span about)
{
	struct printed *p = printed(s);
	struct flow f = { LEFT, RIGHT, LEFT, 135, &small, &typed };

	pdf_page(&p->pdf);
	p->y = TOP + 230;
	put_latin(p, &big, LEFT, p->y, title);
	p->y += 190;
	put_flow(p, &f, about);
	if (is_lost(about))
		draw_line(s, "Name, by hand:");
	p->y += is_lost(about) ? 60 : -40;
}

static void
draw_notice(struct sheet *s, const char *text)
{
	struct printed *p = printed(s);
	struct pdf_box band = { LEFT, p->y, RIGHT - LEFT, 220 };

	pdf_fill(&p->pdf, &band, 0);
	put_latin(p, &inverse, LEFT + 80, p->y + 153, span_str(text));
	p->y += 220 + 130;
}

static void
draw_squares(struct printed *p, const struct qr *q, const struct pdf_box *box)
{
	pdf_squares_begin(&p->pdf, box, q->width + 2 * QUIET);
	for (size_t y = 0; y < q->width; y++)
		for (size_t x = 0, n; x < q->width; x += n ? n : 1) {
			for (n = 0; qr_is_dark(q, x + n, y);)
				n++;
			if (n)
				pdf_squares_run(&p->pdf, x + QUIET, y + QUIET, n);
		}
	pdf_squares_end(&p->pdf);
}

/* Its upper edge at p->y; *end: where the caption ends. */
static void
draw_code(struct printed *p, struct span words, const char *caption, int *end)
{
	struct pdf_box box = { RIGHT - QR_SIDE, p->y, QR_SIDE, QR_SIDE };
	struct flow f = { box.x + 60, RIGHT, 0, 104, &note, &typed };
	struct qr q = { 0 };
	int y = p->y;

	if (!p->sheet.err && !(p->sheet.err = sheet_qr(words, QR_MEDIUM, &q)))
		draw_squares(p, &q, &box);
	qr_done(&q);
	p->y += QR_SIDE + 50;
	put_flow(p, &f, span_str(caption));
	*end = p->y;
	p->y = y;
}

/* In three columns, read downwards, as on the terminal. */
static void
draw_grid(struct printed *p, struct span words, const struct pdf_box *box, size_t rows)
{
	int width = box->width / COLUMNS, height = box->height / (int)rows;
	size_t at = 0;
	char text[8];

	for (size_t i = 0; at < words.len; i++) {
		int x = box->x + (int)(i / rows) * width, y = box->y + (int)(i % rows) * height;
		struct pdf_box rule = { x + 40, y + height, width - 80, 3 };
		int n = snprintf(text, sizeof text, "%zu", i + 1);
		struct span s = SPAN(text, (size_t)n);

		pdf_text(
		    &p->pdf, &number, x + 170 - pdf_text_width(&number, s), y + height - 62, s);
		pdf_text(&p->pdf, &word, x + 215, y + height - 62, sheet_word(words, &at));
		if (i % rows + 1 < rows)
			pdf_fill(&p->pdf, &rule, 60);
	}
}

static void
draw_words(struct sheet *s, struct span words, const char *caption)
{
	struct printed *p = printed(s);
	struct pdf_box box = { LEFT, p->y, RIGHT - LEFT - QR_SIDE - 20, 0 };
	size_t n = 0, at = 0, rows;
	int end;

	for (; at < words.len; n++)
		(void)sheet_word(words, &at);
	rows = (n + COLUMNS - 1) / COLUMNS;
	box.height = (int)rows * (rows > 8 ? 184 : 236);
	draw_code(p, words, caption, &end);
	draw_grid(p, words, &box, rows);
	pdf_frame(&p->pdf, &box, 10);
	p->y += box.height;
	p->y = (p->y > end - 60 ? p->y : end - 60) + 140;
}

static void
draw_fact(struct sheet *s, const char *name, struct span v, const char *after)
{
	struct printed *p = printed(s);
	struct buf latin = BUF_INIT;
	struct span rest;
	int x = LEFT + FACT;

	(void)text_latin(v, &latin);
	need(p, 150);
	pdf_text(&p->pdf, &body, LEFT, p->y + 40, span_str(name));
	for (rest = buf_span(&latin); rest.len > 0;) {
		size_t n = fitting(&value, rest, RIGHT - LEFT - FACT), cut = n;

		/* before a dash: one at the end of a line would look like hyphenation */
		while (n < rest.len && cut > 1 && rest.p[cut] != '-' && rest.p[cut] != '/')
			cut--;
		n = cut > 1 ? cut : n;
		pdf_text(&p->pdf, &value, x, p->y + 40, SPAN(rest.p, n));
		p->y += 152;
		if (n == rest.len)
			x += pdf_text_width(&value, rest) + 80;
		rest = span_sub(rest, n, rest.len - n);
	}
	pdf_text(&p->pdf, &note, x, p->y - 112, span_str(after));
	buf_done(&latin);
}

static void
draw_head(struct sheet *s, const char *text)
{
	struct printed *p = printed(s);

	need(p, 3 * LEADING + 100);
	p->y += 175;
	put_latin(p, &bold, LEFT, p->y, span_str(text));
	p->y += 35;
}

static void
draw_prose(struct sheet *s, int n, const char *text)
{
	struct printed *p = printed(s);
	struct flow f = { LEFT + (n < 0 ? 0 : INDENT), RIGHT, 0, LEADING, &body, &typed };
	char label[16];

	need(p, LEADING);
	p->y += LEADING;
	snprintf(label, sizeof label, n > 0 ? "%d." : "\x95", n);
	if (n >= 0)
		pdf_text(&p->pdf, &body, LEFT + 20, p->y, span_str(label));
	put_flow(p, &f, span_str(text));
	p->y -= LEADING - 30;
}

static const struct sheet_ops ops = {
	.title = draw_title,
	.notice = draw_notice,
	.words = draw_words,
	.fact = draw_fact,
	.head = draw_head,
	.prose = draw_prose,
	.line = draw_line,
};

enum err
paper_pdf(const struct paper_page *pages, size_t n, struct buf *out)
{
	struct printed p = { .sheet = { .ops = &ops } };
	enum err e = sheet_reserve(pages, n, out), last;

	if (e)
		return e;
	pdf_begin(&p.pdf, out, "ownkey on paper");
	e = sheet_write(&p.sheet, pages, n);
	last = pdf_end(&p.pdf);
	if (e || last)
		buf_done(out);
	return e ? e : last;
}
