/*
 * ops_backup.h - operations that make and list backups (part of ops.h).
 *
 * A backup is an age file.  backup.create proves the person and begins one; backup.read hands it
 * out piece by piece, at the pace of the client; backup.done tells the vault that it lies somewhere
 * safe, so that `status` counts what is in it as kept twice.
 */
#ifndef LIB_OPS_BACKUP_H
#define LIB_OPS_BACKUP_H

#include "lib/wire.h"

#define OPS_BACKUP_PIECE (128 * 1024)
#define OPS_RECIPIENTS	 32

struct ops_backup_create {
	uint64_t has;
	struct wire_list recipients; /* ops_recipient; empty: the backup passphrase alone */
	bool armor;
	uint64_t proof; /* enum ops_way bits */
	struct span proof_label;
	bool force;
};
struct ops_recipient {
	uint64_t has;
	struct span text; /* age1... */
};
struct ops_backup_create_rep {
	uint64_t has;
	uint64_t handle;
	uint64_t created;    /* unix seconds */
	uint64_t generation; /* of the vault */
	uint64_t seed;	     /* generation whose passphrase opens it */
	uint64_t identities, secrets;
};
extern const struct wire_map ops_backup_create_map, ops_recipient_map, ops_backup_create_rep_map;

struct ops_backup_read {
	uint64_t has;
	uint64_t handle;
};
struct ops_backup_read_rep {
	uint64_t has;
	struct span data; /* at most OPS_BACKUP_PIECE */
	bool end;	  /* that was all */
};
extern const struct wire_map ops_backup_read_map, ops_backup_read_rep_map;

struct ops_backup_done {
	uint64_t has;
	uint64_t handle; /* all of it was read */
	struct span where;
	bool here; /* on the disk of the vault: it does not count as kept twice */
};
struct ops_backup {
	uint64_t has;
	uint64_t created;
	struct span hash; /* SHA-256 of the file */
	uint64_t size;
	uint64_t generation;
	uint64_t seed;
	uint64_t recipients; /* 0 = passphrase */
	struct span where;
	uint64_t verified; /* unix seconds */
	bool here;
};
struct ops_backup_list_rep {
	uint64_t has;
	struct wire_list backups; /* the newest first */
};
extern const struct wire_map ops_backup_done_map, ops_backup_map, ops_backup_list_rep_map;

struct ops_passphrase {
	uint64_t has;
	uint64_t proof;
	struct span proof_label;
	bool force;
};
struct ops_passphrase_rep {
	uint64_t has;
	struct span passphrase;
	uint64_t generation;
};
extern const struct wire_map ops_passphrase_map, ops_passphrase_rep_map;

#endif
