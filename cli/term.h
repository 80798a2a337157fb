/*
 * term.h - the terminal that a person answers on, or standard input with --ask-stdin.
 *
 * Ctrl-C and the like are bytes on a pipe, so that whatever waits can also wait for them; the
 * second one ends the program at once.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include "lib/sec.h"

#define TERM_LINE_MAX 4096

struct term {
	int in, out;	/* -1: nobody can be asked */
	bool own;	/* in was opened by us */
	bool scripted;	/* --ask-stdin: no terminal, no echo to switch off */
	bool plain;	/* never clear or redraw */
	bool elsewhere; /* on the alternate screen now */
	int cancel;	/* readable: the person wants to stop */
	int agent;	/* readable: the agent does not wait any more; -1: not asked */
};

/* Never fails: in is -1 when there is neither terminal nor --ask-stdin. */
void term_open(struct term *t, bool ask_stdin, bool plain);
void term_close(struct term *t);
static inline bool
term_is_there(const struct term *t)
{
	return t->in >= 0;
}
/* Handlers for signals that end us, unless who started us said that they do not (nohup); *fd gets
 * readable then. */
MUST enum err term_catch_signals(int *fd);
/* As if the person had pressed Ctrl-C. */
void term_cancel(void);
bool term_is_cancelled(void);

void term_put(const struct term *t, const char *s);
/* Prose, wrapped. */
void term_say(const struct term *t, const char *s);
void term_bell(const struct term *t);
/* To an empty screen that leaves nothing in the terminal's memory, and back. */
void term_screen(struct term *t, bool elsewhere);
/* Empty the screen: only there. */
void term_clear(const struct term *t);

/* Ask and read one line, without its newline, into line (reserved by the caller, wiped first).
 * ERR_CANCELLED (Ctrl-C, Ctrl-D, end of input, agent), ERR_TOOBIG, ERR_NOPROMPT. */
MUST enum err term_line(struct term *t, const char *prompt, bool echo, struct sec *line);
/* A line that is no secret; empty: def. */
MUST enum err term_ask(struct term *t, const char *prompt, const char *def, char *out, size_t cap);
/* Yes or no; an empty line: def. */
MUST enum err term_yes(struct term *t, const char *prompt, bool def, bool *yes);

/* One of "yes|no|stop", by its beginning; an empty line: def.  *which counts from 0. */
MUST enum err term_choose(
    struct term *t, const char *prompt, const char *choices, const char *def, unsigned *which);
/* Until Enter; not for scripts. */
MUST enum err term_pause(struct term *t);

#endif
