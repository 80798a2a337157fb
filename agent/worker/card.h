/*
 * card.h - what a holder of the phrase or of a share keeps: the text of a SECRET_CARD (lib/job.h).
 */
#ifndef WORKER_CARD_H
#define WORKER_CARD_H

#include "agent/worker/worker.h"

#define CARD_MAX 1024

/* One share of a set. */
struct card_share {
	unsigned number; /* from 1 */
	unsigned threshold;
	unsigned count;
	struct span words;
	const char *check;
};

/* Into out, reserved by the caller. */
MUST enum err card_of_phrase(const struct worker *w, struct span root, struct sec *out);
MUST enum err card_of_share(
    const struct worker *w, struct span root, const struct card_share *s, struct sec *out);

#endif
