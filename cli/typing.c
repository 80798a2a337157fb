/* typing.c - words, one after the other. */
#include "cli/typing.h"

#include <stdio.h>

enum err
typing_open(struct typing *t, struct term *term)
{
	enum err e;

	*t = (struct typing){ .term = term, .kinds = TYPING_EITHER };
	if (!(e = cells_open(&t->cells)))
		e = sec_init(&t->line, TERM_LINE_MAX);
	return e;
}

void
typing_done(struct typing *t)
{
	cells_done(&t->cells);
	sec_done(&t->line);
}

/* So many words there will be, as far as the first `at` of them tell. */
static size_t
wanted(const struct typing *t, size_t at)
{
	unsigned kind = t->kinds == TYPING_EITHER ? cells_kind(&t->cells, at) : t->kinds;

	return kind == CELLS_OF_PHRASE ? CELLS_PHRASE : CELLS_SHARE;
}

void
typing_take_line(struct typing *t, size_t *at)
{
	size_t all = t->kinds & CELLS_OF_PHRASE ? CELLS_PHRASE : CELLS_SHARE;

	if (cells_count(&t->line) >= all)
		*at = 0;
	*at = cells_take(
	    &t->cells, &t->line, *at, t->kinds & CELLS_OF_SHARE ? CELLS_SHARE : CELLS_PHRASE);
}

/* A single word is looked up at once: better now than after all of them. */
static bool
is_acceptable(struct typing *t)
{
	size_t n = cells_count(&t->line);

	if (n != 1 || cells_first_lists(&t->line, t->kinds))
		return n > 0;
	term_put(t->term, "no such word: again\n");
	return false;
}

static bool
wants_back(const struct typing *t, size_t at)
{
	return at > 0 && t->line.len == 1 && t->line.p[0] == '<';
}

static enum err
ask_line(struct typing *t, size_t at)
{
	char prompt[48];

	if (t->have > 0)
		snprintf(prompt, sizeof prompt, "share %u, word %zu: ", t->have + 1, at + 1);
	else
		snprintf(prompt, sizeof prompt, "word %zu: ", at + 1);
	return term_line(t->term, prompt, true, &t->line);
}

enum err
typing_words(struct typing *t, size_t at, bool one)
{
	size_t first = at;
	enum err e;

	while (at < (one ? first + 1 : wanted(t, at))) {
		if ((e = ask_line(t, at)))
			return e;
		if (wants_back(t, at))
			at--;
		else if (is_acceptable(t))
			typing_take_line(t, &at);
	}
	if (!one || at >= CELLS_PHRASE)
		t->words = wanted(t, at);
	return ERR_OK;
}
