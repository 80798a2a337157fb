/*
 * pdf.h - a small writer of PDF 1.4: A4 pages, Helvetica and Courier in WinAnsiEncoding, lines,
 * rectangles, squares.  Nothing is compressed, and no date or random number is in it: the same
 * calls make the same bytes.
 *
 * Lengths are tenths of a point (1/720 inch), from the upper left corner, y downwards.  Errors
 * stick and are told by pdf_end, so that what draws need not check each call.
 */
#ifndef CLI_PDF_H
#define CLI_PDF_H

#include "lib/buf.h"

#define PDF_WIDTH     5953 /* A4 */
#define PDF_HEIGHT    8419
#define PDF_PAGES_MAX 64

enum pdf_font { PDF_SANS, PDF_SANS_BOLD, PDF_MONO, PDF_MONO_BOLD, PDF_FONTS };

struct pdf_type {
	enum pdf_font font;
	int size;   /* of the font */
	bool white; /* on a dark ground */
};

struct pdf_box {
	int x, y; /* upper left corner */
	int width, height;
};

#define PDF_OBJECTS (3 + PDF_FONTS + 3 * PDF_PAGES_MAX)

struct pdf {
	struct buf *out; /* the document is appended */
	size_t begin;	 /* where in out it begins */
	size_t stream;	 /* where the content of this page begins */
	size_t at[PDF_OBJECTS + 1];
	int pages;
	bool toobig;
};

/* title: ASCII, no secret: programs show it. */
void pdf_begin(struct pdf *p, struct buf *out, const char *title);
/* What follows goes to a new page. */
void pdf_page(struct pdf *p);
/* ERR_TOOBIG (more than PDF_PAGES_MAX), ERR_NOMEM. */
MUST enum err pdf_end(struct pdf *p);

/* latin: Windows-1252 (text_latin); y is that of the baseline. */
void pdf_text(struct pdf *p, const struct pdf_type *type, int x, int y, struct span latin);
/* How wide that is, rounded up. */
int pdf_text_width(const struct pdf_type *type, struct span latin);
/* Filled with grey: 0 black, 100 white. */
void pdf_fill(struct pdf *p, const struct pdf_box *box, int grey);
/* Its outline, on the inside. */
void pdf_frame(struct pdf *p, const struct pdf_box *box, int thickness);

/* Black squares: the box is divided into n columns and rows; runs in any order; then the end.  They
 * are one path, filled at once, so that no hair line shows between neighbours. */
void pdf_squares_begin(struct pdf *p, const struct pdf_box *box, size_t n);
void pdf_squares_run(struct pdf *p, size_t column, size_t row, size_t length);
void pdf_squares_end(struct pdf *p);

#endif
