/*
 * vaultfile.h - the whole file in memory: open, rewrite, append (DESIGN 6).
 *
 * Everything takes VRK as a span into the arena and the time as a parameter.  Nothing in memory
 * changes before the caller says that the bytes are durable (vaultfile_commit).
 */
#ifndef AGENT_VAULT_VAULTFILE_H
#define AGENT_VAULT_VAULTFILE_H

#include "agent/vault/body.h"
#include "agent/vault/delta.h"
#include "agent/vault/journal.h"
#include "agent/vault/outer.h"

/* The file as it is on disk. */
struct vaultfile_state {
	struct journal_pos last; /* generation and hash: `seen` has these; a record goes behind */
	uint64_t size_valid;	 /* the next record goes here; more on disk is a torn tail */
	uint64_t journal_len;
	uint64_t body_len;
	bool torn; /* the last change was not written completely and was dropped */
};

/*
 * Open the body and replay the journal.  o: from outer_parse of the same bytes; vrk: from one of
 * its slots.  On failure *b is empty.
 * ERR_VAULT_HEADER: the box does not belong to this head (edited head, swapped slots, a slot or
 * body of another file).  ERR_VAULT_GENERATION: it opens, and says another generation than the
 * head.
 * ERR_VAULT_DAMAGED: tag, padding, CBOR, or a complete record of the journal.  ERR_NOMEM.
 */
MUST enum err vaultfile_open(struct span file, const struct outer *o, struct span vrk,
    struct body *b, struct vaultfile_state *st);

/* Is this the trailer, or the hash of a record of this file?  Then it goes on from there.  Needs no
 * key: record by record, as the chain says. */
bool vaultfile_passes(struct span file, const struct outer *o, const uint8_t hash[32]);

/* What a rewrite makes; vaultfile_new_done frees. */
struct vaultfile_new {
	struct buf bytes; /* the whole file */
	struct vaultfile_state st;
	uint64_t saved_at;
};
/* Build the file anew: generation of *b + 1, no journal.  o and b stay as they are.  (The first
 * file is of generation 1, from an empty body.) */
MUST enum err vaultfile_build(const struct outer *o, struct span vrk, const struct body *b,
    uint64_t saved_at, struct vaultfile_new *nv);
/* It is durable: move o, b and st to what was written. */
void vaultfile_commit(
    struct outer *o, struct body *b, struct vaultfile_state *st, const struct vaultfile_new *nv);
void vaultfile_new_done(struct vaultfile_new *nv);

/*
 * One record with this delta (delta_encode) into *record (appended).  *next: the state once it is
 * durable at st->size_valid.  Then: body_apply(b, delta, next->last.generation) and *st = *next.
 * A delta that body_apply would refuse is refused here.
 */
MUST enum err vaultfile_append(struct span vrk, const struct vaultfile_state *st, struct span delta,
    struct buf *record, struct vaultfile_state *next);

/* Length that the body's plaintext of n bytes (4 + CBOR) is padded to. */
size_t vaultfile_padded(size_t n);

#endif
