#include "cli/show_card.h"

#include "cli/cells.h"
#include "lib/text.h"

#define NAME_SHOWN 16

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

/* Nothing where there is no value.  Into the terminal from wiped memory. */
static void
put_value(const struct term *t, const char *label, struct span value, const char *after)
{
	char text[192];

	if (value.len == 0)
		return;
	snprintf(
	    text, sizeof text, "%s%.*s%s", label, (int)value.len, (const char *)value.p, after);
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

/* Bytes of a name that fit into the line, whole characters. */
static int
clipped(const char *name)
{
	size_t n = strnlen(name, NAME_SHOWN);

	while (n > 0 && name[n] && ((uint8_t)name[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

static void
put_heading(const struct term *t, struct span share, struct span holder)
{
	char text[48], line[128];
	unsigned i, threshold, n;
	struct buf name = BUF_INIT;

	snprintf(text, sizeof text, "%.*s", (int)share.len, (const char *)share.p);
	if (sscanf(text, "%u of %u of %u", &i, &threshold, &n) != 3)
		return;
	text_printable(holder, &name);
	snprintf(line, sizeof line, "Share %u of %u (any %u open)%s%.*s\n", i, n, threshold,
	    holder.len ? ", for " : "", clipped(buf_cstr(&name)), buf_cstr(&name));
	term_put(t, line);
	buf_done(&name);
}

/* The last lines are as few as possible: 33 words take 11. */
static void
put_card(struct term *t, struct span card, const struct cells *cells, struct span holder)
{
	struct span share = show_card_value(card, "share"), check = show_card_value(card, "check");
	bool is_share = share.len > 0;

	term_screen(t, true);
	if (is_share)
		put_heading(t, share, holder);
	else
		term_put(t, "Write your recovery phrase on paper, now.\n");
	put_words(t, cells, is_share ? CELLS_SHARE : CELLS_PHRASE);
	put_value(t, "check ", check, "  ");
	put_value(t, "vault ", show_card_value(card, "fingerprint"), "\n");
	put_value(t, "backups open with:\n", show_card_value(card, "backup"), "\n");
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
show_card(struct cli *c, struct span card, struct span holder)
{
	struct cells cells = { 0 };
	struct sec line = { 0 };
	enum err e;

	if (!term_is_there(&c->term))
		return ERR_NOPROMPT;
	if ((e = cells_open(&cells)) || (e = sec_init(&line, TERM_LINE_MAX)) ||
	    (e = sec_set(&line, show_card_value(card, "words"))))
		goto out;
	(void)cells_take(&cells, &line, 0, CELLS_MAX);
	put_card(&c->term, card, &cells, holder);
	e = wait_written(&c->term, &line);
out:
	sec_done(&line);
	cells_done(&cells);
	return e;
}
