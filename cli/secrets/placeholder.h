/*
 * placeholder.h - what a search finds while nobody can know (DESIGN 10): one item that says it is
 * locked, and stands for whatever the same search finds after Unlock.
 *
 * A client that is told "no such item" makes a new key and deletes what the old one had sealed.  So
 * the answer to every search is a path of our own, .../collection/C/locked_N, that remembers the
 * query.  When the vault is open, it is the first entry that the query finds, for as long as the
 * client is on the bus; if there is none, it is gone then (NoSuchObject), which is true.  An
 * onlooker learns that somebody asked, and nothing of what is in the vault: each query has one.
 */
#ifndef CLI_SECRETS_PLACEHOLDER_H
#define CLI_SECRETS_PLACEHOLDER_H

#include "cli/secrets/store.h"

#define PLACEHOLDERS_MAX      16384
#define PLACEHOLDERS_PER_PEER 1024 /* the same query has the same number again */

struct placeholder {
	uint64_t number;
	struct store_query query; /* ours */
};
struct placeholders;
MUST enum err placeholders_new(struct placeholders **out);
void placeholders_done(struct placeholders *p);
/* The one for this query; ERR_LIMIT (never in place of one that still stands for something),
 * ERR_NOMEM. */
MUST enum err placeholders_get(struct placeholders *p, struct peer *who,
    const struct store_query *q, const struct placeholder **out);
/* The vault is open: those that there are need not be kept for ever. */
void placeholders_opened(struct placeholders *p);
/* NULL when there is none with that number. */
const struct placeholder *placeholders_find(const struct placeholders *p, uint64_t number);
/* What it stands for now: NULL when locked, or when there is none. */
const struct entry *placeholder_entry(const struct placeholder *h, const struct store *s);
void placeholders_forget(struct placeholders *p, const struct peer *who);

#endif
