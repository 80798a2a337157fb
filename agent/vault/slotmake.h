/*
 * slotmake.h - ways in are made, renewed and rewrapped (DESIGN 4, 6).
 */
#ifndef AGENT_VAULT_SLOTMAKE_H
#define AGENT_VAULT_SLOTMAKE_H

#include "agent/vault/way.h"

/* A new slot: id, salts, day; the caller sets factors and what belongs to them. */
void slotmake_new(struct slot *s, uint64_t now);
/* With its factors: xp, wrap 0; put in place i of o; auth is for its note. */
struct slotmake_seal {
	const struct keys_factors *factors;
	struct span vrk;
	uint8_t auth[32]; /* out; the caller wipes it */
};
MUST enum err slotmake_seal(struct outer *o, int i, struct slot *s, struct slotmake_seal *k);
/* Wrap a new VRK for slot i: with prk (wrap 0), or without (prk NULL: deferred, by its note). */
MUST enum err slotmake_rewrap(
    struct outer *o, const struct body *b, int i, const struct sec *prk, struct span vrk);
/* The note of a new or renewed slot. */
struct slotmake_note {
	const uint8_t *id;
	const uint8_t *auth;
	struct span label;
	struct span aaguid; /* token only */
	uint64_t now;
};
MUST enum err slotmake_put_note(struct body *b, const struct slotmake_note *n);

/*
 * A new line (DESIGN 6): a fresh VRK, everything resealed in *b (a clone), all slots of *o (a copy)
 * rewrapped: at_hand with its prk, the others deferred; the old t joins the lines.
 */
struct slotmake_line {
	struct outer *outer;
	struct body *body;
	struct sec vrk; /* the new one; empty before */
};
/* Seal what is sealed in l->body under another VRK, old, for l->vrk. */
MUST enum err slotmake_reseal(struct slotmake_line *l, struct span old);
MUST enum err slotmake_new_line(
    struct vault *v, struct slotmake_line *l, int at_hand, const struct sec *prk);

/* Sealed parts of a generation: seed_g under "seedbox", passphrase of backups under "backup". */
MUST enum err slotmake_seal_backup(struct span vrk, uint32_t g, struct span text, struct buf *box);
MUST enum err slotmake_open_backup(struct span vrk, uint32_t g, struct span box, struct sec *text);

#endif
