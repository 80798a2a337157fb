/* ops_synced.c - the field tables of ops_synced.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_note_fields[] = {
	WIRE_F(ops_note, 1, TEXT, 0, text, 0, 1023, "a sentence"),
};
const struct wire_map ops_note_map = { "note", sizeof(struct ops_note), ops_note_fields,
	N(ops_note_fields), false, 0 };

static const struct wire_field ops_vault_merge_fields[] = {
	WIRE_F(ops_vault_merge, 1, TEXT, 0, name, 1, 255, "of the file, beside the vault"),
	WIRE_F(ops_vault_merge, 2, BOOL, WF_OPT, take, 0, 1, "else: list what would be taken"),
	WIRE_F(ops_vault_merge, 3, UINT, WF_OPT, way, 0, 7,
	    "bits: 1 token, 2 passphrase, 4 recovery phrase"),
	WIRE_F(ops_vault_merge, 4, TEXT, WF_OPT, label, 1, 255, "way in by name"),
	WIRE_F(ops_vault_merge, 5, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_vault_merge, 6, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_vault_merge_map = { "vault-merge", sizeof(struct ops_vault_merge),
	ops_vault_merge_fields, N(ops_vault_merge_fields), false, 0 };

static const struct wire_field ops_vault_merge_rep_fields[] = {
	WIRE_S(ops_vault_merge_rep, 1, LIST, WF_OPT, notes, &ops_note_map, 66, "what differs"),
	WIRE_F(ops_vault_merge_rep, 2, UINT, WF_OPT, came, 0, UINT64_MAX,
	    "new, newer or removed in the other copy"),
	WIRE_F(ops_vault_merge_rep, 3, UINT, WF_OPT, conflicts, 0, UINT64_MAX,
	    "changed in both, kept twice"),
	WIRE_F(ops_vault_merge_rep, 4, BOOL, WF_OPT, other_line, 0, 1,
	    "from before or after a way in was removed or renewed"),
};
const struct wire_map ops_vault_merge_rep_map = { "vault-merge-reply",
	sizeof(struct ops_vault_merge_rep), ops_vault_merge_rep_fields,
	N(ops_vault_merge_rep_fields), false, 0 };
