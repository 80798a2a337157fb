/*
 * ops_rebuild.h - operations that rebuild a vault from the recovery phrase alone (part of ops.h).
 *
 * rebuild.open asks for the phrase; rebuild.preview shows what an account's public keys would be in
 * each generation and epoch, so that the person recognises theirs; rebuild.add takes it;
 * rebuild.commit enrols ways in and writes the vault.  Nothing is on the disk before.
 */
#ifndef LIB_OPS_REBUILD_H
#define LIB_OPS_REBUILD_H

#include "lib/wire.h"

#define OPS_REBUILD_GENERATIONS 8
#define OPS_REBUILD_EPOCHS	32

struct ops_rebuild_open_rep {
	uint64_t has;
	struct span fingerprint;   /* 4, of the phrase */
	struct wire_list services; /* ops_pair: name, what an account is */
};
extern const struct wire_map ops_rebuild_open_rep_map;

struct ops_rebuild_preview {
	uint64_t has;
	struct span service, account;
	uint64_t epochs; /* how many; absent = 3 */
};
extern const struct wire_map ops_rebuild_preview_map;

struct ops_rebuild_epoch {
	uint64_t has;
	uint64_t epoch, generation;
};
struct ops_rebuild_add {
	uint64_t has;
	struct span service, account;
	struct wire_list
	    epochs;	     /* ops_rebuild_epoch, ascending; the last is in use, others retired */
	struct span purpose; /* this key only; absent = all of the account */
};
extern const struct wire_map ops_rebuild_epoch_map, ops_rebuild_add_map;

struct ops_rebuild_commit {
	uint64_t has;
	uint64_t ways; /* as in init */
	struct span token, token_label;
	bool no_pin, and_pass, one_way_in;
	uint64_t argon_m, argon_t;
	bool force;
	uint64_t generation; /* at least up to this one, as printed on the card */
};
extern const struct wire_map ops_rebuild_commit_map;

#endif
