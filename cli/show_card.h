/*
 * show_card.h - a card as the agent gives it (SECRET_CARD of lib/job.h), on the terminal.
 */
#ifndef CLI_SHOW_CARD_H
#define CLI_SHOW_CARD_H

#include "cli/cli.h"

/* The value of a line "key: value"; empty when there is none. */
struct span show_card_value(struct span card, const char *key);
/* On a screen of its own, until the person has written it down: fits 50 x 15.  holder: who gets it,
 * may be empty.  ERR_NOPROMPT when nobody is there. */
MUST enum err show_card(struct cli *c, struct span card, struct span holder);

#endif
