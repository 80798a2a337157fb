/* ops_succession.c - the field tables of ops_succession.h. */
#include "lib/ops.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field ops_path_fields[] = {
	WIRE_F(ops_path, 1, TEXT, 0, label, 1, 1023, "path of an identity, or of one of its keys"),
};
const struct wire_map ops_path_map = { "path", sizeof(struct ops_path), ops_path_fields,
	N(ops_path_fields), false, 0 };

/* ---- logs ---- */
static const struct wire_field ops_log_fields[] = {
	WIRE_F(ops_log, 1, TEXT, 0, service, 1, 32, "service"),
	WIRE_F(ops_log, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_E(ops_log, 3, 0, state, 2, "good|owed|revoked", "what the log says of the keys"),
	WIRE_F(ops_log, 4, UINT, WF_OPT, entries, 0, 1024, "how many"),
	WIRE_F(ops_log, 5, UINT, WF_OPT, rotations, 0, 1024, "how many of them change the keys"),
	WIRE_F(ops_log, 6, UINT, WF_OPT | WF_TIME, time, 0, UINT64_MAX, "of the last entry"),
	WIRE_F(ops_log, 7, TEXT, WF_OPT, key, 1, 63, "did:key of the key that signs it"),
	WIRE_F(ops_log, 8, BOOL, WF_OPT, old_phrase, 0, 1,
	    "the next rotation takes an older recovery phrase"),
};
const struct wire_map ops_log_map = { "log", sizeof(struct ops_log), ops_log_fields,
	N(ops_log_fields), false, 0 };

static const struct wire_field ops_bound_fields[] = {
	WIRE_F(ops_bound, 1, TEXT, 0, purpose, 1, 48, "purpose"),
	WIRE_F(ops_bound, 2, TEXT, 0, alg, 1, 32, "kind of key"),
	WIRE_F(ops_bound, 3, BYTES, WF_HEX, digest, 32, 32, "SHA-256 of the public key as text"),
	WIRE_F(ops_bound, 4, UINT, WF_OPT, epoch, 0, INT32_MAX, "epoch"),
};
const struct wire_map ops_bound_map = { "bound", sizeof(struct ops_bound), ops_bound_fields,
	N(ops_bound_fields), false, 0 };

static const struct wire_field ops_succession_show_rep_fields[] = {
	WIRE_S(ops_succession_show_rep, 1, LIST, 0, log, &ops_log_map, 1, "the log"),
	WIRE_S(ops_succession_show_rep, 2, LIST, WF_OPT, bound, &ops_bound_map, 64,
	    "public keys that it names"),
	WIRE_F(ops_succession_show_rep, 3, TEXT, 0, text, 1, 98304, "the block to post"),
};
const struct wire_map ops_succession_show_rep_map = { "succession-log",
	sizeof(struct ops_succession_show_rep), ops_succession_show_rep_fields,
	N(ops_succession_show_rep_fields), false, 0 };

static const struct wire_field ops_succession_sign_fields[] = {
	WIRE_S(ops_succession_sign, 1, LIST, WF_OPT, paths, &ops_path_map, OPS_LOGS,
	    "which identities; none: all that are owed"),
	WIRE_F(ops_succession_sign, 2, BOOL, WF_OPT, anew, 0, 1,
	    "give the old log up and begin another"),
	WIRE_F(ops_succession_sign, 3, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_succession_sign, 4, TEXT, WF_OPT, proof_label, 1, 255,
	    "way in to prove with, name"),
	WIRE_F(
	    ops_succession_sign, 5, BOOL, WF_OPT, force, 0, 1, "use the PIN with few tries left"),
};
const struct wire_map ops_succession_sign_map = { "succession-sign",
	sizeof(struct ops_succession_sign), ops_succession_sign_fields,
	N(ops_succession_sign_fields), false, 0 };

static const struct wire_field ops_succession_sign_rep_fields[] = {
	WIRE_S(ops_succession_sign_rep, 1, LIST, WF_OPT, logs, &ops_log_map, OPS_LOGS,
	    "those that were written"),
	WIRE_F(ops_succession_sign_rep, 2, UINT, WF_OPT, left, 0, UINT32_MAX, "still owed"),
};
const struct wire_map ops_succession_sign_rep_map = { "succession-signed",
	sizeof(struct ops_succession_sign_rep), ops_succession_sign_rep_fields,
	N(ops_succession_sign_rep_fields), false, 0 };

/* ---- cards ---- */
static const struct wire_field ops_card_make_fields[] = {
	WIRE_F(ops_card_make, 1, TEXT, WF_OPT, name, 1, 128,
	    "what to be called; missing: the account that comes first"),
	WIRE_S(ops_card_make, 2, LIST, WF_OPT, paths, &ops_path_map, OPS_LOGS,
	    "which identities; none: all that have public keys"),
};
const struct wire_map ops_card_make_map = { "card-make", sizeof(struct ops_card_make),
	ops_card_make_fields, N(ops_card_make_fields), false, 0 };

static const struct wire_field ops_card_make_rep_fields[] = {
	WIRE_F(ops_card_make_rep, 1, BYTES, 0, card, 1, OPS_CARD_MAX, "signed card"),
	WIRE_S(ops_card_make_rep, 2, LIST, WF_OPT, logs, &ops_log_map, OPS_LOGS, "what is on it"),
};
const struct wire_map ops_card_make_rep_map = { "card", sizeof(struct ops_card_make_rep),
	ops_card_make_rep_fields, N(ops_card_make_rep_fields), false, 0 };

/* ---- contacts ---- */
static const struct wire_field ops_contact_fields[] = {
	WIRE_F(ops_contact, 1, TEXT, WF_OPT, name, 1, 128, "our name for them"),
	WIRE_F(ops_contact, 2, BYTES, WF_OPT, card, 1, OPS_CARD_MAX, "signed card"),
	WIRE_F(ops_contact, 3, BOOL, WF_OPT, update, 0, 1, "pin it when its owner meant it"),
	WIRE_F(ops_contact, 4, BOOL, WF_OPT, force, 0, 1,
	    "pin it although that is not sure: takes a proof"),
	WIRE_F(ops_contact, 5, UINT, WF_OPT, proof, 0, 7, "way in to prove with, bits"),
	WIRE_F(ops_contact, 6, TEXT, WF_OPT, proof_label, 1, 255, "way in to prove with, name"),
};
const struct wire_map ops_contact_map = { "contact", sizeof(struct ops_contact), ops_contact_fields,
	N(ops_contact_fields), false, 0 };

static const struct wire_field ops_contact_row_fields[] = {
	WIRE_F(ops_contact_row, 1, TEXT, 0, service, 1, 32, "service"),
	WIRE_F(ops_contact_row, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_E(ops_contact_row, 3, 0, change, 8,
	    "same|new|added|rotated|recovered|older|missing|revoked|changed", "what became of it"),
	WIRE_F(ops_contact_row, 4, BOOL, WF_OPT, forks, 0, 1, "changed: its log forks"),
	WIRE_F(ops_contact_row, 5, TEXT, WF_OPT, was, 1, 63, "did:key that was pinned"),
	WIRE_F(ops_contact_row, 6, TEXT, WF_OPT, is, 1, 63, "did:key on the card"),
	WIRE_F(ops_contact_row, 7, UINT, WF_OPT, added, 0, 64, "public keys of further purposes"),
	WIRE_F(ops_contact_row, 8, UINT, WF_OPT, changed, 0, 64, "public keys that are others"),
	WIRE_F(ops_contact_row, 9, UINT, WF_OPT, removed, 0, 64, "public keys that are gone"),
};
const struct wire_map ops_contact_row_map = { "contact-row", sizeof(struct ops_contact_row),
	ops_contact_row_fields, N(ops_contact_row_fields), false, 0 };

static const struct wire_field ops_contact_check_rep_fields[] = {
	WIRE_F(ops_contact_check_rep, 1, TEXT, 0, name, 1, 255, "our name for them"),
	WIRE_E(ops_contact_check_rep, 2, 0, verdict, 4, "same|updated|ask|older|alarm",
	    "of the whole card"),
	WIRE_S(ops_contact_check_rep, 3, LIST, WF_OPT, rows, &ops_contact_row_map, 64,
	    "one an identity"),
	WIRE_F(ops_contact_check_rep, 4, BOOL, WF_OPT, pinned, 0, 1,
	    "it is the one that is kept from now on"),
};
const struct wire_map ops_contact_check_rep_map = { "contact-checked",
	sizeof(struct ops_contact_check_rep), ops_contact_check_rep_fields,
	N(ops_contact_check_rep_fields), false, 0 };

static const struct wire_field ops_contact_show_rep_fields[] = {
	WIRE_F(ops_contact_show_rep, 1, TEXT, 0, name, 1, 255, "our name for them"),
	WIRE_F(ops_contact_show_rep, 2, BYTES, 0, card, 1, OPS_CARD_MAX, "the pinned card"),
	WIRE_F(ops_contact_show_rep, 3, UINT, WF_OPT | WF_TIME, pinned_at, 0, UINT64_MAX, "since"),
};
const struct wire_map ops_contact_show_rep_map = { "contact-shown",
	sizeof(struct ops_contact_show_rep), ops_contact_show_rep_fields,
	N(ops_contact_show_rep_fields), false, 0 };
