/* ops_agree.c - the field tables of ops_agree.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_agree_fields[] = {
	WIRE_F(ops_agree, 1, TEXT, 0, label, 1, 1023, "path or id of the key"),
	WIRE_E(ops_agree, 2, 0, type, OPS_AGREE_RAW, "x25519-hkdf-sha256|raw", "what comes out"),
	WIRE_F(ops_agree, 3, BYTES, WF_HEX, peer, 32, 32, "public key of the other side"),
	WIRE_F(ops_agree, 4, BYTES, WF_OPT, salt, 0, 64, "salt of HKDF"),
	WIRE_F(ops_agree, 5, BYTES, WF_OPT, info, 0, 255, "info of HKDF: what the key is for"),
	WIRE_F(ops_agree, 6, UINT, WF_OPT, length, 16, 64, "bytes wanted; absent: 32"),
};
const struct wire_map ops_agree_map = { "agree", sizeof(struct ops_agree), ops_agree_fields,
	N(ops_agree_fields), false, 0 };

static const struct wire_field ops_agree_rep_fields[] = {
	WIRE_F(ops_agree_rep, 1, BYTES, WF_SECRET, key, 16, 64, "the key"),
	WIRE_F(ops_agree_rep, 2, BYTES, 0, public_key, 32, 32, "own public key"),
};
const struct wire_map ops_agree_rep_map = { "agree-reply", sizeof(struct ops_agree_rep),
	ops_agree_rep_fields, N(ops_agree_rep_fields), false, 0 };
