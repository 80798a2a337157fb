#ifndef LIB_WORDS_ENGLISH_H
#define LIB_WORDS_ENGLISH_H

#include "lib/words.h"

#define WORDS_COUNT 2048

/* NUL padded, so that all rows are of one length and can be read without looking for their end. */
extern const char words_english[WORDS_COUNT][WORDS_LONGEST + 1];

#endif
