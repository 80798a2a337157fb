/* ops_rebuild.c - the field tables of ops_rebuild.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define LAST (OPS_REBUILD_GENERATIONS - 1)

static const struct wire_field ops_rebuild_open_rep_fields[] = {
	WIRE_F(ops_rebuild_open_rep, 1, BYTES, WF_HEX, fingerprint, 4, 4, "of the phrase"),
	WIRE_S(ops_rebuild_open_rep, 2, LIST, 0, services, &ops_pair_map, 64,
	    "services, and what an account of each is"),
};
const struct wire_map ops_rebuild_open_rep_map = { "rebuild-opened",
	sizeof(struct ops_rebuild_open_rep), ops_rebuild_open_rep_fields,
	N(ops_rebuild_open_rep_fields), false, 0 };

static const struct wire_field ops_rebuild_preview_fields[] = {
	WIRE_F(ops_rebuild_preview, 1, TEXT, 0, service, 1, 32, "service"),
	WIRE_F(ops_rebuild_preview, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_F(ops_rebuild_preview, 3, UINT, WF_OPT, epochs, 1, OPS_REBUILD_EPOCHS, "how many"),
};
const struct wire_map ops_rebuild_preview_map = { "rebuild-preview",
	sizeof(struct ops_rebuild_preview), ops_rebuild_preview_fields,
	N(ops_rebuild_preview_fields), false, 0 };

static const struct wire_field ops_rebuild_epoch_fields[] = {
	WIRE_F(ops_rebuild_epoch, 1, UINT, 0, epoch, 0, INT32_MAX, "epoch"),
	WIRE_F(ops_rebuild_epoch, 2, UINT, WF_OPT, generation, 0, LAST, "of the seed"),
};
const struct wire_map ops_rebuild_epoch_map = { "rebuild-epoch", sizeof(struct ops_rebuild_epoch),
	ops_rebuild_epoch_fields, N(ops_rebuild_epoch_fields), false, 0 };

static const struct wire_field ops_rebuild_add_fields[] = {
	WIRE_F(ops_rebuild_add, 1, TEXT, 0, service, 1, 32, "service"),
	WIRE_F(ops_rebuild_add, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_S(ops_rebuild_add, 3, LIST, 0, epochs, &ops_rebuild_epoch_map, OPS_REBUILD_EPOCHS,
	    "ascending; the last is in use"),
	WIRE_F(ops_rebuild_add, 4, TEXT, WF_OPT, purpose, 1, 48, "one key only"),
};
const struct wire_map ops_rebuild_add_map = { "rebuild-add", sizeof(struct ops_rebuild_add),
	ops_rebuild_add_fields, N(ops_rebuild_add_fields), false, 0 };

static const struct wire_field ops_rebuild_commit_fields[] = {
	WIRE_F(ops_rebuild_commit, 1, UINT, WF_OPT, ways, 0, 3, "bits: 1 token, 2 passphrase"),
	WIRE_F(ops_rebuild_commit, 2, TEXT, WF_OPT, token, 1, 255, "device"),
	WIRE_F(ops_rebuild_commit, 3, TEXT, WF_OPT, token_label, 1, 255, "name of the token"),
	WIRE_F(ops_rebuild_commit, 4, BOOL, WF_OPT, no_pin, 0, 1, "touch only"),
	WIRE_F(ops_rebuild_commit, 5, BOOL, WF_OPT, and_pass, 0, 1, "token and passphrase"),
	WIRE_F(ops_rebuild_commit, 6, BOOL, WF_OPT, one_way_in, 0, 1, "accept a single way in"),
	WIRE_F(ops_rebuild_commit, 7, UINT, WF_OPT, argon_m, 0, 2 * 1024 * 1024, "KiB"),
	WIRE_F(ops_rebuild_commit, 8, UINT, WF_OPT, argon_t, 0, 64, "Argon2 passes"),
	WIRE_F(ops_rebuild_commit, 9, BOOL, WF_OPT, force, 0, 1, "PIN with few tries left"),
	WIRE_F(ops_rebuild_commit, 10, UINT, WF_OPT, generation, 0, LAST, "as on the card"),
};
const struct wire_map ops_rebuild_commit_map = { "rebuild-commit",
	sizeof(struct ops_rebuild_commit), ops_rebuild_commit_fields, N(ops_rebuild_commit_fields),
	false, 0 };
