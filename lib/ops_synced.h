/*
 * ops_synced.h - copies of one vault that were changed apart (part of ops.h).
 */
#ifndef LIB_OPS_SYNCED_H
#define LIB_OPS_SYNCED_H

#include "lib/wire.h"

/* A sentence for people. */
struct ops_note {
	uint64_t has;
	struct span text;
};
/* vault.merge: join another copy of the vault with the one that is open. */
struct ops_vault_merge {
	uint64_t has;
	struct span name;  /* of the file, beside the vault (agent/door/beside.h) */
	bool take;	   /* else: list what would be taken */
	uint64_t way;	   /* enum ops_way bits, of the way in to open it and to prove with */
	struct span label; /* name of that way in */
	struct span token; /* device */
	bool force;	   /* PIN although few tries are left */
};
struct ops_vault_merge_rep {
	uint64_t has;
	struct wire_list notes;
	uint64_t came;	    /* things that are new, newer or removed in the other copy */
	uint64_t conflicts; /* changed in both: kept twice */
	bool other_line;    /* from before or after a way in was removed or renewed */
};
extern const struct wire_map ops_note_map, ops_vault_merge_map, ops_vault_merge_rep_map;

#endif
