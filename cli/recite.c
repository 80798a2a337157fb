/*
 * recite.c - the recovery phrase: shown once, typed back; typed to open a vault.
 *
 * On a capable terminal all of it happens on the alternate screen: nothing is left to scroll back
 * to.
 */
#include "cli/dialogue.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/cells.h"

#define WORDS 24

struct recital {
	struct cli *c;
	int fd; /* secret.sock */
	struct cells cells;
	struct sec line;
	struct sec text; /* all of them, joined */
};

static enum err
open_recital(struct recital *r, const struct ops_event *ev)
{
	enum err e;

	r->fd = -1;
	r->c->why = ERR_OK;
	r->c->term.agent = r->c->conn.fd;
	if ((e = cells_open(&r->cells)) || (e = sec_init(&r->line, TERM_LINE_MAX)) ||
	    (e = sec_init(&r->text, CELLS_TEXT)))
		return e;
	return client_secret_open(ev->job, &r->fd);
}

static void
close_recital(struct recital *r)
{
	term_screen(&r->c->term, false);
	if (r->fd >= 0)
		close(r->fd);
	cells_done(&r->cells);
	sec_done(&r->line);
	sec_done(&r->text);
}

/* ---- words ---- */
/* The words of the line go into the cells from *at on; all 24 of them always from the first. */
static void
take_line(struct recital *r, size_t *at)
{
	if (cells_count(&r->line) >= WORDS)
		*at = 0;
	*at = cells_take(&r->cells, &r->line, *at, WORDS);
}

/* A single word is looked up at once: better now than after 24. */
static bool
is_acceptable(struct recital *r)
{
	size_t n = cells_count(&r->line);

	if (n != 1 || cells_first_is_known(&r->line))
		return n > 0;
	term_put(&r->c->term, "no such word: again\n");
	return false;
}

static bool
wants_back(const struct recital *r, size_t at)
{
	return at > 0 && r->line.len == 1 && r->line.p[0] == '<';
}

/* From cell `at` on, until all are filled, or with `one` just that one (or all 24). */
static enum err
type_words(struct recital *r, size_t at, bool one)
{
	size_t end = one ? at + 1 : WORDS;
	char prompt[40];
	enum err e;

	while (at < end) {
		snprintf(prompt, sizeof prompt, "word %zu: ", at + 1);
		if ((e = term_line(&r->c->term, prompt, true, &r->line)))
			return e;
		if (wants_back(r, at))
			at--;
		else if (is_acceptable(r))
			take_line(r, &at);
	}
	return ERR_OK;
}

static enum err
send_words(struct recital *r)
{
	enum err e = cells_join(&r->cells, WORDS, &r->text);

	return e ? e : client_secret_send(r->fd, sec_span(&r->text));
}

/* ---- what the other side says ---- */
/* *again: it was wrong, and may be typed once more from cell *at on, or only that one. */
static enum err
hear(struct recital *r, bool *again, size_t *at, bool *one)
{
	struct secret_msg m = { 0 };
	struct sec in = { 0 };
	enum err e = client_secret_recv(r->fd, &in, &m);

	*again = false;
	if (!e && m.kind == SECRET_ERROR) {
		e = (enum err)m.err;
		*one = m.index >= 1 && m.index <= WORDS;
		*at = *one ? (size_t)m.index - 1 : 0;
		*again = m.more;
	}
	sec_done(&in);
	return e;
}

static void
say_wrong(const struct recital *r, enum err e, size_t at, bool one)
{
	char line[128];

	if (!one)
		snprintf(line, sizeof line, "%s.\nType them all again.\n", err_text(e));
	else if (e == ERR_WORDS_UNKNOWN)
		snprintf(line, sizeof line, "word %zu is not in the list: again\n", at + 1);
	else
		snprintf(line, sizeof line, "word %zu is not right: again\n", at + 1);
	term_put(&r->c->term, line);
}

static enum err
recite(struct recital *r)
{
	bool again = false, one = false;
	size_t at = 0;
	enum err e;

	do {
		if ((e = type_words(r, at, one)) || (e = send_words(r)))
			return e;
		e = hear(r, &again, &at, &one);
		if (e && again)
			say_wrong(r, e, at, one);
	} while (e && again);
	return e;
}

/* ---- shown ---- */
static void
put_cell(const struct recital *r, size_t i, const char *after)
{
	char text[64];

	snprintf(text, sizeof text, "%2zu %-9s%s", i + 1, cells_word(&r->cells, i), after);
	term_put(&r->c->term, text);
	sec_zero(text, sizeof text);
}

/* Three columns of eight, read downwards: with what is said around them, 13 rows of 46. */
static void
put_words(const struct recital *r)
{
	const struct term *t = &r->c->term;

	term_put(t,
	    r->c->try_out ? "A recovery phrase that is NOT REAL:\n"
			  : "Your recovery phrase. Write it on paper, now.\n"
			    "Never type it on a web page, take no photo.\n");
	for (size_t i = 0; i < WORDS / 3; i++) {
		put_cell(r, i, "   ");
		put_cell(r, i + WORDS / 3, "   ");
		put_cell(r, i + 2 * (WORDS / 3), "\n");
	}
}

static enum err
receive_words(struct recital *r)
{
	struct secret_msg m = { 0 };
	struct sec in = { 0 };
	size_t at = 0;
	enum err e = client_secret_recv(r->fd, &in, &m);

	if (!e && m.kind == SECRET_ERROR)
		e = m.err ? (enum err)m.err : ERR_INTERNAL;
	if (!e && m.kind != SECRET_SHOW)
		e = ERR_FORMAT;
	if (!e && !(e = sec_set(&r->line, m.text)))
		take_line(r, &at);
	sec_done(&in);
	return e || at == WORDS ? e : ERR_FORMAT;
}

static enum err
wait_written(struct recital *r)
{
	struct term *t = &r->c->term;
	enum err e = ERR_OK;

	if (!t->scripted)
		e = term_line(t, "Press Enter when it is written down: ", true, &r->line);
	if (e)
		return e;
	if (t->plain && !t->scripted)
		term_put(t, "Clear this terminal afterwards.\n");
	term_clear(t);
	term_put(t, "Now type the words back (4 letters of each do).\n");
	return ERR_OK;
}

/* In a try-out nothing is typed back; who only runs a script is not shown anything either. */
static enum err
show(struct recital *r)
{
	struct term *t = &r->c->term;
	size_t at;
	bool again, one;
	enum err e;

	if ((e = receive_words(r)))
		return e;
	if (!term_is_there(t) && !r->c->try_out)
		return ERR_NOPROMPT;
	if (r->c->try_out) {
		put_words(r);
		return hear(r, &again, &at, &one);
	}
	term_screen(t, true);
	put_words(r);
	if ((e = wait_written(r)))
		return e;
	cells_wipe(&r->cells);
	return recite(r);
}

void
recite_show(struct cli *c, const struct ops_event *ev)
{
	struct recital r = { .c = c };
	enum err e = open_recital(&r, ev);

	if (!e)
		e = show(&r);
	close_recital(&r);
	c->why = e;
}

void
recite_type(struct cli *c, const struct ops_event *ev)
{
	struct recital r = { .c = c };
	enum err e = open_recital(&r, ev);

	if (!e) {
		term_screen(&c->term, true);
		term_put(&c->term, "Type the 24 words of your recovery phrase.\n");
		term_put(&c->term, "One a line, or all at once. < goes back.\n");
		e = recite(&r);
	}
	close_recital(&r);
	c->why = e;
}
