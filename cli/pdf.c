/*
 * pdf.c - objects, content, cross references (PDF Reference 1.4: 3.4 file structure, 3.6 document,
 * 4.4 paths, 5.3 text, appendix D encodings).
 *
 * Object 1 is the catalog, 2 the tree of pages, 3 the information, then come the fonts, then three
 * objects a page: page, content, length of the content, which is known only behind it.
 */
#include "cli/pdf.h"

#include <stdio.h>

#define CATALOG	   1
#define TREE	   2
#define INFO	   3
#define FONT(i)	   (4 + (i))
#define OF_PAGE(i) (4 + PDF_FONTS + 3 * (i))
#define FIRST	   32 /* of the bytes that have a width */
#define MONO	   600

static const char *const names[PDF_FONTS] = { "Helvetica", "Helvetica-Bold", "Courier",
	"Courier-Bold" };

static const uint16_t widths[2][256 - FIRST] = {
#include "cli/pdf_width_table.h"
};

/* 12.3 */
static void
put_length(struct buf *b, int tenths)
{
	if (tenths < 0)
		buf_put_u8(b, '-');
	tenths = tenths < 0 ? -tenths : tenths;
	buf_putf(b, "%d.%d ", tenths / 10, tenths % 10);
}

/* x, and y as PDF counts it: upwards */
static void
put_point(struct buf *b, int x, int y)
{
	put_length(b, x);
	put_length(b, PDF_HEIGHT - y);
}

static void
put_box(struct buf *b, const struct pdf_box *box)
{
	put_point(b, box->x, box->y + box->height);
	put_length(b, box->width);
	put_length(b, box->height);
}

/* A string (3.2.3).  Octal for what is not ASCII: the file stays text. */
static void
put_string(struct buf *b, struct span s)
{
	buf_put_u8(b, '(');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '(' || c == ')' || c == '\\')
			buf_put_u8(b, '\\');
		if (c >= 0x20 && c < 0x7f) {
			buf_put_u8(b, c);
			continue;
		}
		buf_put_u8(b, '\\');
		buf_put_u8(b, (uint8_t)('0' + (c >> 6)));
		buf_put_u8(b, (uint8_t)('0' + (c >> 3 & 7)));
		buf_put_u8(b, (uint8_t)('0' + (c & 7)));
	}
	buf_put_u8(b, ')');
}

/* ---- objects ---- */
static void
begin_object(struct pdf *p, int number)
{
	p->at[number] = p->out->len - p->begin;
	buf_putf(p->out, "%d 0 obj\n", number);
}

static void
end_object(struct pdf *p)
{
	buf_put_str(p->out, "\nendobj\n");
}

static void
put_fonts(struct pdf *p)
{
	for (int i = 0; i < PDF_FONTS; i++) {
		begin_object(p, FONT(i));
		buf_putf(p->out,
		    "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>",
		    names[i]);
		end_object(p);
	}
}

void
pdf_begin(struct pdf *p, struct buf *out, const char *title)
{
	*p = (struct pdf){ .out = out, .begin = out->len };
	/* the second line says to those who transfer files that this is binary (3.4.1) */
	buf_put_str(out, "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n");
	begin_object(p, CATALOG);
	buf_putf(out, "<< /Type /Catalog /Pages %d 0 R >>", TREE);
	end_object(p);
	begin_object(p, INFO);
	buf_put_str(out, "<< /Title ");
	put_string(out, span_str(title));
	buf_put_str(out, " /Producer (ownkey) >>");
	end_object(p);
	put_fonts(p);
}

static void
end_page(struct pdf *p)
{
	int first = OF_PAGE(p->pages - 1);
	size_t length = p->out->len - p->stream;

	buf_put_str(p->out, "endstream");
	end_object(p);
	begin_object(p, first + 2);
	buf_putf(p->out, "%zu", length);
	end_object(p);
}

void
pdf_page(struct pdf *p)
{
	int first = OF_PAGE(p->pages);

	if (p->pages == PDF_PAGES_MAX) {
		p->toobig = true;
		return;
	}
	if (p->pages > 0)
		end_page(p);
	p->pages++;
	begin_object(p, first);
	buf_putf(p->out, "<< /Type /Page /Parent %d 0 R /Contents %d 0 R >>", TREE, first + 1);
	end_object(p);
	begin_object(p, first + 1);
	buf_putf(p->out, "<< /Length %d 0 R >>\nstream\n", first + 2);
	p->stream = p->out->len;
}

static void
put_tree(struct pdf *p)
{
	begin_object(p, TREE);
	buf_putf(p->out, "<< /Type /Pages /Count %d /MediaBox [0 0 ", p->pages);
	put_length(p->out, PDF_WIDTH);
	put_length(p->out, PDF_HEIGHT);
	buf_put_str(p->out, "]\n/Resources << /Font <<");
	for (int i = 0; i < PDF_FONTS; i++)
		buf_putf(p->out, " /F%d %d 0 R", i, FONT(i));
	buf_put_str(p->out, " >> >>\n/Kids [");
	for (int i = 0; i < p->pages; i++)
		buf_putf(p->out, " %d 0 R", OF_PAGE(i));
	buf_put_str(p->out, " ] >>");
	end_object(p);
}

enum err
pdf_end(struct pdf *p)
{
	int objects = OF_PAGE(p->pages);
	size_t xref;

	if (p->pages > 0)
		end_page(p);
	put_tree(p);
	xref = p->out->len - p->begin;
	/* each line has 20 bytes, its end among them (3.4.3) */
	buf_putf(p->out, "xref\n0 %d\n0000000000 65535 f \n", objects);
	for (int i = 1; i < objects; i++)
		buf_putf(p->out, "%010zu 00000 n \n", p->at[i]);
	buf_putf(p->out,
	    "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%zu\n%%%%EOF\n", objects,
	    CATALOG, INFO, xref);
	return p->toobig ? ERR_TOOBIG : buf_err(p->out);
}

/* ---- content ---- */
void
pdf_text(struct pdf *p, const struct pdf_type *type, int x, int y, struct span latin)
{
	buf_put_str(p->out, type->white ? "1 g BT " : "BT ");
	buf_putf(p->out, "/F%d ", (int)type->font);
	put_length(p->out, type->size);
	buf_put_str(p->out, "Tf ");
	put_point(p->out, x, y);
	buf_put_str(p->out, "Td ");
	put_string(p->out, latin);
	buf_put_str(p->out, type->white ? " Tj ET 0 g\n" : " Tj ET\n");
}

int
pdf_text_width(const struct pdf_type *type, struct span latin)
{
	long sum = 0;

	for (size_t i = 0; i < latin.len; i++)
		if (type->font >= PDF_MONO)
			sum += MONO;
		else if (latin.p[i] >= FIRST)
			sum += widths[type->font][latin.p[i] - FIRST];
	return (int)((sum * type->size + 999) / 1000);
}

void
pdf_fill(struct pdf *p, const struct pdf_box *box, int grey)
{
	buf_putf(p->out, "%d.%02d g ", grey / 100, grey % 100);
	put_box(p->out, box);
	buf_put_str(p->out, "re f 0 g\n");
}

void
pdf_frame(struct pdf *p, const struct pdf_box *box, int thickness)
{
	struct pdf_box in = { box->x + thickness / 2, box->y + thickness / 2,
		box->width - thickness, box->height - thickness };

	put_length(p->out, thickness);
	buf_put_str(p->out, "w ");
	put_box(p->out, &in);
	buf_put_str(p->out, "re S\n");
}

/* In 1/10000 of the unit of the page, for a square is seldom a whole number of tenths. */
void
pdf_squares_begin(struct pdf *p, const struct pdf_box *box, size_t n)
{
	long side = n > 0 ? (long)box->width * 1000 / (long)n : 0;

	buf_putf(p->out, "q %ld.%04ld 0 0 -%ld.%04ld ", side / 10000, side % 10000, side / 10000,
	    side % 10000);
	put_point(p->out, box->x, box->y);
	buf_put_str(p->out, "cm\n");
}

/* At most three digits.  Not by printf(3), which would leave the squares on its stack. */
static void
put_number(struct buf *b, size_t n)
{
	for (size_t unit = n < 10 ? 1 : n < 100 ? 10 : 100; unit > 0; unit /= 10)
		buf_put_u8(b, (uint8_t)('0' + n / unit % 10));
	buf_put_u8(b, ' ');
}

void
pdf_squares_run(struct pdf *p, size_t column, size_t row, size_t length)
{
	put_number(p->out, column);
	put_number(p->out, row);
	put_number(p->out, length);
	buf_put_str(p->out, "1 re\n");
}

void
pdf_squares_end(struct pdf *p)
{
	buf_put_str(p->out, "f Q\n");
}
