/*
 * paper.h - what is kept on paper: the recovery phrase, a share of it, the passphrase of backups, a
 * sheet for heirs.  One page each, as PDF or as text of the same content, with instructions for
 * somebody who has never heard of ownkey.
 *
 * Words and passphrase are borrowed from locked memory.  The result lies in one piece of memory
 * that is locked as far as the system allows, never moves, and is wiped by buf_done().
 */
#ifndef CLI_PAPER_H
#define CLI_PAPER_H

#include "lib/buf.h"

#define PAPER_PAGES_MAX	  32
#define PAPER_HOLDERS_MAX 16 /* of shares: SLIP-39 knows no more */
#define PAPER_PLACES_MAX  8
#define PAPER_LABEL_MAX	  64  /* characters of a name that are shown; the rest becomes "..." */
#define PAPER_PATH_MAX	  256 /* of a path */
#define PAPER_COLUMNS	  50  /* of the text */
#define PAPER_PHRASE	  24  /* words */
#define PAPER_SHARE	  33

enum paper_kind {
	PAPER_OF_PHRASE,
	PAPER_OF_SHARE,
	PAPER_OF_BACKUP, /* the passphrase of backups, without the words */
	PAPER_OF_HEIRS	 /* where things are, what to do; no secret but words, backup if given */
};

struct paper_page {
	enum paper_kind kind;
	struct span owner;  /* whose vault; UTF-8, may be empty */
	struct span words;  /* 24, of a share 33; lower case, one blank between */
	struct span backup; /* passphrase of backups; empty: not on this page.  Never on a share: it
				 * would open a backup without the other shares */
	struct span path;   /* of the vault file, a hint; may be empty; not on a share */
	const char *fingerprint; /* 8 hex digits */
	uint32_t generation;
	uint64_t made; /* unix seconds; 0: not said */

	/* a share; threshold and count also on a sheet for heirs when there are shares */
	struct span holder; /* who keeps this page; UTF-8, may be empty */
	const char *check;  /* 8 hex digits that the holder may read out */
	unsigned share;	    /* 1..count */
	unsigned threshold;
	unsigned count;

	/* for heirs: who keeps the shares, in order; may be NULL */
	const struct span *holders;
	size_t nholders;
	/* and where backups and copies of the vault were put; may be NULL */
	const struct span *places;
	size_t nplaces;
};

/* Append a document to out, which must be empty.  PAPER_OF_SHARE gets exactly one sheet for each
 * page.  ERR_FORMAT: a page that contradicts what stands above; ERR_TOOBIG: more than
 * PAPER_PAGES_MAX; ERR_NOMEM.  After an error out is empty. */
MUST enum err paper_pdf(const struct paper_page *pages, size_t n, struct buf *out);

struct paper_look {
	size_t columns; /* of the terminal, for the QR code; text keeps to PAPER_COLUMNS */
	bool qr;	/* draw it when it fits */
	bool plain;	/* --plain, NO_COLOR: no escape sequences */
	bool ink;	/* it goes to a printer, not to a terminal */
	bool utf8;	/* half blocks and names as they are; else ASCII */
};
/* The same as text, a form feed between pages. */
MUST enum err paper_text(
    const struct paper_page *pages, size_t n, const struct paper_look *look, struct buf *out);

#endif
