/*
 * text.h - binary-to-text encodings.  Those marked ct run in constant time for a given length and
 * are the only ones through which secrets may pass.
 *
 * Encoders append to out (struct buf) or, for secrets, to a struct sec.  Decoders are strict:
 * ERR_FORMAT for a foreign character, wrong padding, non-canonical trailing bits, mixed case.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/buf.h"
#include "lib/sec.h"

enum text_code {
	TEXT_HEX,	   /* lower case out; either case in (not mixed within a digit pair) */
	TEXT_BASE64,	   /* RFC 4648 4, with padding */
	TEXT_BASE64_NOPAD, /* same alphabet, no padding (Matrix) */
	TEXT_BASE64URL,	   /* RFC 4648 5, no padding */
	TEXT_BASE32,	   /* RFC 4648 6, upper case, no padding (tor client auth) */
	TEXT_BASE32_LOWER  /* lower case, no padding (onion) */
};

/* ct.  Length of the encoding of n bytes. */
size_t text_encoded_len(enum text_code code, size_t n);
/* ct.  out must have room for text_encoded_len bytes (no NUL is written). */
void text_encode_raw(enum text_code code, struct span in, char *out);
/* ct.  Append to a buf (public data) / to a sec (secrets). */
void text_encode(enum text_code code, struct span in, struct buf *out);
MUST enum err text_encode_sec(enum text_code code, struct span in, struct sec *out);
/* ct apart from the verdict.  Writes at most cap bytes, *n gets the count. */
MUST enum err text_decode(enum text_code code, struct span in, uint8_t *out, size_t cap, size_t *n);

/* base58 (bitcoin alphabet), at most 128 bytes in.  ct: no branch or index depends on the data. */
MUST enum err text_base58_encode(struct span in, char *out, size_t cap, size_t *n);
MUST enum err text_base58_decode(struct span in, uint8_t *out, size_t cap, size_t *n);

/* bech32 (BIP173 checksum, no length limit of 90: as age uses it).  hrp in lower case.
 * Encoding is lower case.  ct in the data part; mixed case is refused. */
MUST enum err text_bech32_encode(const char *hrp, struct span in, char *out, size_t cap, size_t *n);
/* ct.  ASCII letters to upper case, in place: age writes its secret keys so. */
void text_upper(char *p, size_t n);
MUST enum err text_bech32_decode(
    struct span in, const char *hrp, uint8_t *out, size_t cap, size_t *n);

/* Valid UTF-8 (RFC 3629), no surrogates, no overlong. */
bool text_is_utf8(struct span s);
/* Valid UTF-8, in NFC, no control characters (C0, DEL, C1). */
bool text_is_name(struct span s);
/* Only [a-z0-9-], and "." where dots; the empty string too. */
bool text_is_label(struct span s, bool dots);
/* Normalise to NFC into out.  ERR_TEXT if it is no UTF-8. */
MUST enum err text_nfc(struct span in, struct buf *out);
/* Safe for a terminal: controls, escapes and invalid bytes become '?'.  Appends. */
void text_printable(struct span in, struct buf *out);
/* For fonts without Unicode: Windows-1252 (PDF's WinAnsiEncoding), without controls.  What it lacks
 * loses its accents or is transliterated (Greek, Cyrillic); what is left becomes '?'.  Appends;
 * returns how many '?' took the place of something. */
size_t text_latin(struct span in, struct buf *out);
/* The same with 0x20..0x7e alone. */
size_t text_ascii(struct span in, struct buf *out);

#endif
