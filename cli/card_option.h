/*
 * card_option.h - --card FILE and --text: where cards go that the agent gives while a request
 * waits (SECRET_CARD of lib/job.h).  Printed as one document when all are there, or, without these
 * options, shown on the terminal one after the other.
 *
 *	struct card_option o = { .pages = 1 };
 *	card_option_open(c, &o)   // before anything secret is there
 *	cli_ask(c, ...)           // the agent's cards go through c->take_card
 *	card_option_close(&o)     // in any case
 */
#ifndef CLI_CARD_OPTION_H
#define CLI_CARD_OPTION_H

#include "cli/paper.h"
#include "cli/printout.h"
#include "cli/cli.h"

struct card_option {
	/* the caller's */
	size_t pages;		    /* so many cards will come, at most PAPER_HOLDERS_MAX */
	const struct span *holders; /* who gets which; NULL: not said */
	const char *in_vain;	    /* said when the request fails after all; may be NULL */
	/* what was found */
	bool wanted; /* --card or --text was given */
	bool put;    /* all was printed */
	struct cli *c;
	enum printout_form form;
	struct printout to;
	size_t n;
	struct sec card[PAPER_HOLDERS_MAX];
	char path[PAPER_PATH_MAX + 1]; /* of the vault file */
};

/* Reads the options, opens the file, sets c->take_card.  ERR_USAGE (with --json, when the card goes
 * to standard output), errors of printout_open: nothing is made, there is nothing to close. */
MUST enum err card_option_open(struct cli *c, struct card_option *o);
/* Is it standard output that the document goes to?  Then nothing else may. */
bool card_option_is_stdout(const struct card_option *o);
/* Print pages that did not come from the agent. */
MUST enum err card_option_put(struct card_option *o, const struct paper_page *pages, size_t n);
/* Wipes; an unfinished file is removed.  e: how the request ended. */
void card_option_close(struct card_option *o, enum err e);

/* Text for a terminal or a pipe. */
void card_option_look(const struct cli *c, int fd, struct paper_look *look);

#endif
