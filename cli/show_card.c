#include "cli/show_card.h"

#include "cli/cells.h"

struct span
show_card_value(struct span card, const char *key)
{
	size_t n = strlen(key);

	while (card.len > 0) {
		const uint8_t *end = memchr(card.p, '\n', card.len);
		size_t line = end ? (size_t)(end - card.p) : card.len;

		if (line > n + 1 && memcmp(card.p, key, n) == 0 && card.p[n] == ':' &&
		    card.p[n + 1] == ' ')
			return SPAN(card.p + n + 2, line - n - 2);
		line += end != NULL;
		card = span_sub(card, line, card.len - line);
	}
	return SPAN_NONE;
}

/* One line; nothing where there is no value.  Into the terminal from wiped memory. */
static void
put_value(const struct term *t, const char *label, struct span value)
{
	char text[192];

	if (value.len == 0)
		return;
	snprintf(text, sizeof text, "%s%.*s\n", label, (int)value.len, (const char *)value.p);
	term_put(t, text);
	sec_zero(text, sizeof text);
}

/* Three columns, read downwards. */
static void
put_words(const struct term *t, const struct cells *cells, size_t n)
{
	char text[64];

	for (size_t row = 0; row < n / 3; row++)
		for (size_t i = row; i < n; i += n / 3) {
			snprintf(text, sizeof text, "%2zu %-9s%s", i + 1, cells_word(cells, i),
			    i + n / 3 < n ? "   " : "\n");
			term_put(t, text);
		}
	sec_zero(text, sizeof text);
}

static void
put_card(struct term *t, struct span card, const struct cells *cells, size_t n)
{
	struct span share = show_card_value(card, "share");

	term_screen(t, true);
	if (share.len > 0)
		put_value(t, "Write on paper, now: share ", share);
	else
		term_put(t, "Write your recovery phrase on paper, now.\n");
	put_words(t, cells, n);
	put_value(t, "check ", show_card_value(card, "check"));
	put_value(t, "vault ", show_card_value(card, "fingerprint"));
	put_value(t, "backups open with: ", show_card_value(card, "backup"));
}

static enum err
wait_written(struct term *t, struct sec *line)
{
	enum err e = ERR_OK;

	if (!t->scripted)
		e = term_line(t, "Press Enter when it is written down: ", true, line);
	term_clear(t);
	return e;
}

enum err
show_card(struct cli *c, struct span card)
{
	struct cells cells = { 0 };
	struct sec line = { 0 };
	size_t n = 0;
	enum err e;

	if (!term_is_there(&c->term))
		return ERR_NOPROMPT;
	if ((e = cells_open(&cells)) || (e = sec_init(&line, TERM_LINE_MAX)) ||
	    (e = sec_set(&line, show_card_value(card, "words"))))
		goto out;
	n = cells_take(&cells, &line, 0, CELLS_MAX);
	put_card(&c->term, card, &cells, n);
	e = wait_written(&c->term, &line);
out:
	sec_done(&line);
	cells_done(&cells);
	return e;
}
