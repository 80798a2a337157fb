/* ops_forward.c - the field tables of ops_forward.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_token_serve_fields[] = {
	WIRE_F(ops_token_serve, 1, TEXT, WF_OPT, path, 1, 255, "device; absent = the only one"),
	WIRE_F(ops_token_serve, 2, TEXT, 0, name, 1, 127, "of the other machine, for prompts"),
	WIRE_F(ops_token_serve, 3, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_token_serve, 4, BOOL, WF_OPT, same_vault, 0, 1,
	    "it may ask for credentials that other machines, or this one, use"),
	WIRE_F(ops_token_serve, 5, BLOBS, WF_OPT, refuse, 32, 32,
	    "SHA-256 of credential ids that other machines use"),
	WIRE_F(ops_token_serve, 6, BLOBS, WF_OPT, known, 32, 32,
	    "SHA-256 of credential ids that it used before"),
};
const struct wire_map ops_token_serve_map = { "token-serve", sizeof(struct ops_token_serve),
	ops_token_serve_fields, N(ops_token_serve_fields), false, 0 };

static const struct wire_field ops_token_serve_rep_fields[] = {
	WIRE_F(ops_token_serve_rep, 1, UINT, 0, released, 0, 65535, "assertions that went out"),
};
const struct wire_map ops_token_serve_rep_map = { "token-served",
	sizeof(struct ops_token_serve_rep), ops_token_serve_rep_fields,
	N(ops_token_serve_rep_fields), false, 0 };
