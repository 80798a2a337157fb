/*
 * recite.c - the recovery phrase: shown once, typed back; typed to open a vault, or shares of it.
 *
 * On a capable terminal all of it happens on the alternate screen: nothing is left to scroll back
 * to.
 */
#include "cli/dialogue.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/show_card.h"
#include "cli/typing.h"

#define WORDS CELLS_PHRASE

struct recital {
	struct cli *c;
	int fd; /* secret.sock */
	struct typing t;
	struct sec text; /* all of them, joined */
	bool card;	 /* one comes with the words */
};

static enum err
open_recital(struct recital *r, const struct ops_event *ev)
{
	enum err e;

	r->fd = -1;
	r->c->why = ERR_OK;
	r->c->term.agent = r->c->conn.fd;
	if ((e = typing_open(&r->t, &r->c->term)) || (e = sec_init(&r->text, CELLS_TEXT)))
		return e;
	return client_secret_open(ev->job, &r->fd);
}

static void
close_recital(struct recital *r)
{
	term_screen(&r->c->term, false);
	if (r->fd >= 0)
		close(r->fd);
	typing_done(&r->t);
	sec_done(&r->text);
}

static enum err
send_words(struct recital *r)
{
	enum err e = cells_join(&r->t.cells, r->t.words, &r->text);

	return e ? e : client_secret_send(r->fd, sec_span(&r->text));
}

/* ---- what the other side says ---- */
struct answer {
	bool again;    /* type (again), from cell at on, or only that one */
	bool accepted; /* a share was, and need more are needed */
	bool one;
	size_t at;
	unsigned need;
};

static enum err
take_card(struct recital *r, struct span text)
{
	enum err e;

	if (r->c->take_card)
		term_screen(&r->c->term, false);
	e = r->c->take_card ? r->c->take_card(r->c, text) : show_card(r->c, text, SPAN_NONE);
	return e ? e : client_secret_taken(r->fd);
}

static enum err
understand(const struct secret_msg *m, struct answer *a)
{
	*a = (struct answer){ .need = (unsigned)m->need };
	if (m->kind == SECRET_MORE)
		a->again = a->accepted = true;
	if (m->kind != SECRET_ERROR)
		return m->kind == SECRET_OK || m->kind == SECRET_MORE ? ERR_OK : ERR_FORMAT;
	a->one = m->index >= 1 && m->index <= CELLS_MAX;
	a->at = a->one ? (size_t)m->index - 1 : 0;
	a->again = m->more;
	return m->err ? (enum err)m->err : ERR_INTERNAL;
}

/* Cards come in between. */
static enum err
hear(struct recital *r, struct answer *a)
{
	struct secret_msg m = { 0 };
	struct sec in = { 0 };
	enum err e;

	*a = (struct answer){ 0 };
	while (!(e = client_secret_recv(r->fd, &in, &m)) && m.kind == SECRET_CARD) {
		if ((e = take_card(r, m.text)))
			break;
		sec_done(&in);
	}
	if (!e)
		e = understand(&m, a);
	sec_done(&in);
	return e;
}

static void
say_wrong(const struct recital *r, enum err e, const struct answer *a)
{
	char line[300];

	if (a->one && e == ERR_WORDS_UNKNOWN)
		snprintf(line, sizeof line, "word %zu is not in the list: again", a->at + 1);
	else if (a->one)
		snprintf(line, sizeof line, "word %zu is not right: again", a->at + 1);
	else
		snprintf(line, sizeof line, "%s.", err_text(e));
	term_say(&r->c->term, line);
	if (a->one)
		return;
	if (r->t.words == CELLS_SHARE)
		term_say(&r->c->term, err_hint(e));
	term_put(&r->c->term,
	    a->need ? "Type this share again, or another one.\n" : "Type them all again.\n");
}

/* The next share on an empty screen: the words of the last one are nobody's business any more. */
static void
next_share(struct recital *r, unsigned have, unsigned need)
{
	char line[64];

	r->t.kinds = CELLS_OF_SHARE;
	r->t.have = have;
	cells_wipe(&r->t.cells);
	snprintf(line, sizeof line, "share accepted; %u more %s needed\n", need,
	    need == 1 ? "is" : "are");
	term_clear(&r->c->term);
	term_put(&r->c->term, line);
}

/* kinds: what may be typed. */
static enum err
recite(struct recital *r, unsigned kinds)
{
	struct answer a = { 0 };
	enum err e;

	r->t.kinds = kinds;
	do {
		if ((e = typing_words(&r->t, a.at, a.one)) || (e = send_words(r)))
			return e;
		e = hear(r, &a);
		if (!e && a.accepted)
			next_share(r, r->t.have + 1, a.need);
		else if (e && a.again)
			say_wrong(r, e, &a);
		if (e && a.need == 0) {
			r->t.kinds = kinds;
			r->t.have = 0;
		}
	} while (a.again);
	return e;
}

/* ---- shown ---- */
static void
put_cell(const struct recital *r, size_t i, const char *after)
{
	char text[64];

	snprintf(text, sizeof text, "%2zu %-9s%s", i + 1, cells_word(&r->t.cells, i), after);
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
	if (!e && !(e = sec_set(&r->t.line, m.text)))
		typing_take_line(&r->t, &at);
	r->card = m.more;
	sec_done(&in);
	return e || at == WORDS ? e : ERR_FORMAT;
}

static enum err
wait_written(struct recital *r)
{
	struct term *t = &r->c->term;
	enum err e = ERR_OK;

	if (!t->scripted)
		e = term_line(t, "Press Enter when it is written down: ", true, &r->t.line);
	if (e)
		return e;
	if (t->plain && !t->scripted)
		term_put(t, "Clear this terminal afterwards.\n");
	term_clear(t);
	term_put(t, "Now type the words back (4 letters of each do).\n");
	return ERR_OK;
}

/* The words are on the screen anyway: this one is for whoever prints. */
static enum err
receive_card(struct recital *r)
{
	struct secret_msg m = { 0 };
	struct sec in = { 0 };
	enum err e = client_secret_recv(r->fd, &in, &m);

	if (!e && m.kind != SECRET_CARD)
		e = m.kind == SECRET_ERROR && m.err ? (enum err)m.err : ERR_FORMAT;
	if (!e && r->c->take_card)
		e = r->c->take_card(r->c, m.text);
	sec_done(&in);
	return e ? e : client_secret_taken(r->fd);
}

/* In a try-out nothing is typed back, and what was printed is typed back later; who only runs a
 * script is not shown anything either. */
static enum err
show(struct recital *r)
{
	struct term *t = &r->c->term;
	struct answer a;
	enum err e;

	r->t.kinds = CELLS_OF_PHRASE;
	if ((e = receive_words(r)) || (r->card && (e = receive_card(r))))
		return e;
	if (r->card && r->c->take_card)
		return hear(r, &a);
	if (!term_is_there(t) && !r->c->try_out)
		return ERR_NOPROMPT;
	if (r->c->try_out) {
		put_words(r);
		return hear(r, &a);
	}
	term_screen(t, true);
	put_words(r);
	if ((e = wait_written(r)))
		return e;
	cells_wipe(&r->t.cells);
	return recite(r, CELLS_OF_PHRASE);
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
		term_put(&c->term, "Type the 24 words of your recovery phrase,\n");
		term_put(&c->term, "or the 33 words of a share of it.\n");
		term_put(&c->term, "One a line, or all at once. < goes back.\n");
		e = recite(&r, TYPING_EITHER);
	}
	close_recital(&r);
	c->why = e;
}
