/*
 * words_slip39.h - the words of one SLIP-39 share <-> values of ten bits, with their RS1024
 * checksum ("Format of the share mnemonic", "Checksum").  Their meaning: agent/worker/slip39.h.
 *
 * As in words.h no branch depends on which word it is; whether the checksum is right, and the
 * extendable flag, are no secrets.
 */
#ifndef LIB_WORDS_SLIP39_H
#define LIB_WORDS_SLIP39_H

#include "lib/words.h"

#define WORDS_SLIP39_MIN  20 /* 128 bits */
#define WORDS_SLIP39_MAX  33 /* 256 bits: a share of a recovery phrase */
#define WORDS_SLIP39_TEXT (WORDS_SLIP39_MAX * (WORDS_LONGEST + 1))
#define WORDS_SLIP39_CODE 8 /* hex digits */

/* Secret: to be kept in the arena, or wiped. */
struct words_slip39 {
	uint16_t value[WORDS_SLIP39_MAX]; /* the last three are the checksum */
	size_t n;
};

/* Words (separators, case and abbreviation as in words_to_bytes).  ERR_WORDS_UNKNOWN (*bad = index
 * of the word), ERR_SHARE_LENGTH (fewer than MIN or more than MAX), ERR_WORDS_CHECKSUM.  bad may be
 * NULL; w is wiped on failure. */
MUST enum err words_slip39_read(struct span text, struct words_slip39 *w, size_t *bad);
/* Whole words, one blank between them; appended. */
MUST enum err words_slip39_write(const struct words_slip39 *w, struct sec *text);
/* Put the checksum into the last three of the n values. */
void words_slip39_sum(struct words_slip39 *w);

/* Is this meant to be a share, and not a BIP39 phrase?  By the number of words, or by the list that
 * has more of them. */
bool words_slip39_is_meant(struct span text);
/* So many words. */
size_t words_slip39_count(struct span text);

/* SHA-256 of the share as words_slip39_write gives it, whatever way it was typed: what the owner's
 * ledger keeps of a share.  Errors as words_slip39_read. */
MUST enum err words_slip39_hash(struct span text, uint8_t hash[32], size_t *bad);
/* The first hex digits of that, NUL-terminated: a holder can read them out, nobody learns from them
 * anything about the share. */
void words_slip39_code(const uint8_t hash[32], char code[WORDS_SLIP39_CODE + 1]);

#endif
