/* ops_share.c - the field tables of ops_share.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_holder_fields[] = {
	WIRE_F(ops_holder, 1, TEXT, 0, label, 1, 128, "who gets it"),
};
const struct wire_map ops_holder_map = { "holder", sizeof(struct ops_holder), ops_holder_fields,
	N(ops_holder_fields), false, 0 };

static const struct wire_field ops_share_create_fields[] = {
	WIRE_F(ops_share_create, 1, UINT, 0, threshold, 1, OPS_SHARES, "so many shares open"),
	WIRE_S(ops_share_create, 2, LIST, 0, holders, &ops_holder_map, OPS_SHARES,
	    "who gets one; all different"),
	WIRE_F(ops_share_create, 3, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(
	    ops_share_create, 4, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
	WIRE_F(ops_share_create, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_share_create_map = { "share-create", sizeof(struct ops_share_create),
	ops_share_create_fields, N(ops_share_create_fields), false, 0 };

static const struct wire_field ops_share_fields[] = {
	WIRE_F(ops_share, 1, UINT, 0, index, 1, OPS_SHARES, "which one"),
	WIRE_F(ops_share, 2, TEXT, WF_OPT, label, 1, 255, "who holds it"),
	WIRE_F(ops_share, 3, UINT, WF_OPT | WF_TIME, confirmed, 0, UINT64_MAX,
	    "its holder last read the code out"),
};
const struct wire_map ops_share_map = { "share-row", sizeof(struct ops_share), ops_share_fields,
	N(ops_share_fields), false, 0 };

static const struct wire_field ops_share_set_fields[] = {
	WIRE_F(ops_share_set, 1, UINT, 0, set, 0, 32767, "identifier of its shares"),
	WIRE_F(ops_share_set, 2, UINT, 0, threshold, 1, OPS_SHARES, "so many shares open"),
	WIRE_F(ops_share_set, 3, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "made"),
	WIRE_F(ops_share_set, 4, BYTES, WF_OPT | WF_HEX, fingerprint, 4, 4, "of the phrase"),
	WIRE_F(ops_share_set, 5, BOOL, WF_OPT, current, 0, 1, "of the phrase that is in use"),
	WIRE_S(ops_share_set, 6, LIST, WF_OPT, shares, &ops_share_map, OPS_SHARES, "its shares"),
};
const struct wire_map ops_share_set_map = { "share-set-row", sizeof(struct ops_share_set),
	ops_share_set_fields, N(ops_share_set_fields), false, 0 };

static const struct wire_field ops_share_list_rep_fields[] = {
	WIRE_S(ops_share_list_rep, 1, LIST, WF_OPT, sets, &ops_share_set_map, OPS_SHARE_SETS,
	    "the newest first"),
	WIRE_F(ops_share_list_rep, 2, BYTES, WF_OPT | WF_HEX, fingerprint, 4, 4,
	    "of the phrase that is in use"),
	WIRE_F(ops_share_list_rep, 3, UINT, WF_OPT, generation, 0, UINT32_MAX, "of its seed"),
};
const struct wire_map ops_share_list_rep_map = { "share-list", sizeof(struct ops_share_list_rep),
	ops_share_list_rep_fields, N(ops_share_list_rep_fields), false, 0 };

static const struct wire_field ops_share_check_fields[] = {
	WIRE_F(ops_share_check, 1, TEXT, 0, code, OPS_SHARE_CODE, OPS_SHARE_CODE,
	    "what the holder reads out"),
	WIRE_F(ops_share_check, 2, TEXT, WF_OPT, label, 1, 255, "whose it should be"),
};
const struct wire_map ops_share_check_map = { "share-check", sizeof(struct ops_share_check),
	ops_share_check_fields, N(ops_share_check_fields), false, 0 };

static const struct wire_field ops_share_check_rep_fields[] = {
	WIRE_F(ops_share_check_rep, 1, UINT, 0, set, 0, 32767, "identifier of the set"),
	WIRE_F(ops_share_check_rep, 2, UINT, 0, index, 1, OPS_SHARES, "which one"),
	WIRE_F(ops_share_check_rep, 3, TEXT, WF_OPT, label, 1, 255, "who holds it"),
	WIRE_F(ops_share_check_rep, 4, BOOL, WF_OPT, current, 0, 1, "of the phrase that is in use"),
	WIRE_F(ops_share_check_rep, 5, UINT, WF_OPT | WF_TIME, before, 0, UINT64_MAX,
	    "confirmed the time before"),
};
const struct wire_map ops_share_check_rep_map = { "share-checked",
	sizeof(struct ops_share_check_rep), ops_share_check_rep_fields,
	N(ops_share_check_rep_fields), false, 0 };

static const struct wire_field ops_share_sel_fields[] = {
	WIRE_F(ops_share_sel, 1, UINT, 0, set, 0, 32767, "the oldest with this number"),
};
const struct wire_map ops_share_sel_map = { "share-select", sizeof(struct ops_share_sel),
	ops_share_sel_fields, N(ops_share_sel_fields), false, 0 };

static const struct wire_field ops_phrase_rep_fields[] = {
	WIRE_F(ops_phrase_rep, 1, BYTES, WF_HEX, fingerprint, 4, 4, "of what was typed"),
	WIRE_F(ops_phrase_rep, 2, UINT, WF_OPT, generation, 0, UINT32_MAX, "that the card is for"),
};
const struct wire_map ops_phrase_rep_map = { "phrase-reply", sizeof(struct ops_phrase_rep),
	ops_phrase_rep_fields, N(ops_phrase_rep_fields), false, 0 };
