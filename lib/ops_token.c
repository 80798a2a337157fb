/* ops_token.c - the field tables of ops_token.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_token_make_fields[] = {
	WIRE_F(ops_token_make, 1, TEXT, 0, rp_id, 1, OPS_RP_MAX, "relying party; not \"ownkey:\""),
	WIRE_F(ops_token_make, 2, BYTES, 0, user_id, 1, 64, "user id"),
	WIRE_F(ops_token_make, 3, TEXT, 0, user, 1, 64, "user name"),
	WIRE_F(ops_token_make, 4, UINTS, WF_OPT, algs, OPS_ALG_ES256, OPS_ALG_EDDSA,
	    "algorithms in order of preference: 6 ES256, 7 EdDSA"),
	WIRE_F(ops_token_make, 5, BYTES, 0, cdh, 32, 32, "client data hash"),
	WIRE_F(ops_token_make, 6, BOOL, WF_OPT, uv, 0, 1, "with PIN or fingerprint"),
	WIRE_F(ops_token_make, 7, BOOL, WF_OPT, secret, 0, 1, "it derives secrets (hmac-secret)"),
	WIRE_F(ops_token_make, 8, BOOL, WF_OPT, resident, 0, 1,
	    "in a passkey slot of the token; only for \"ssh:\""),
	WIRE_F(ops_token_make, 9, UINT, WF_OPT, protect, 0, 3, "credProtect"),
	WIRE_F(ops_token_make, 10, BLOBS, WF_OPT, exclude, 1, OPS_CRED_MAX,
	    "not on a token that holds one of these"),
	WIRE_F(ops_token_make, 11, TEXT, WF_OPT, token, 1, 127, "device, when there are several"),
	WIRE_F(ops_token_make, 12, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_token_make_map = { "token-make", sizeof(struct ops_token_make),
	ops_token_make_fields, N(ops_token_make_fields), false, 0 };

static const struct wire_field ops_token_make_rep_fields[] = {
	WIRE_F(ops_token_make_rep, 1, BYTES, 0, cred_id, 1, OPS_CRED_MAX, "credential id"),
	WIRE_F(ops_token_make_rep, 2, INT, 0, alg, 0, 0, "COSE algorithm"),
	WIRE_F(ops_token_make_rep, 3, BYTES, 0, pubkey, 32, 64, "public key, raw"),
	WIRE_F(ops_token_make_rep, 4, BYTES, 0, authdata, 37, 4096, "authenticator data"),
	WIRE_F(ops_token_make_rep, 5, UINT, 0, flags, 0, 255, "its flags"),
	WIRE_F(ops_token_make_rep, 6, BYTES, WF_OPT | WF_HEX, aaguid, 16, 16, "model"),
	WIRE_F(ops_token_make_rep, 7, TEXT, WF_OPT, fmt, 1, 32, "attestation statement format"),
	WIRE_F(ops_token_make_rep, 8, BYTES, WF_OPT, sig, 1, 1024, "attestation signature"),
	WIRE_F(ops_token_make_rep, 9, BYTES, WF_OPT, cert, 1, 4096, "certificate of it"),
	WIRE_F(ops_token_make_rep, 10, TEXT, WF_OPT, token, 1, 127, "device"),
	WIRE_F(ops_token_make_rep, 11, BOOL, WF_OPT, software, 0, 1, "not hardware"),
};
const struct wire_map ops_token_make_rep_map = { "token-made", sizeof(struct ops_token_make_rep),
	ops_token_make_rep_fields, N(ops_token_make_rep_fields), false, 0 };

static const struct wire_field ops_token_assert_fields[] = {
	WIRE_F(
	    ops_token_assert, 1, TEXT, 0, rp_id, 1, OPS_RP_MAX, "relying party; not \"ownkey:\""),
	WIRE_F(ops_token_assert, 2, BLOBS, 0, creds, 1, OPS_CRED_MAX,
	    "credential ids, at most 64; whichever is found"),
	WIRE_F(ops_token_assert, 3, BYTES, WF_OPT, cdh, 32, 32,
	    "client data hash; absent: the agent draws one"),
	WIRE_F(ops_token_assert, 4, BYTES, WF_OPT, salt, 32, 64, "one or two salts of 32 bytes"),
	WIRE_F(ops_token_assert, 5, BOOL, WF_OPT, uv, 0, 1, "with PIN or fingerprint"),
	WIRE_F(ops_token_assert, 6, BOOL, WF_OPT, silent, 0, 1,
	    "without a touch; never with salt or uv"),
	WIRE_F(ops_token_assert, 7, BYTES, WF_OPT, pubkey, 32, 64,
	    "of the only credential, to check the answer with"),
	WIRE_F(ops_token_assert, 8, TEXT, WF_OPT, token, 1, 127, "device, when there are several"),
	WIRE_F(ops_token_assert, 9, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
	WIRE_F(ops_token_assert, 10, BOOL, WF_OPT, nowait, 0, 1, "do not wait for a token"),
};
const struct wire_map ops_token_assert_map = { "token-assert", sizeof(struct ops_token_assert),
	ops_token_assert_fields, N(ops_token_assert_fields), false, 0 };

static const struct wire_field ops_token_assert_rep_fields[] = {
	WIRE_F(ops_token_assert_rep, 1, BYTES, 0, cred_id, 1, OPS_CRED_MAX, "credential id"),
	WIRE_F(ops_token_assert_rep, 2, BYTES, 0, authdata, 37, 4096, "authenticator data"),
	WIRE_F(ops_token_assert_rep, 3, BYTES, 0, sig, 1, 1024, "signature over it and cdh"),
	WIRE_F(ops_token_assert_rep, 4, BYTES, WF_OPT | WF_SECRET, secret, 32, 64,
	    "32 bytes for each salt"),
	WIRE_F(ops_token_assert_rep, 5, UINT, 0, flags, 0, 255, "flags of authdata"),
	WIRE_F(ops_token_assert_rep, 6, UINT, 0, counter, 0, UINT32_MAX, "counter of authdata"),
	WIRE_F(ops_token_assert_rep, 7, BYTES, 0, cdh, 32, 32, "client data hash that was signed"),
	WIRE_F(ops_token_assert_rep, 8, TEXT, WF_OPT, token, 1, 127, "device"),
	WIRE_F(ops_token_assert_rep, 9, BOOL, WF_OPT, checked, 0, 1,
	    "the agent checked the signature"),
};
const struct wire_map ops_token_assert_rep_map = { "token-asserted",
	sizeof(struct ops_token_assert_rep), ops_token_assert_rep_fields,
	N(ops_token_assert_rep_fields), false, 0 };
