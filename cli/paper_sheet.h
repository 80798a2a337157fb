/*
 * paper_sheet.h - between what a page says (paper.c) and how it looks (paper_pdf.c, paper_text.c).
 */
#ifndef CLI_PAPER_SHEET_H
#define CLI_PAPER_SHEET_H

#include "cli/paper.h"
#include "cli/qr.h"

struct sheet;

/* All text is UTF-8.  In `prose`, what stands between two ` is typed by a person as it is. */
struct sheet_ops {
	/* a new page */
	void (*title)(struct sheet *s, struct span title, struct span about);
	/* white on black, one line */
	void (*notice)(struct sheet *s, const char *text);
	/* numbered, with the QR code of what qr holds, and what it is beneath */
	void (*words)(struct sheet *s, struct span words, const char *caption);
	/* a name and a value to be read letter by letter; note may be "" */
	void (*fact)(struct sheet *s, const char *name, struct span value, const char *note);
	void (*head)(struct sheet *s, const char *text);
	/* number: of a step; 0: one of several things; -1: a paragraph */
	void (*prose)(struct sheet *s, int number, const char *text);
	/* a line to write on */
	void (*line)(struct sheet *s, const char *what);
};

struct sheet {
	const struct sheet_ops *ops;
	enum err err; /* the first one sticks */
};

/* Write the content of all pages. */
MUST enum err sheet_write(struct sheet *s, const struct paper_page *pages, size_t n);
/* Pages that are well formed, and memory for them that never moves. */
MUST enum err sheet_reserve(const struct paper_page *pages, size_t n, struct buf *out);
/* The word that begins at *at, and step behind it; empty: no more. */
struct span sheet_word(struct span words, size_t *at);

/* upper-case words: alphanumeric mode.  q must be empty. */
MUST enum err sheet_qr(struct span words, enum qr_level level, struct qr *q);

#endif
