#include "cli/cells.h"

#include "lib/words_list.h"

#define CELL (WORDS_LONGEST + 1) /* NUL padded */

enum err
cells_open(struct cells *c)
{
	return sec_init(&c->room, CELLS_MAX * CELL);
}

void
cells_done(struct cells *c)
{
	sec_done(&c->room);
}

void
cells_wipe(struct cells *c)
{
	sec_wipe(&c->room);
}

const char *
cells_word(const struct cells *c, size_t i)
{
	return (const char *)(c->room.p + i * CELL);
}

static void
set_cell(struct cells *c, size_t i, const uint8_t *p, size_t n)
{
	uint8_t *cell = c->room.p + i * CELL;

	c->room.len = c->room.cap;
	memset(cell, 0, CELL);
	memcpy(cell, p, n < CELL ? n : CELL - 1);
}

static bool
is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The next word of the line from *at on; its length, 0 = no more. */
static size_t
next_word(const struct sec *line, size_t *at)
{
	size_t n = 0;

	while (*at < line->len && !is_letter(line->p[*at]))
		++*at;
	while (*at + n < line->len && is_letter(line->p[*at + n]))
		n++;
	return n;
}

size_t
cells_count(const struct sec *line)
{
	size_t at = 0, n = 0, len;

	while ((len = next_word(line, &at)) > 0) {
		at += len;
		n++;
	}
	return n;
}

/* Those of the lists that the word is in. */
static unsigned
lists_of(struct span word, unsigned lists)
{
	struct words_word w;
	uint32_t index = 0;
	unsigned in = 0;

	if (!words_list_next(&word, &w))
		return 0;
	if (lists & CELLS_OF_PHRASE && !words_list_find(&words_list_bip39, &w, &index))
		in |= CELLS_OF_PHRASE;
	if (lists & CELLS_OF_SHARE && !words_list_find(&words_list_slip39, &w, &index))
		in |= CELLS_OF_SHARE;
	sec_zero(&w, sizeof w);
	sec_zero(&index, sizeof index);
	return in;
}

unsigned
cells_first_lists(const struct sec *line, unsigned lists)
{
	size_t at = 0, n = next_word(line, &at);

	return n > 0 ? lists_of(SPAN(line->p + at, n), lists) : 0;
}

unsigned
cells_kind(const struct cells *c, size_t n)
{
	size_t phrase = 0, share = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned in =
		    lists_of(span_str(cells_word(c, i)), CELLS_OF_PHRASE | CELLS_OF_SHARE);

		phrase += in == CELLS_OF_PHRASE;
		share += in == CELLS_OF_SHARE;
	}
	return phrase > share ? CELLS_OF_PHRASE : CELLS_OF_SHARE;
}

size_t
cells_take(struct cells *c, const struct sec *line, size_t at, size_t end)
{
	size_t i = 0, n;

	while (at < end && (n = next_word(line, &i)) > 0) {
		set_cell(c, at++, line->p + i, n);
		i += n;
	}
	return at;
}

enum err
cells_join(const struct cells *c, size_t n, struct sec *text)
{
	enum err e = ERR_OK;

	sec_wipe(text);
	for (size_t i = 0; i < n && !e; i++) {
		if (i > 0)
			e = sec_put(text, SPAN_LIT(" "));
		if (!e)
			e = sec_put(text, span_str(cells_word(c, i)));
	}
	return e;
}
