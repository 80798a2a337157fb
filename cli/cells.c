#include "cli/cells.h"

#include "lib/words.h"

#define CELL	(WORDS_LONGEST + 1) /* NUL padded */
#define LIST	2048
#define LETTERS 4 /* of a word suffice */

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

static bool
is_known(const uint8_t *p, size_t n)
{
	char word[WORDS_LONGEST + 1] = "";
	bool found = false;

	if (n > WORDS_LONGEST)
		return false;
	for (size_t i = 0; i < n; i++)
		word[i] = (char)(p[i] | 0x20);
	for (size_t i = 0; i < LIST; i++) {
		const char *w = words_at(i);

		found |= strncmp(w, word, n) == 0 && (n >= LETTERS || !w[n]);
	}
	sec_zero(word, sizeof word);
	return found;
}

bool
cells_first_is_known(const struct sec *line)
{
	size_t at = 0, n = next_word(line, &at);

	return n > 0 && is_known(line->p + at, n);
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
