/* ops_life.c - the field tables of ops_life.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_id_change_fields[] = {
	WIRE_F(ops_id_change, 1, TEXT, 0, label, 1, 1023, "path of a key, or of an account"),
	WIRE_F(ops_id_change, 2, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_id_change, 3, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_id_change, 4, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_id_change, 5, BOOL, WF_OPT, succession, 0, 1,
	    "sign it in the log of the identity; asks for the phrase"),
	WIRE_F(ops_id_change, 8, BOOL, WF_OPT, look, 0, 1,
	    "change nothing, tell what would come of it; nothing is proven"),
};
const struct wire_map ops_id_change_map = { "id-change", sizeof(struct ops_id_change),
	ops_id_change_fields, N(ops_id_change_fields), false, 0 };

static const struct wire_field ops_step_fields[] = {
	WIRE_F(ops_step, 1, TEXT, 0, text, 1, 1023, "what to do"),
};
const struct wire_map ops_step_map = { "step", sizeof(struct ops_step), ops_step_fields,
	N(ops_step_fields), false, 0 };

static const struct wire_field ops_id_change_rep_fields[] = {
	WIRE_S(ops_id_change_rep, 1, LIST, 0, items, &ops_item_map, 64, "as they are now"),
	WIRE_F(ops_id_change_rep, 2, UINT, WF_OPT | WF_TIME, exposed, 0, UINT64_MAX,
	    "since when others may know the newest seed"),
	WIRE_F(ops_id_change_rep, 3, TEXT, WF_OPT, advice, 0, 4095, "what contacts will see"),
	WIRE_F(ops_id_change_rep, 4, BOOL, WF_OPT, owed, 0, 1,
	    "the log of the identity does not say so yet"),
	WIRE_S(ops_id_change_rep, 8, LIST, WF_OPT, steps, &ops_step_map, 48,
	    "what to do next, elsewhere, in this order"),
};
const struct wire_map ops_id_change_rep_map = { "id-changed", sizeof(struct ops_id_change_rep),
	ops_id_change_rep_fields, N(ops_id_change_rep_fields), false, 0 };

static const struct wire_field ops_reseed_fields[] = {
	WIRE_F(ops_reseed, 1, BOOL, WF_OPT, new_phrase, 0, 1, "make another recovery phrase"),
	WIRE_F(ops_reseed, 2, BOOL, WF_OPT, card, 0, 1,
	    "the new phrase is printed, and typed back later"),
	WIRE_F(ops_reseed, 3, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_reseed, 4, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_reseed, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_reseed_map = { "reseed", sizeof(struct ops_reseed), ops_reseed_fields,
	N(ops_reseed_fields), false, 0 };

static const struct wire_field ops_reseed_rep_fields[] = {
	WIRE_F(ops_reseed_rep, 1, UINT, 0, generation, 0, UINT32_MAX, "of the new seed"),
	WIRE_F(ops_reseed_rep, 2, BYTES, WF_OPT | WF_HEX, fingerprint, 4, 4, "of the phrase"),
	WIRE_F(ops_reseed_rep, 3, UINT, WF_OPT, identities, 0, UINT32_MAX,
	    "that still use an older seed"),
};
const struct wire_map ops_reseed_rep_map = { "reseeded", sizeof(struct ops_reseed_rep),
	ops_reseed_rep_fields, N(ops_reseed_rep_fields), false, 0 };
