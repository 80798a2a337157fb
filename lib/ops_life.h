/*
 * ops_life.h - operations on the life of keys: rotated, revoked, reseeded (part of ops.h).
 */
#ifndef LIB_OPS_LIFE_H
#define LIB_OPS_LIFE_H

#include "lib/wire.h"

struct ops_id_change {
	uint64_t has;
	struct span label; /* path of one key, or of an account: all its keys */
	uint64_t proof;	   /* enum ops_way bits */
	struct span proof_label;
	bool force;
	bool succession; /* sign the change in the identity's log: asks for the phrase; rotate,
			    revoke.  Without, a rotation is owed to the log (succession.sign). */
	bool look;	 /* change nothing: what would come of it? */
};
struct ops_step {
	uint64_t has;
	struct span text;
};
struct ops_id_change_rep {
	uint64_t has;
	struct wire_list items; /* ops_item, as they are now */
	uint64_t exposed;   /* the newest seed may be known to others, too: rotating is no help */
	struct span advice; /* what contacts will see */
	struct wire_list steps; /* ops_step: what to do next, in this order */
	bool owed;		/* the log of the identity does not say so yet */
};
extern const struct wire_map ops_id_change_map, ops_step_map, ops_id_change_rep_map;

struct ops_reseed {
	uint64_t has;
	bool new_phrase; /* another recovery phrase; else the next generation of the same one */
	bool card;	 /* the client prints the new phrase: it is not typed back now */
	uint64_t proof;
	struct span proof_label;
	bool force;
};
struct ops_reseed_rep {
	uint64_t has;
	uint64_t generation;
	struct span fingerprint; /* 4, of the phrase */
	uint64_t identities;	 /* that still use an older seed */
};
extern const struct wire_map ops_reseed_map, ops_reseed_rep_map;

#endif
