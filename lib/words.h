/*
 * words.h - BIP39 English words: 24 words <-> 32 bytes (DESIGN 4; the PBKDF2 step is not used).
 * Word lookup does not branch on secret data beyond the characters a person typed.
 */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include "lib/sec.h"

#define WORDS_LONGEST	 8
#define WORDS_PHRASE_MAX (24 * (WORDS_LONGEST + 1))

/* Entropy of 16, 20, 24, 28 or 32 bytes to words joined by sep; appends to out. */
MUST enum err words_from_bytes(struct span entropy, char sep, struct sec *out);
/* Words (any white space or '-' between, any case, first four letters suffice) to entropy.
 * want: number of bytes expected, 0 = any.  ERR_WORDS_UNKNOWN (*bad = index of the word),
 * ERR_WORDS_COUNT, ERR_WORDS_CHECKSUM.  bad may be NULL. */
MUST enum err words_to_bytes(struct span text, size_t want, struct sec *out, size_t *bad);
/* nbits (multiple of 11) of in, from the top, as words joined by sep, no checksum: bkp_g. */
MUST enum err words_from_bits(struct span in, size_t nbits, char sep, struct sec *out);
/* Word i (0..2047), for completion and tests. */
const char *words_at(size_t i);

#endif
