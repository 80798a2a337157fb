/*
 * ops_copies.h - copies of the sealed vault in other folders (part of ops.h).
 */
#ifndef LIB_OPS_COPIES_H
#define LIB_OPS_COPIES_H

#include "lib/wire.h"

struct ops_copy {
	uint64_t has;
	struct span path;
	uint64_t time;	     /* of the last good copy; absent = none */
	uint64_t generation; /* of that */
	uint64_t err;	     /* of the last try */
	bool current;	     /* it is the newest version of the vault */
	bool older;	     /* of an earlier line: ways in that were removed since still open it */
	bool same_disk;	     /* it is on the vault's own file system */
	bool local;	     /* this machine's own, in the state folder */
};
struct ops_backup_copies {
	uint64_t has;
	bool run; /* copy now */
};
struct ops_backup_copies_rep {
	uint64_t has;
	struct wire_list copies;
};
extern const struct wire_map ops_copy_map, ops_backup_copies_map, ops_backup_copies_rep_map;

#endif
