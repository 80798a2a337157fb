/*
 * restore.h - what was brought back and is not in a vault yet: records, each sealed as it came
 * under the key of a vault that is being made (newvault.h).  From a backup now; whoever makes
 * records of another source (the phrase alone) fills made.body in the same way.
 *
 *	restore_new -> restore_take for each event of the worker -> restore_compare, restore_merge
 *	or newvault_* with made -> restore_free
 */
#ifndef AGENT_VAULT_RESTORE_H
#define AGENT_VAULT_RESTORE_H

#include "agent/vault/newvault.h"

struct restore {
	struct newvault made;
	/* what the backup says of itself */
	uint8_t vault_id[16];
	uint64_t created;    /* unix seconds; 0 = it does not say */
	uint64_t generation; /* of the vault then */
	uint8_t hash[32];    /* SHA-256 of the file */
	uint64_t size;
	struct sec rec; /* the phrase opened it: factor for made.phrase_id; else empty */
	/* compared from the first to the last page: what it lacks of the vault, though older */
	uint64_t cursor; /* the page that comes next */
	uint64_t lacks;
	bool compared;
};

/* ERR_NOMEM. */
MUST enum err restore_new(struct restore **out);
void restore_free(struct restore *r); /* wipes; NULL is fine */
/* HEAD, SEED, VALUE, ITEM or the RESULT of WORKER_BACKUP_OPEN.  ERR_BACKUP_FORMAT. */
MUST enum err restore_take(struct restore *r, const struct worker_event *ev);

/* ---- restore_compare.c ---- */
/* A vault: what is open, or a copy of it. */
struct restore_side {
	const struct body *body;
	struct span vrk;
};
/* Is a seed of one generation different here and there? */
MUST enum err restore_is_other(
    const struct restore *r, const struct restore_side *live, bool *other);
/* The item of live that `it` (of the backup) stands for, by id, else by kind and label.
 * ERR_NOTFOUND. */
MUST enum err restore_find(
    const struct restore_side *live, const struct item *it, struct item *mine);
/* All but revision and time of change is the same, the secret too. */
MUST enum err restore_is_same(const struct restore *r, const struct restore_side *live,
    const struct item *it, const struct item *mine, bool *same);
/* A page from cursor on: at most OPS_RESTORE_ROWS rows; *next 0 at the end. */
struct restore_page {
	uint64_t cursor;
	struct ops_restore_row *row;
	size_t n;
	uint64_t same;
	uint64_t next;
};
MUST enum err restore_compare(
    struct restore *r, const struct restore_side *live, struct restore_page *p);

/* ---- restore_merge.c ---- */
struct restore_merge {
	struct span vrk;   /* of the vault it goes into */
	bool secrets_only; /* nothing that is derived from a seed */
	uint64_t added, both, same, seeds, passed;
};
/* Add to `into` (a copy of what is open) what it lacks; nothing in it is replaced or removed.
 * Doing it twice changes nothing more.  ERR_BACKUP_OTHER; after an error `into` is of no use. */
MUST enum err restore_merge(const struct restore *r, struct body *into, struct restore_merge *m);

#endif
