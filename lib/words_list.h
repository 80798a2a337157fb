/*
 * words_list.h - a published list of English words, in both directions, for words.c (BIP39) and
 * words_slip39.c.  The list is always read from beginning to end, so that neither time nor cache
 * tell which word it was; the lengths of words do show, as they do on the screen.
 */
#ifndef LIB_WORDS_LIST_H
#define LIB_WORDS_LIST_H

#include "lib/words.h"

struct words_list {
	/* NUL padded, so that all rows are of one length and can be read without looking for their
	 * end; sorted, unique by four letters */
	const char (*word)[WORDS_LONGEST + 1];
	uint32_t count;
};

extern const struct words_list words_list_bip39;
extern const struct words_list words_list_slip39;

/* A word as typed or as listed.  Secret: to be wiped. */
struct words_word {
	uint8_t letter[WORDS_LONGEST];
	size_t len; /* as typed: may be more than there is room for */
};

/* Word index of the list. */
void words_list_at(const struct words_list *l, uint32_t index, struct words_word *w);
/* The next run of characters that are no separators (white space, '-', ','), in lower case; *text
 * moves behind it.  False when there is none. */
bool words_list_next(struct span *text, struct words_word *w);
/* Which one it is, whole or by four letters or more: ERR_WORDS_UNKNOWN. */
MUST enum err words_list_find(
    const struct words_list *l, const struct words_word *w, uint32_t *index);

#endif
