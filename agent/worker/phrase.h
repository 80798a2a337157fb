/*
 * phrase.h - the jobs around the recovery phrase.  P, the root behind the words, exists only in
 * here (DESIGN 4); what leaves is derived from it.
 */
#ifndef WORKER_PHRASE_H
#define WORKER_PHRASE_H

#include "agent/worker/worker.h"

/* New words: shown, typed back (unless no_confirm), then all that a new vault wants of them. */
MUST enum err phrase_make(struct worker *w);
/* Words from the person: fpr, one rec per slot id, the seed when wanted. */
MUST enum err phrase_open(struct worker *w);
/* Number, from 1, of the first word typed that is not the one in words; 0 when all 24 fit or there
 * are more than 24. */
size_t phrase_first_wrong(struct span typed, struct span words);

#endif
