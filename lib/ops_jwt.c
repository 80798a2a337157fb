/* ops_jwt.c - the field tables of ops_jwt.h. */
#include "lib/ops_jwt.h"

#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define MAP(label, st)                                                                            \
	const struct wire_map st##_map = { label, sizeof(struct st), st##_fields, N(st##_fields), \
		false, 0 }

#define ALGS  "es256|eddsa|rs256"
#define TYPS  "jwt|at+jwt|logout+jwt"
#define KINDS "audience|account"

static const struct wire_field ops_jwt_claim_fields[] = {
	WIRE_F(ops_jwt_claim, 1, TEXT, 0, name, 1, 64, "name"),
	WIRE_F(ops_jwt_claim, 2, TEXT, WF_OPT, text, 0, JWT_TEXT_MAX, "value: text"),
	WIRE_F(ops_jwt_claim, 3, UINT, WF_OPT, number, 0, UINT32_MAX, "value: number"),
	WIRE_F(ops_jwt_claim, 4, BOOL, WF_OPT, truth, 0, 1, "value: true or false"),
	WIRE_F(ops_jwt_claim, 5, BLOBS, WF_OPT, texts, 0, JWT_TEXT_MAX, "value: texts"),
};
MAP("jwt-claim", ops_jwt_claim);

static const struct wire_field ops_jwt_sign_fields[] = {
	WIRE_F(ops_jwt_sign, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
	WIRE_E(ops_jwt_sign, 2, 0, alg, JWT_RS256, ALGS, "algorithm"),
	WIRE_E(ops_jwt_sign, 3, 0, typ, JWT_LOGOUT_TOKEN, TYPS, "type"),
	WIRE_F(ops_jwt_sign, 4, TEXT, 0, audience, 1, JWT_NAME_MAX, "for whom; on the list"),
	WIRE_F(ops_jwt_sign, 5, TEXT, 0, account, 1, JWT_ACCOUNT_MAX, "about whom; on the list"),
	WIRE_F(ops_jwt_sign, 6, UINT, 0, lifetime, 1, UINT32_MAX, "seconds"),
	WIRE_S(ops_jwt_sign, 7, LIST, WF_OPT, claims, &ops_jwt_claim_map, JWT_CLAIMS, "claims"),
};
MAP("jwt-sign", ops_jwt_sign);

static const struct wire_field ops_jwt_sign_rep_fields[] = {
	WIRE_F(ops_jwt_sign_rep, 1, TEXT, WF_SECRET, token, 1, JWT_TOKEN_MAX, "the token"),
	WIRE_F(ops_jwt_sign_rep, 2, UINT, WF_TIME, issued, 0, UINT64_MAX, "iat"),
	WIRE_F(ops_jwt_sign_rep, 3, UINT, WF_TIME, expires, 0, UINT64_MAX, "exp"),
	WIRE_F(ops_jwt_sign_rep, 4, TEXT, 0, kid, 1, 64, "kid"),
	WIRE_F(ops_jwt_sign_rep, 5, TEXT, 0, subject, 1, 255, "sub"),
};
MAP("jwt-signed", ops_jwt_sign_rep);

static const struct wire_field ops_jwt_key_fields[] = {
	WIRE_F(ops_jwt_key, 1, TEXT, 0, kid, 1, 64, "kid: thumbprint of RFC 7638"),
	WIRE_E(ops_jwt_key, 2, 0, alg, JWT_RS256, ALGS, "algorithm"),
	WIRE_E(ops_jwt_key, 3, 0, state, JWT_OLD, "next|current|old", "does it sign"),
	WIRE_F(ops_jwt_key, 4, TEXT, 0, jwk, 1, 2048, "public key, as JSON"),
	WIRE_F(ops_jwt_key, 5, UINT, WF_OPT | WF_TIME, since, 0, UINT64_MAX, "signs from then on"),
	WIRE_F(ops_jwt_key, 6, UINT, WF_OPT | WF_TIME, until, 0, UINT64_MAX, "shown until then"),
	WIRE_F(ops_jwt_key, 7, UINT, WF_OPT, epoch, 0, INT32_MAX, "epoch"),
};
MAP("jwt-key", ops_jwt_key);

static const struct wire_field ops_jwt_issuer_fields[] = {
	WIRE_F(ops_jwt_issuer, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
};
MAP("jwt-issuer", ops_jwt_issuer);

static const struct wire_field ops_jwt_keys_rep_fields[] = {
	WIRE_S(ops_jwt_keys_rep, 1, LIST, 0, keys, &ops_jwt_key_map, JWT_KEYS, "keys"),
};
MAP("jwt-keys", ops_jwt_keys_rep);

static const struct wire_field ops_jwt_subject_fields[] = {
	WIRE_F(ops_jwt_subject, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
	WIRE_F(ops_jwt_subject, 2, TEXT, 0, audience, 1, JWT_NAME_MAX, "for whom"),
	WIRE_F(ops_jwt_subject, 3, TEXT, 0, account, 1, JWT_ACCOUNT_MAX, "about whom"),
};
MAP("jwt-subject", ops_jwt_subject);

static const struct wire_field ops_jwt_subject_rep_fields[] = {
	WIRE_F(ops_jwt_subject_rep, 1, TEXT, 0, subject, 1, 255, "sub"),
	WIRE_F(ops_jwt_subject_rep, 2, BOOL, WF_OPT, is_public, 0, 1, "not pairwise"),
	WIRE_F(ops_jwt_subject_rep, 3, TEXT, WF_OPT, sector, 1, JWT_NAME_MAX, "pairwise for it"),
};
MAP("jwt-sub", ops_jwt_subject_rep);

static const struct wire_field ops_jwt_name_fields[] = {
	WIRE_E(ops_jwt_name, 1, 0, kind, JWT_ACCOUNT, KINDS, "what it is"),
	WIRE_F(ops_jwt_name, 2, TEXT, 0, name, 1, JWT_NAME_MAX, "client id, or id of an account"),
	WIRE_F(ops_jwt_name, 3, TEXT, WF_OPT, sector, 1, JWT_SECTOR_MAX, "subjects are for it"),
	WIRE_F(ops_jwt_name, 4, BOOL, WF_OPT, is_public, 0, 1, "subjects are not pairwise"),
	WIRE_F(ops_jwt_name, 5, TEXT, WF_OPT, note, 0, 255, "for people"),
	WIRE_F(ops_jwt_name, 6, UINT, WF_OPT | WF_TIME, added, 0, UINT64_MAX, "since when"),
};
MAP("jwt-name", ops_jwt_name);

static const struct wire_field ops_jwt_allow_fields[] = {
	WIRE_F(ops_jwt_allow, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
	WIRE_S(ops_jwt_allow, 2, LIST, 0, names, &ops_jwt_name_map, JWT_NAMES, "whom"),
	WIRE_F(ops_jwt_allow, 3, UINT, WF_OPT, proof, 0, 7, "way to prove with"),
	WIRE_F(ops_jwt_allow, 4, TEXT, WF_OPT, proof_label, 1, 255, "the way in to prove with"),
	WIRE_F(ops_jwt_allow, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN although few tries left"),
};
MAP("jwt-allow", ops_jwt_allow);

static const struct wire_field ops_jwt_allow_rep_fields[] = {
	WIRE_F(ops_jwt_allow_rep, 1, UINT, 0, added, 0, UINT32_MAX, "new on the list"),
	WIRE_F(ops_jwt_allow_rep, 2, UINT, 0, changed, 0, UINT32_MAX, "were on it, changed"),
};
MAP("jwt-allowed", ops_jwt_allow_rep);

static const struct wire_field ops_jwt_page_fields[] = {
	WIRE_F(ops_jwt_page, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
	WIRE_F(ops_jwt_page, 2, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "where to go on"),
	WIRE_F(ops_jwt_page, 3, TEXT, WF_OPT, match, 0, 255, "part of name or note"),
	WIRE_E(ops_jwt_page, 4, WF_OPT, kind, JWT_ACCOUNT, KINDS, "only these"),
};
MAP("jwt-page", ops_jwt_page);

static const struct wire_field ops_jwt_list_rep_fields[] = {
	WIRE_S(ops_jwt_list_rep, 1, LIST, 0, names, &ops_jwt_name_map, OPS_PAGE, "the list"),
	WIRE_F(ops_jwt_list_rep, 2, BYTES, WF_OPT | WF_HEX, cursor, 1, 64, "where to go on"),
};
MAP("jwt-list", ops_jwt_list_rep);

static const struct wire_field ops_jwt_forget_fields[] = {
	WIRE_F(ops_jwt_forget, 1, TEXT, 0, issuer, 1, JWT_ISSUER_MAX, "which identity"),
	WIRE_S(ops_jwt_forget, 2, LIST, 0, names, &ops_jwt_name_map, JWT_NAMES, "whom"),
};
MAP("jwt-forget", ops_jwt_forget);

static const struct wire_field ops_jwt_forget_rep_fields[] = {
	WIRE_F(ops_jwt_forget_rep, 1, UINT, 0, removed, 0, UINT32_MAX, "how many went"),
};
MAP("jwt-forgotten", ops_jwt_forget_rep);
