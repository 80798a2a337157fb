/* ops_copies.c - the field tables of ops_copies.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_copy_fields[] = {
	WIRE_F(ops_copy, 1, TEXT, 0, path, 1, 1023, "folder; of this machine's own copy: file"),
	WIRE_F(ops_copy, 2, UINT, WF_OPT | WF_TIME, time, 0, UINT64_MAX, "last good copy"),
	WIRE_F(ops_copy, 3, UINT, WF_OPT, generation, 0, UINT64_MAX, "of that copy"),
	WIRE_F(ops_copy, 4, UINT, WF_OPT, err, 0, 65535, "error number of the last try"),
	WIRE_F(ops_copy, 5, BOOL, WF_OPT, current, 0, 1, "it is the newest version"),
	WIRE_F(ops_copy, 6, BOOL, WF_OPT, older, 0, 1,
	    "of an earlier line: a way in that was removed still opens it"),
	WIRE_F(ops_copy, 7, BOOL, WF_OPT, same_disk, 0, 1, "on the vault's own file system"),
	WIRE_F(ops_copy, 8, BOOL, WF_OPT, local, 0, 1, "this machine's own"),
};
const struct wire_map ops_copy_map = { "copy", sizeof(struct ops_copy), ops_copy_fields,
	N(ops_copy_fields), false, 0 };

static const struct wire_field ops_backup_copies_fields[] = {
	WIRE_F(ops_backup_copies, 1, BOOL, WF_OPT, run, 0, 1, "copy now"),
};
const struct wire_map ops_backup_copies_map = { "backup-copies", sizeof(struct ops_backup_copies),
	ops_backup_copies_fields, N(ops_backup_copies_fields), false, 0 };

static const struct wire_field ops_backup_copies_rep_fields[] = {
	WIRE_S(ops_backup_copies_rep, 1, LIST, 0, copies, &ops_copy_map, 17, "one a folder"),
};
const struct wire_map ops_backup_copies_rep_map = { "backup-copies-reply",
	sizeof(struct ops_backup_copies_rep), ops_backup_copies_rep_fields,
	N(ops_backup_copies_rep_fields), false, 0 };
