/*
 * ops_share.h - operations on shares and cards of the recovery phrase (part of ops.h).
 *
 * Words never come this way: they go between the worker and the person, over secret.sock
 * (lib/job.h).  What the vault keeps of a share is who holds it and the SHA-256 of its words.
 */
#ifndef LIB_OPS_SHARE_H
#define LIB_OPS_SHARE_H

#include "lib/wire.h"

#define OPS_SHARES     16 /* of one set: SLIP-39 knows no more */
#define OPS_SHARE_SETS 64
#define OPS_SHARE_CODE 8 /* hex digits that a holder reads out */

struct ops_share_create {
	uint64_t has;
	uint64_t threshold;	  /* so many open */
	struct wire_list holders; /* ops_holder: one a share, in order */
	uint64_t proof;		  /* enum ops_way bits */
	struct span proof_label;
	bool force;
};
struct ops_holder {
	uint64_t has;
	struct span label;
};
extern const struct wire_map ops_share_create_map, ops_holder_map;

struct ops_share {
	uint64_t has;
	uint64_t index; /* from 1 */
	struct span label;
	uint64_t confirmed; /* unix seconds: its holder read the code out; 0 = never */
};
struct ops_share_set {
	uint64_t has;
	uint64_t set; /* identifier that its shares carry */
	uint64_t threshold;
	uint64_t created; /* unix seconds */
	struct span fingerprint;
	bool current;		 /* of the phrase that is in use */
	struct wire_list shares; /* ops_share */
};
struct ops_share_list_rep {
	uint64_t has;
	struct wire_list sets;	 /* the newest first */
	struct span fingerprint; /* of the phrase that is in use */
	uint64_t generation;	 /* of its seed */
};
extern const struct wire_map ops_share_map, ops_share_set_map, ops_share_list_rep_map;

struct ops_share_check {
	uint64_t has;
	struct span code;  /* 8 hex digits, as the holder reads them out */
	struct span label; /* whose it should be; absent = anybody's */
};
struct ops_share_check_rep {
	uint64_t has;
	uint64_t set;
	uint64_t index;
	struct span label;
	bool current;	 /* of the phrase that is in use */
	uint64_t before; /* unix seconds: confirmed last; 0 = never */
};
struct ops_share_sel {
	uint64_t has;
	uint64_t set; /* the oldest with this number */
};
extern const struct wire_map ops_share_check_map, ops_share_check_rep_map, ops_share_sel_map;

/* phrase.card, phrase.check */
struct ops_phrase_rep {
	uint64_t has;
	struct span fingerprint; /* 4, of the phrase that was typed */
	uint64_t generation;	 /* of the card */
};
extern const struct wire_map ops_phrase_rep_map;

#endif
