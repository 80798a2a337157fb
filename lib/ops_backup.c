/* ops_backup.c - the field tables of ops_backup.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_recipient_fields[] = {
	WIRE_F(ops_recipient, 1, TEXT, 0, text, 1, 255, "age1..."),
};
const struct wire_map ops_recipient_map = { "recipient", sizeof(struct ops_recipient),
	ops_recipient_fields, N(ops_recipient_fields), false, 0 };

static const struct wire_field ops_backup_create_fields[] = {
	WIRE_S(ops_backup_create, 1, LIST, WF_OPT, recipients, &ops_recipient_map, OPS_RECIPIENTS,
	    "who can open it; none: who has the backup passphrase"),
	WIRE_F(ops_backup_create, 2, BOOL, WF_OPT, armor, 0, 1, "as text"),
	WIRE_F(ops_backup_create, 3, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(
	    ops_backup_create, 4, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_backup_create, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_backup_create_map = { "backup-create", sizeof(struct ops_backup_create),
	ops_backup_create_fields, N(ops_backup_create_fields), false, 0 };

static const struct wire_field ops_backup_create_rep_fields[] = {
	WIRE_F(ops_backup_create_rep, 1, UINT, 0, handle, 1, UINT32_MAX, "to read it by"),
	WIRE_F(ops_backup_create_rep, 2, UINT, WF_TIME, created, 0, UINT64_MAX, "now"),
	WIRE_F(ops_backup_create_rep, 3, UINT, 0, generation, 0, UINT64_MAX, "of the vault"),
	WIRE_F(ops_backup_create_rep, 4, UINT, WF_OPT, seed, 0, UINT32_MAX,
	    "generation of its passphrase"),
	WIRE_F(ops_backup_create_rep, 5, UINT, WF_OPT, identities, 0, UINT32_MAX, "keys in it"),
	WIRE_F(ops_backup_create_rep, 6, UINT, WF_OPT, secrets, 0, UINT32_MAX, "secrets in it"),
};
const struct wire_map ops_backup_create_rep_map = { "backup-created",
	sizeof(struct ops_backup_create_rep), ops_backup_create_rep_fields,
	N(ops_backup_create_rep_fields), false, 0 };

static const struct wire_field ops_backup_read_fields[] = {
	WIRE_F(ops_backup_read, 1, UINT, 0, handle, 1, UINT32_MAX, "from backup.create"),
};
const struct wire_map ops_backup_read_map = { "backup-read", sizeof(struct ops_backup_read),
	ops_backup_read_fields, N(ops_backup_read_fields), false, 0 };

static const struct wire_field ops_backup_read_rep_fields[] = {
	WIRE_F(ops_backup_read_rep, 1, BYTES, WF_OPT, data, 0, OPS_BACKUP_PIECE, "of the age file"),
	WIRE_F(ops_backup_read_rep, 2, BOOL, WF_OPT, end, 0, 1, "that was all"),
};
const struct wire_map ops_backup_read_rep_map = { "backup-piece",
	sizeof(struct ops_backup_read_rep), ops_backup_read_rep_fields,
	N(ops_backup_read_rep_fields), false, 0 };

static const struct wire_field ops_backup_done_fields[] = {
	WIRE_F(ops_backup_done, 1, UINT, 0, handle, 1, UINT32_MAX, "from backup.create"),
	WIRE_F(ops_backup_done, 2, TEXT, WF_OPT, where, 1, 1023, "file name, for people"),
	WIRE_F(ops_backup_done, 3, BOOL, WF_OPT, here, 0, 1, "on the disk of the vault"),
};
const struct wire_map ops_backup_done_map = { "backup-done", sizeof(struct ops_backup_done),
	ops_backup_done_fields, N(ops_backup_done_fields), false, 0 };

static const struct wire_field ops_backup_fields[] = {
	WIRE_F(ops_backup, 1, UINT, WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(ops_backup, 2, BYTES, WF_HEX, hash, 32, 32, "SHA-256 of the file"),
	WIRE_F(ops_backup, 3, UINT, WF_OPT, size, 0, UINT64_MAX, "bytes"),
	WIRE_F(ops_backup, 4, UINT, WF_OPT, generation, 0, UINT64_MAX, "of the vault"),
	WIRE_F(ops_backup, 5, UINT, WF_OPT, seed, 0, UINT32_MAX, "generation of its passphrase"),
	WIRE_F(ops_backup, 6, UINT, WF_OPT, recipients, 0, OPS_RECIPIENTS, "0: passphrase"),
	WIRE_F(ops_backup, 7, TEXT, WF_OPT, where, 1, 1023, "file name"),
	WIRE_F(ops_backup, 8, UINT, WF_OPT | WF_TIME, verified, 0, UINT64_MAX,
	    "last opened and compared"),
	WIRE_F(ops_backup, 9, BOOL, WF_OPT, here, 0, 1, "on the disk of the vault"),
};
const struct wire_map ops_backup_map = { "backup-row", sizeof(struct ops_backup), ops_backup_fields,
	N(ops_backup_fields), false, 0 };

static const struct wire_field ops_backup_list_rep_fields[] = {
	WIRE_S(ops_backup_list_rep, 1, LIST, 0, backups, &ops_backup_map, 64, "the newest first"),
};
const struct wire_map ops_backup_list_rep_map = { "backups", sizeof(struct ops_backup_list_rep),
	ops_backup_list_rep_fields, N(ops_backup_list_rep_fields), false, 0 };

static const struct wire_field ops_passphrase_fields[] = {
	WIRE_F(ops_passphrase, 1, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_passphrase, 2, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_passphrase, 3, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_passphrase_map = { "backup-passphrase", sizeof(struct ops_passphrase),
	ops_passphrase_fields, N(ops_passphrase_fields), false, 0 };

static const struct wire_field ops_passphrase_rep_fields[] = {
	WIRE_F(ops_passphrase_rep, 1, TEXT, WF_SECRET, passphrase, 1, 255, "ten words"),
	WIRE_F(ops_passphrase_rep, 2, UINT, WF_OPT, generation, 0, UINT32_MAX, "of the phrase"),
};
const struct wire_map ops_passphrase_rep_map = { "backup-words", sizeof(struct ops_passphrase_rep),
	ops_passphrase_rep_fields, N(ops_passphrase_rep_fields), false, 0 };
