/* ops_age.c - the field tables of ops_age.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_age_stanza_fields[] = {
	WIRE_F(ops_age_stanza, 1, BYTES, 0, share, 32, 32, "ephemeral share"),
	WIRE_F(ops_age_stanza, 2, BYTES, 0, body, 32, 32, "wrapped file key"),
};
const struct wire_map ops_age_stanza_map = { "age-stanza", sizeof(struct ops_age_stanza),
	ops_age_stanza_fields, N(ops_age_stanza_fields), false, 0 };

static const struct wire_field ops_decrypt_fields[] = {
	WIRE_E(ops_decrypt, 1, 0, type, OPS_DECRYPT_AGE, "age-stanza", "what is decrypted"),
	WIRE_F(ops_decrypt, 2, TEXT, WF_OPT, label, 1, 1023,
	    "path or id of the identity; absent = every age identity, older epochs too"),
	WIRE_S(ops_decrypt, 3, LIST, 0, stanzas, &ops_age_stanza_map, OPS_STANZAS,
	    "X25519 stanzas, of any number of files"),
};
const struct wire_map ops_decrypt_map = { "decrypt", sizeof(struct ops_decrypt), ops_decrypt_fields,
	N(ops_decrypt_fields), false, 0 };

static const struct wire_field ops_file_key_fields[] = {
	WIRE_F(ops_file_key, 1, UINT, 0, stanza, 0, OPS_STANZAS - 1, "of which stanza, from 0"),
	WIRE_F(ops_file_key, 2, BYTES, WF_SECRET, key, 16, 16, "file key"),
	WIRE_F(ops_file_key, 3, TEXT, 0, label, 1, 1023, "path of the identity"),
};
const struct wire_map ops_file_key_map = { "file-key", sizeof(struct ops_file_key),
	ops_file_key_fields, N(ops_file_key_fields), false, 0 };

static const struct wire_field ops_decrypt_rep_fields[] = {
	WIRE_S(ops_decrypt_rep, 1, LIST, 0, keys, &ops_file_key_map, OPS_STANZAS,
	    "of the stanzas that were opened, in their order"),
};
const struct wire_map ops_decrypt_rep_map = { "decrypt-reply", sizeof(struct ops_decrypt_rep),
	ops_decrypt_rep_fields, N(ops_decrypt_rep_fields), false, 0 };
