/*
 * phrase.h - the jobs around the recovery phrase.  P, the root behind the words, exists only in
 * here (DESIGN 4); what leaves is derived from it, or goes to the person.  Wherever the words are
 * asked for, shares of them do as well.
 */
#ifndef WORKER_PHRASE_H
#define WORKER_PHRASE_H

#include "agent/worker/talk.h"
#include "agent/worker/worker.h"

/* New words: shown, typed back (unless no_confirm), then all that a new vault wants of them. */
MUST enum err phrase_make(struct worker *w);
/* Words from the person: fpr, one rec per slot id, the seed when wanted. */
MUST enum err phrase_open(struct worker *w);
/* Words from the person, then what show tells them over the same connection. */
typedef enum err phrase_show_fn(struct worker *w, struct talk *t, struct span root);
MUST enum err phrase_show(struct worker *w, phrase_show_fn *show);
/* Words from the person, given back as a card. */
MUST enum err phrase_card(struct worker *w);
/* Number, from 1, of the first word typed that is not the one in words; 0 when all 24 fit or there
 * are more than 24. */
size_t phrase_first_wrong(struct span typed, struct span words);

#endif
