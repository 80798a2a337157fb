/* ops_restore.c - the field tables of ops_restore.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define MAP(st, nm)                                                                              \
	const struct wire_map st##_map = { (nm), sizeof(struct st), st##_fields, N(st##_fields), \
		false, 0 }

static const struct wire_field ops_restore_open_fields[] = {
	WIRE_F(ops_restore_open, 1, BOOL, WF_OPT, live_key, 0, 1,
	    "try the backup passphrases of the open vault first"),
};
MAP(ops_restore_open, "restore-open");

static const struct wire_field ops_restore_open_rep_fields[] = {
	WIRE_F(ops_restore_open_rep, 1, UINT, 0, handle, 1, UINT32_MAX, "of what was read"),
	WIRE_F(ops_restore_open_rep, 2, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(ops_restore_open_rep, 3, BYTES, WF_OPT | WF_HEX, vault_id, 16, 16, "of vault"),
	WIRE_F(
	    ops_restore_open_rep, 4, UINT, WF_OPT, generation, 0, UINT64_MAX, "of that vault then"),
	WIRE_F(ops_restore_open_rep, 5, BYTES, WF_OPT | WF_HEX, fingerprint, 4, 4,
	    "of its newest recovery phrase"),
	WIRE_F(ops_restore_open_rep, 6, UINT, WF_OPT, seed, 0, UINT32_MAX, "newest generation"),
	WIRE_F(ops_restore_open_rep, 7, UINT, WF_OPT, identities, 0, UINT32_MAX, "keys in it"),
	WIRE_F(ops_restore_open_rep, 8, UINT, WF_OPT, secrets, 0, UINT32_MAX, "secrets in it"),
	WIRE_F(ops_restore_open_rep, 9, UINT, WF_OPT, others, 0, UINT32_MAX, "other items in it"),
	WIRE_F(ops_restore_open_rep, 10, UINT, WF_OPT, size, 0, UINT64_MAX, "bytes of the file"),
	WIRE_F(
	    ops_restore_open_rep, 11, BYTES, WF_OPT | WF_HEX, hash, 32, 32, "SHA-256 of the file"),
	WIRE_F(ops_restore_open_rep, 12, BOOL, WF_OPT, phrase, 0, 1,
	    "opened with the recovery phrase"),
	WIRE_F(ops_restore_open_rep, 13, BOOL, WF_OPT, compares, 0, 1,
	    "there is an open vault to compare with"),
	WIRE_F(ops_restore_open_rep, 14, BOOL, WF_OPT, other, 0, 1,
	    "that vault has another recovery phrase"),
	WIRE_F(ops_restore_open_rep, 15, BOOL, WF_OPT, known, 0, 1, "in the list of its backups"),
};
MAP(ops_restore_open_rep, "restore-opened");

static const struct wire_field ops_restore_sel_fields[] = {
	WIRE_F(ops_restore_sel, 1, UINT, 0, handle, 1, UINT32_MAX, "from restore.open"),
	WIRE_F(ops_restore_sel, 2, UINT, WF_OPT, cursor, 0, UINT64_MAX, "from the page before"),
	WIRE_F(ops_restore_sel, 3, BOOL, WF_OPT, elsewhere, 0, 1, "not on the disk of the vault"),
};
MAP(ops_restore_sel, "restore-handle");

static const struct wire_field ops_restore_row_fields[] = {
	WIRE_E(ops_restore_row, 1, 0, state, OPS_RESTORE_SEED,
	    "differs|backup-only|here-only|seed-here-only", "how it differs"),
	WIRE_F(ops_restore_row, 2, UINT, WF_OPT, kind, 0, UINT16_MAX, "1 key, 2 secret, ..."),
	WIRE_F(ops_restore_row, 3, TEXT, WF_OPT, label, 0, 1023, "path or name"),
	WIRE_F(
	    ops_restore_row, 4, BOOL, WF_OPT, newer, 0, 1, "made or changed here after the backup"),
	WIRE_F(ops_restore_row, 5, BOOL, WF_OPT, removed, 0, 1, "was removed here"),
};
MAP(ops_restore_row, "restore-row");

static const struct wire_field ops_restore_compare_rep_fields[] = {
	WIRE_S(ops_restore_compare_rep, 1, LIST, 0, rows, &ops_restore_row_map, OPS_RESTORE_ROWS,
	    "what differs"),
	WIRE_F(ops_restore_compare_rep, 2, UINT, WF_OPT, same, 0, UINT32_MAX,
	    "items of this page that do not"),
	WIRE_F(ops_restore_compare_rep, 3, UINT, WF_OPT, next, 0, UINT64_MAX,
	    "cursor of the next page"),
};
MAP(ops_restore_compare_rep, "restore-compared");

static const struct wire_field ops_restore_commit_fields[] = {
	WIRE_F(ops_restore_commit, 1, UINT, 0, handle, 1, UINT32_MAX, "from restore.open"),
	WIRE_F(ops_restore_commit, 2, UINT, WF_OPT, ways, 0, 3, "bits: 1 token, 2 passphrase"),
	WIRE_F(ops_restore_commit, 3, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_restore_commit, 4, TEXT, WF_OPT, token_label, 1, 255, "name of the token"),
	WIRE_F(ops_restore_commit, 5, BOOL, WF_OPT, no_pin, 0, 1, "touch only"),
	WIRE_F(
	    ops_restore_commit, 6, BOOL, WF_OPT, and_pass, 0, 1, "token and passphrase together"),
	WIRE_F(ops_restore_commit, 7, BOOL, WF_OPT, one_way_in, 0, 1, "accept a single way in"),
	WIRE_F(
	    ops_restore_commit, 8, UINT, WF_OPT, argon_m, 0, 2 * 1024 * 1024, "Argon2 memory, KiB"),
	WIRE_F(ops_restore_commit, 9, UINT, WF_OPT, argon_t, 0, 64, "Argon2 passes"),
	WIRE_F(
	    ops_restore_commit, 10, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_restore_commit, 11, BOOL, WF_OPT, merge, 0, 1,
	    "add it to the open vault, which needs a fresh factor"),
	WIRE_F(ops_restore_commit, 12, BOOL, WF_OPT, secrets_only, 0, 1,
	    "merge: nothing that is derived from a seed"),
	WIRE_F(ops_restore_commit, 13, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_restore_commit, 14, TEXT, WF_OPT, proof_label, 1, 255,
	    "way in to prove with, name"),
};
MAP(ops_restore_commit, "restore-commit");

static const struct wire_field ops_restore_commit_rep_fields[] = {
	WIRE_F(ops_restore_commit_rep, 1, BYTES, WF_HEX, vault_id, 16, 16, "vault"),
	WIRE_F(ops_restore_commit_rep, 2, TEXT, WF_OPT, path, 0, 4095, "where the vault is"),
	WIRE_F(ops_restore_commit_rep, 3, TEXT, WF_OPT, note, 0, 1023, "for people"),
	WIRE_F(ops_restore_commit_rep, 4, UINT, WF_OPT, added, 0, UINT32_MAX, "items added"),
	WIRE_F(ops_restore_commit_rep, 5, UINT, WF_OPT, both, 0, UINT32_MAX,
	    "items kept twice, because they differ"),
	WIRE_F(
	    ops_restore_commit_rep, 6, UINT, WF_OPT, same, 0, UINT32_MAX, "items that were here"),
	WIRE_F(ops_restore_commit_rep, 7, UINT, WF_OPT, seeds, 0, UINT32_MAX, "seeds added"),
	WIRE_F(ops_restore_commit_rep, 8, UINT, WF_OPT, passed, 0, UINT32_MAX,
	    "items left out on request"),
};
MAP(ops_restore_commit_rep, "restore-committed");

static const struct wire_field ops_restore_close_rep_fields[] = {
	WIRE_F(ops_restore_close_rep, 1, UINT, WF_OPT | WF_TIME, verified, 0, UINT64_MAX,
	    "compared, and lacks nothing that it could have"),
	WIRE_F(ops_restore_close_rep, 2, BOOL, WF_OPT, known, 0, 1,
	    "and that is remembered in the list of backups"),
};
MAP(ops_restore_close_rep, "restore-closed");
