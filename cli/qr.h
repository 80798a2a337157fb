/*
 * qr.h - QR codes (ISO/IEC 18004), made by libqrencode.
 *
 * That library keeps copies of its input in memory that it does not wipe.  So it runs in a forked
 * child, whose memory is locked, which hands back nothing but the black and white squares, wipes
 * its heap and stack and ends; in this process no copy was ever made.
 */
#ifndef CLI_QR_H
#define CLI_QR_H

#include "lib/buf.h"
#include "lib/sec.h"

#define QR_TEXT_MAX 2900

/* How much of it may be dirty or torn: 7, 15, 25 %. */
enum qr_level { QR_LOW, QR_MEDIUM, QR_QUARTILE };

/* The squares of a code say what the text says: a secret stays one. */
struct qr {
	size_t width;	 /* 21..177 modules, without the quiet zone; 0: empty */
	struct sec bits; /* rows of whole bytes, most significant bit first, 1 = dark */
};

/* text: no NUL.  What consists of 0-9 A-Z and " $%*+-./:" takes the fewest squares.  *out must be
 * empty.  ERR_TOOBIG (over QR_TEXT_MAX), ERR_FORMAT (empty, a NUL), ERR_NOMEM. */
MUST enum err qr_make(struct span text, enum qr_level level, struct qr *out);
void qr_done(struct qr *q);
bool qr_is_dark(const struct qr *q, size_t x, size_t y);

enum qr_paint {
	QR_COLOUR,     /* half blocks in UTF-8, black on white by escape sequences */
	QR_BLOCKS,     /* half blocks, for light text on a dark ground: terminals with --plain */
	QR_BLOCKS_INK, /* half blocks, for ink on paper */
	QR_ASCII,      /* two characters a square (twice the columns), for a dark ground */
	QR_ASCII_INK   /* the same on paper */
};

/* Draw it in at most so many columns, with as much of the quiet zone (4 squares, at least 1) as
 * there is room for.  ERR_TOOBIG when it does not fit: nothing was drawn. */
MUST enum err qr_draw(const struct qr *q, enum qr_paint paint, size_t columns, struct buf *out);

#endif
