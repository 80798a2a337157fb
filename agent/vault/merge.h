/*
 * merge.h - two copies of one vault that were changed apart become one again (DESIGN 6).  Pure: no
 * files, no clocks.  Both must be of one line: the same VRK opens both.
 *
 * The result depends on what is in the copies, not on which is which, in which order several are
 * merged or how often: merge(a, b) = merge(b, a), merge(a, merge(b, c)) = merge(merge(a, b), c),
 * merge(a, a) = a, all in content (merge_digest).  One exception: a copy in which one item was
 * changed more than eight times since another copy was made does not remember that copy's revision,
 * which is then kept as a conflict, for nothing: too much is kept, depending on the order, never
 * too little.
 *
 * Rules (ownkey-vault(5), MERGING):
 *   items with a secret of their own, contacts, logs: a revision that is in the history of another
 *     one, or that a tombstone knows, is gone.  Of those left, the highest rev (then the bytewise
 *     greatest rev_id) is the item; the others become items of their own: id = conflict_id, label
 *     with " (conflict 1a2b3c4d)", until somebody edits or removes them, or the winner is removed:
 *     then the next one takes its place and name.
 *   derived keys: never a conflict, never removed: joined by path, field by field.
 *   ways in: all of both, but those that a tombstone names; wrap 0 before wrap 1.
 *   everything else: rows of both; of numbers the greater one.
 *
 * Whoever opens a vault (store.c):
 *   1. Have two files of one vault: the one under the vault's name, and another beside it (what a
 *      synchronising program set aside; vault.prev that is of this line).  A generation that is
 *      ahead does not say that a file has what another one has: merge whenever there are two.
 *      outer_parse both; the VRK of one opens the body of the other, or they are of two lines
 *      (ERR_VAULT_HEADER from vaultfile_open): not for this function.
 *   2. merge_copies(), into an empty outer and body.
 *   3. merge_digest() of the result and of the copy under the vault's name.  Equal: write nothing,
 *      whatever the generations say, and go on with that copy.  Else store_rewrite() with outer and
 *      body of the result, the VRK stays: vaultfile_build makes it of generation max + 1, which
 *      both machines take for later than what they have seen.
 *   4. Show the rows of the report.  Then the other file may go: the result has all of it.
 * Two machines that both do this end with the same content and stop.
 */
#ifndef AGENT_VAULT_MERGE_H
#define AGENT_VAULT_MERGE_H

#include "agent/vault/body.h"
#include "agent/vault/outer.h"

#define MERGE_ROWS 4096 /* of a report; the counts go on */

struct merge_copy {
	const struct outer *outer;
	const struct body *body;
};

struct merge_in {
	struct merge_copy ours, theirs; /* which is which matters to the report only */
	struct span vrk;
};

enum merge_event {
	MERGE_ADDED,	       /* item of the other copy */
	MERGE_CHANGED,	       /* item: the other copy has a later revision */
	MERGE_JOINED,	       /* key of an identity: changed or added on both sides, joined */
	MERGE_CONFLICT_OURS,   /* changed on both sides: ours stays, theirs is kept under label */
	MERGE_CONFLICT_THEIRS, /* ... theirs won, ours is kept under label */
	MERGE_SETTLED,	       /* the conflict under this label is over */
	MERGE_REMOVED,	       /* item: removed on the other copy */
	MERGE_KEPT,	       /* removed on one side, but the other one has something newer */
	MERGE_SAME_NAME,       /* two different items have this label now */
	MERGE_SLOT_ADDED,
	MERGE_SLOT_REMOVED,
	MERGE_SEED,    /* generation of the phrase; label is its number */
	MERGE_VALUE,   /* another record, changed on both sides; label: number of its key */
	MERGE_DROPPED, /* old rows of such a record that there is no room for */
	MERGE_EVENTS
};
/* "taken from the other copy" and so on: a sentence whose subject is the label. */
const char *merge_event_text(enum merge_event what);

struct merge_row {
	enum merge_event what;
	size_t at, len; /* label in text */
};
struct merge_report {
	size_t count[MERGE_EVENTS];
	struct merge_row *row; /* the first MERGE_ROWS of them */
	size_t n, cap;
	struct buf text;
};
void merge_report_done(struct merge_report *r);
static inline struct span
merge_label(const struct merge_report *r, size_t i)
{
	return span_sub(buf_span(&r->text), r->row[i].at, r->row[i].len);
}

/*
 * *body (empty before) and *outer (neither of the inputs) become deep copies of the merged content;
 * generation and saved_at are the greater of both; *rep (zero bytes before) says what a person
 * should hear.  On failure *body is empty, and the inputs are as they were, always.
 * ERR_MERGE_LINES: not copies of one line of one vault.  ERR_MERGE_SEEDS: two recovery phrases for
 * one generation.  ERR_MERGE_SLOTS: more than sixteen ways in.  ERR_LIMIT: more than BODY_ITEMS.
 * ERR_NOMEM; ERR_VAULT_KEY, ERR_VAULT_DAMAGED when a secret that must be sealed anew does not open.
 */
MUST enum err merge_copies(
    const struct merge_in *in, struct outer *outer, struct body *body, struct merge_report *rep);
/* SHA-256 of the content: without generations, times of writing, nonces of what is sealed. */
MUST enum err merge_digest(const struct merge_copy *c, struct span vrk, uint8_t digest[32]);
MUST enum err merge_same(
    const struct merge_copy *a, const struct merge_copy *b, struct span vrk, bool *same);

/* Id under which a revision of an item is kept when another one wins: the first 16 bytes of
 * SHA-256("ownkey1 conflict" || id || rev_id). */
void merge_conflict_id(const uint8_t id[16], const uint8_t rev_id[16], uint8_t out[16]);

#endif
