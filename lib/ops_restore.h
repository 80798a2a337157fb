/*
 * ops_restore.h - operations that bring back what is in a backup (part of ops.h).
 *
 * restore.open takes the file and a key over secret.sock (OPS_EV_NEED_FILE) and holds what stands
 * in it, sealed, in memory; restore.compare says how that differs from the vault that is open;
 * restore.commit makes a vault of it, or adds it to the one that is open; restore.close forgets it.
 * One at a time, for the connection that opened it.
 */
#ifndef LIB_OPS_RESTORE_H
#define LIB_OPS_RESTORE_H

#include "lib/wire.h"

struct ops_restore_open {
	uint64_t has;
	bool live_key; /* the open vault gives its own backup passphrases */
};
struct ops_restore_open_rep {
	uint64_t has;
	uint64_t handle;
	uint64_t created; /* unix seconds; 0 = not said */
	struct span vault_id;
	uint64_t generation;	 /* of the vault then */
	struct span fingerprint; /* of the newest recovery phrase in it; absent = none */
	uint64_t seed;		 /* its generation */
	uint64_t identities, secrets, others;
	uint64_t size; /* of the file */
	struct span hash;
	bool phrase;   /* opened with the phrase, which will be a way in */
	bool compares; /* there is an open vault to compare with */
	bool other;    /* ... of another recovery phrase */
	bool known;    /* it is in the list of backups of that vault */
};
extern const struct wire_map ops_restore_open_map, ops_restore_open_rep_map;

struct ops_restore_sel {
	uint64_t has;
	uint64_t handle;
	uint64_t cursor; /* compare: 0, or what the last page said */
	bool elsewhere;	 /* close: the file is not on the disk of the vault */
};
enum ops_restore_state {
	OPS_RESTORE_DIFFERS,
	OPS_RESTORE_BACKUP_ONLY,
	OPS_RESTORE_HERE_ONLY,
	OPS_RESTORE_SEED /* a seed of the vault that is not in the backup */
};
struct ops_restore_row {
	uint64_t has;
	uint64_t state;
	uint64_t kind; /* 1 key, 2 secret, ...; 0 = a seed */
	struct span label;
	bool newer;   /* made or changed here after the backup */
	bool removed; /* was removed here */
};
#define OPS_RESTORE_ROWS 128
struct ops_restore_compare_rep {
	uint64_t has;
	struct wire_list rows; /* what differs */
	uint64_t same;	       /* so many do not, on this page */
	uint64_t next;	       /* cursor; absent = this was the last page */
};
extern const struct wire_map ops_restore_sel_map, ops_restore_row_map, ops_restore_compare_rep_map;

struct ops_restore_commit {
	uint64_t has;
	uint64_t handle;
	/* no vault here: as in init */
	uint64_t ways;
	struct span token;
	struct span token_label;
	bool no_pin;
	bool and_pass;
	bool one_way_in;
	uint64_t argon_m, argon_t;
	bool force;
	/* into the vault that is open */
	bool merge;
	bool secrets_only;
	uint64_t proof; /* enum ops_way bits */
	struct span proof_label;
};
struct ops_restore_commit_rep {
	uint64_t has;
	struct span vault_id;
	struct span path;
	struct span note;
	uint64_t added;	 /* items */
	uint64_t both;	 /* items that differ: the one of the backup has another name */
	uint64_t same;	 /* items that were here */
	uint64_t seeds;	 /* seeds that were added */
	uint64_t passed; /* items left out on request */
};
extern const struct wire_map ops_restore_commit_map, ops_restore_commit_rep_map;

struct ops_restore_close_rep {
	uint64_t has;
	uint64_t verified; /* unix seconds: it was compared, and lacks nothing it could have */
	bool known;	   /* and this is remembered in the list of backups */
};
extern const struct wire_map ops_restore_close_rep_map;

#endif
