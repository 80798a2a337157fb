#include "lib/words_list.h"

#include "lib/text_ct.h"

#define UNIQUE 4 /* letters that tell all words apart */

void
words_list_at(const struct words_list *l, uint32_t index, struct words_word *w)
{
	uint32_t i, mask, letters = 0;
	size_t j;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < l->count; i++) {
		mask = ct_eq(i, index);
		for (j = 0; j < WORDS_LONGEST; j++)
			w->letter[j] |= (uint8_t)(mask & (uint8_t)l->word[i][j]);
	}
	for (j = 0; j < WORDS_LONGEST; j++)
		letters += ct_nonzero(w->letter[j]) & 1;
	w->len = letters;
}

static bool
is_separator(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '-' || c == ',';
}

bool
words_list_next(struct span *text, struct words_word *w)
{
	size_t i = 0;

	memset(w, 0, sizeof(*w));
	while (i < text->len && is_separator(text->p[i]))
		i++;
	for (; i < text->len && !is_separator(text->p[i]); i++, w->len++)
		if (w->len < WORDS_LONGEST)
			w->letter[w->len] =
			    (uint8_t)(text->p[i] | (ct_in(text->p[i], 'A', 'Z') & 0x20));
	*text = SPAN(text->p + i, text->len - i);
	return w->len > 0;
}

/* All ones when w is list word i, or begins it and is long enough to be the only one. */
static uint32_t
is_word(const struct words_list *l, const struct words_word *w, size_t i)
{
	uint32_t diff = 0;
	size_t j;

	for (j = 0; j < w->len; j++)
		diff |= w->letter[j] ^ (uint8_t)l->word[i][j];
	if (w->len < UNIQUE)
		diff |= (uint8_t)l->word[i][w->len];
	return ~ct_nonzero(diff);
}

enum err
words_list_find(const struct words_list *l, const struct words_word *w, uint32_t *index)
{
	uint32_t i, mask, found = 0, at = 0;

	if (w->len > WORDS_LONGEST)
		return ERR_WORDS_UNKNOWN;
	for (i = 0; i < l->count; i++) {
		mask = is_word(l, w, i);
		found |= mask;
		at |= mask & i;
	}
	*index = at;
	return found ? ERR_OK : ERR_WORDS_UNKNOWN;
}
