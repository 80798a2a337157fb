/*
 * ops_succession.h - operations on succession logs, cards of public keys and contacts (part of
 * ops.h; succession.h and idcard.h say what these are).
 */
#ifndef LIB_OPS_SUCCESSION_H
#define LIB_OPS_SUCCESSION_H

#include "lib/wire.h"

#define OPS_LOGS     64 /* in one succession.sign: what one typing of the phrase signs */
#define OPS_CARD_MAX (192 * 1024)

struct ops_path {
	uint64_t has;
	struct span label; /* of an identity, SERVICE/ACCOUNT, or of one of its keys */
};
extern const struct wire_map ops_path_map;

/* ---- logs ---- */
enum ops_log_state {
	OPS_LOG_GOOD,	/* says what the vault says */
	OPS_LOG_OWED,	/* the keys changed, and the log does not say so yet: it takes the phrase */
	OPS_LOG_REVOKED /* its last word */
};
struct ops_log {
	uint64_t has;
	struct span service, account;
	uint64_t state; /* enum ops_log_state */
	uint64_t entries, rotations;
	uint64_t time;	 /* of the last entry */
	struct span key; /* did:key of the log key */
	bool old_phrase; /* the next rotation takes a recovery phrase before the present one */
};
struct ops_bound {
	uint64_t has;
	struct span purpose, alg;
	struct span digest; /* SHA-256 of the public key as text */
	uint64_t epoch;
};
struct ops_succession_show_rep {
	uint64_t has;
	struct wire_list log;	/* one ops_log */
	struct wire_list bound; /* ops_bound */
	struct span text;	/* the block to post */
};
extern const struct wire_map ops_log_map, ops_bound_map, ops_succession_show_rep_map;

struct ops_succession_sign {
	uint64_t has;
	struct wire_list paths; /* ops_path; empty: all that are owed */
	bool anew;		/* give the old log up and begin another: contacts will be warned */
	uint64_t proof;		/* anew: enum ops_way bits */
	struct span proof_label;
	bool force;
};
struct ops_succession_sign_rep {
	uint64_t has;
	struct wire_list logs; /* ops_log, those that were written */
	uint64_t left;	       /* still owed */
};
extern const struct wire_map ops_succession_sign_map, ops_succession_sign_rep_map;

/* ---- cards ---- */
struct ops_card_make {
	uint64_t has;
	struct span name;	/* what the person wants to be called */
	struct wire_list paths; /* ops_path; empty: all identities that have public keys */
};
struct ops_card_make_rep {
	uint64_t has;
	struct span card;      /* idcard.h */
	struct wire_list logs; /* ops_log, in the order of the card */
};
extern const struct wire_map ops_card_make_map, ops_card_make_rep_map;

/* ---- contacts ---- */
struct ops_contact {
	uint64_t has;
	struct span name; /* ours for them */
	struct span card; /* contact.add, contact.check */
	bool update;	  /* contact.check: pin the newer card when its owner meant it */
	bool force;	  /* ... or although that is not sure: takes a proof */
	uint64_t proof;	  /* enum ops_way bits */
	struct span proof_label;
};
struct ops_contact_row {
	uint64_t has;
	struct span service, account;
	uint64_t change; /* enum idcard_change */
	bool forks;	 /* changed: two continuations of one log, else another log */
	struct span was; /* did:key that was pinned; absent: new */
	struct span is;	 /* did:key on the card; absent: missing */
	uint64_t added, changed, removed; /* purposes */
};
struct ops_contact_check_rep {
	uint64_t has;
	struct span name;      /* of the contact */
	uint64_t verdict;      /* enum idcard_verdict */
	struct wire_list rows; /* ops_contact_row */
	bool pinned;	       /* the card is the one we keep from now on */
};
struct ops_contact_show_rep {
	uint64_t has;
	struct span name;
	struct span card;
	uint64_t pinned_at;
};
extern const struct wire_map ops_contact_map, ops_contact_row_map, ops_contact_check_rep_map,
    ops_contact_show_rep_map;

#endif
