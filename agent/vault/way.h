/*
 * way.h - a way in is used: factors are gathered from the person, the slot's wrap is opened
 * (DESIGN 4).  Unlocking, proving and verifying all come through here.
 */
#ifndef AGENT_VAULT_WAY_H
#define AGENT_VAULT_WAY_H

#include "agent/vault/job.h"
#include "agent/vault/keys.h"

struct way_want {
	const struct outer *outer;
	const struct body *body; /* for labels; NULL while locked */
	uint64_t ways;		 /* enum ops_way bits at hand; 0 = any */
	struct span label;	 /* of the slot, or its id in hex; empty = any */
	bool force;		 /* PIN although few tries are left */
	struct span token;	 /* device path; empty = any */
	bool nowait;
	bool given;	     /* no token is asked: the client hands a factor over */
	const char *purpose; /* of the challenge: "unlock", "approve" */
	const char *why;     /* for people: "to unlock" */
	struct span request; /* bound into the challenge */
};

struct way_got {
	int slot;
	struct sec f1, f2, f3; /* the factors, to make new wraps with */
	struct sec prk;
	struct sec vrk;
	char token[128]; /* device path of the token that gave f1; "" = none */
};

/* On success *got owns prk and vrk.  Errors of tokens, words, passphrases; ERR_VAULT_KEY when
 * nothing that was given fits; ERR_VAULT_WRAP, ERR_VAULT_SLOT, ERR_VAULT_NEWER of the slot. */
MUST enum err way_open(struct job *j, const struct way_want *w, struct way_got *got);
void way_done(struct way_got *got);
/* The factors as keys.h wants them. */
void way_factors(const struct way_got *got, struct keys_factors *f);

/* Slots that answer to label (empty = all) and consist of `ways` (0 = any), as bits. */
unsigned way_candidates(const struct way_want *w);
/* Label of slot i for people: its note, else its hint, else "slot i". */
void way_label(const struct outer *o, const struct body *b, int i, char *out, size_t cap);

/* Argon2 of a passphrase by a worker. */
MUST enum err way_stretch(struct job *j, struct span pass, const struct slot *s, struct sec *f2);
/* The words, asked for by a worker: one factor for each of the ids; fpr must match, or be empty. */
struct way_words {
	const struct span *ids;
	size_t nids;
	struct span fpr;
};
MUST enum err way_ask_words(struct job *j, const struct way_words *w, struct sec *recs);

#endif
