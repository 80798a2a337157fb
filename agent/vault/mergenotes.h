/*
 * mergenotes.h - what a person hears of copies that were merged: sentences, at most 64 of them.
 */
#ifndef AGENT_VAULT_MERGENOTES_H
#define AGENT_VAULT_MERGENOTES_H

#include "agent/vault/merge.h"
#include "lib/ops.h"

#define MERGENOTES_MOST 64

struct mergenotes {
	struct buf text; /* one behind the other */
	size_t end[MERGENOTES_MOST];
	size_t n, more;	      /* more: sentences that there was no room for */
	size_t came, removed; /* things that another copy had; that it had removed */
	size_t conflicts;     /* kept twice */
	size_t copies;	      /* that were merged */
};
void mergenotes_done(struct mergenotes *m);
/* printf. */
void mergenotes_say(struct mergenotes *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What one merge changed. */
void mergenotes_report(struct mergenotes *m, const struct merge_report *r);
/* One sentence for all of it, in front of the others; "" when nothing changed. */
void mergenotes_sum(const struct mergenotes *m, char *out, size_t cap);
/* All as rows of a reply, borrowed from m and sum; rows has room for MERGENOTES_MOST + 2. */
size_t mergenotes_rows(const struct mergenotes *m, struct span sum, struct ops_note *rows);
/* Move what from has behind what to has. */
void mergenotes_move(struct mergenotes *to, struct mergenotes *from);

#endif
