/*
 * gather.h - shares of the recovery phrase, as a person types them, until they are enough.
 */
#ifndef WORKER_GATHER_H
#define WORKER_GATHER_H

#include "agent/worker/slip39.h"

struct gather {
	struct slip39_set set;
	bool accepted; /* what was taken last is in the set */
};

/* Is this for gather_take, and not the 24 words?  When there is a share, all that follows is. */
bool gather_is_share(const struct gather *g, struct span typed);
/* One share.  ERR_OK: *root (reserved by the caller) has the 32 bytes.  ERR_SHARE_FEW: more are
 * needed, accepted says whether this was one.  All else is about this share (*bad = index of the
 * word), and the set is as before; only ERR_SHARE_FORGED empties it, as nobody can say which one
 * of its shares is not right. */
MUST enum err gather_take(struct gather *g, struct span typed, struct sec *root, size_t *bad);
/* Shares so far, and how many more at least; 0 and 0 before the first. */
void gather_progress(const struct gather *g, uint64_t *have, uint64_t *need);
/* Forget them. */
void gather_done(struct gather *g);

#endif
