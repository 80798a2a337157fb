/*
 * delta.h - collects a change and encodes it as what a journal record carries: a partial body.
 *
 *	struct delta d = DELTA_INIT;
 *	delta_item(&d, &it);            // errors stick
 *	delta_encode(&d, now, &cbor);   // ERR_* of the first that failed
 *	delta_done(&d);
 *
 * Look at body_items() < BODY_ITEMS before adding.  Within one record, what is put stands over what
 * is removed.  Make the record (vaultfile_append), have it written, then body_apply the same bytes.
 */
#ifndef AGENT_VAULT_DELTA_H
#define AGENT_VAULT_DELTA_H

#include "agent/vault/body.h"

#define DELTA_KEYS (BODY_BACKUPS + 1)

struct delta {
	struct buf part[DELTA_KEYS]; /* encoded records by key of the body */
	size_t n[DELTA_KEYS];
	enum err err; /* the first */
};

#define DELTA_INIT ((struct delta){ 0 })

void delta_done(struct delta *d); /* wipes */
void delta_item(struct delta *d, const struct item *it);
void delta_note(struct delta *d, const struct slot_note *n);
void delta_seed(struct delta *d, const struct seed *s);
/* Removes the item or slot note with this id, and stays as a tombstone. */
void delta_tomb(struct delta *d, const struct tomb *t);
/* Replace a whole value: succession, audit, defaults, shares, backups (one CBOR item / message). */
void delta_raw(struct delta *d, enum body_key key, struct span value);
void delta_value(struct delta *d, enum body_key key, const struct wire_map *m, const void *st);
/* It is not replaced after all. */
void delta_keep(struct delta *d, enum body_key key);
static inline bool
delta_is_empty(const struct delta *d)
{
	size_t i, n = 0;

	for (i = 0; i < DELTA_KEYS; i++)
		n += d->n[i];
	return n == 0;
}
/* Append the CBOR.  The first error of all calls, ERR_TOOBIG beyond what one record may carry. */
MUST enum err delta_encode(const struct delta *d, uint64_t saved_at, struct buf *out);

#endif
