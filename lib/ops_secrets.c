/* ops_secrets.c - the field tables of ops_secrets.h. */
#include "lib/ops.h"
#include "lib/password.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_secret_show_rep_fields[] = {
	WIRE_S(ops_secret_show_rep, 1, LIST, 0, item, &ops_item_map, 1, "the secret"),
	WIRE_S(ops_secret_show_rep, 2, LIST, WF_OPT, attributes, &ops_pair_map, 256, "attributes"),
};
const struct wire_map ops_secret_show_rep_map = { "secret-show-reply",
	sizeof(struct ops_secret_show_rep), ops_secret_show_rep_fields,
	N(ops_secret_show_rep_fields), false, 0 };

static const struct wire_field ops_secret_code_rep_fields[] = {
	WIRE_F(ops_secret_code_rep, 1, TEXT, WF_SECRET, code, 6, 8, "the code of now"),
	WIRE_F(ops_secret_code_rep, 2, UINT, 0, left, 1, 86400, "seconds until the next one"),
	WIRE_F(ops_secret_code_rep, 3, UINT, 0, period, 1, 86400, "seconds that each one is good"),
};
const struct wire_map ops_secret_code_rep_map = { "secret-code-reply",
	sizeof(struct ops_secret_code_rep), ops_secret_code_rep_fields,
	N(ops_secret_code_rep_fields), false, 0 };

static const struct wire_field ops_secret_generate_fields[] = {
	WIRE_F(ops_secret_generate, 1, TEXT, 0, label, 1, 255, "name"),
	WIRE_E(ops_secret_generate, 2, WF_OPT, alphabet, 3, "alnum|print|digits|words",
	    "what it is made of"),
	WIRE_F(ops_secret_generate, 3, UINT, WF_OPT, length, 0, PASSWORD_MAX,
	    "characters, or words; 0: as many as are usual"),
	WIRE_F(ops_secret_generate, 4, UINT, WF_OPT, use, 0, 2,
	    "0 free, 1 ask once, 2 touch each time"),
	WIRE_F(ops_secret_generate, 5, BOOL, WF_OPT, replace, 0, 1, "replace an older value"),
	WIRE_S(ops_secret_generate, 6, LIST, WF_OPT, attributes, &ops_pair_map, 64, "attributes"),
};
const struct wire_map ops_secret_generate_map = { "secret-generate",
	sizeof(struct ops_secret_generate), ops_secret_generate_fields,
	N(ops_secret_generate_fields), false, 0 };
