/*
 * idcard.h - a person's public keys in one signed text (ownkey-succession(5)).
 *
 * A card carries, for each identity, its succession log and the public keys as text that the log
 * binds; the current key of each log signs the whole card, so that one identity vouches for the
 * others.  Contacts pin a card and compare later ones with it.  All of it is public.
 */
#ifndef LIB_IDCARD_H
#define LIB_IDCARD_H

#include "lib/succession.h"

#define IDCARD_MAX	  (192 * 1024) /* bytes of a card */
#define IDCARD_IDENTITIES 32
#define IDCARD_NAME	  128
#define IDCARD_TEXT	  1024 /* bytes of one public key as text */
#define IDCARD_TO_SIGN	  44   /* bytes that are signed */

struct idcard_text {
	uint64_t has;
	struct span purpose; /* 1 as bound in the log */
	struct span text;    /* 2 the public key as its service writes it */
};

struct idcard_identity {
	uint64_t has;
	struct span log;	/* 1 */
	struct wire_list texts; /* 2 struct idcard_text; may be none */
};

/* What is signed. */
struct idcard_body {
	uint64_t has;
	uint64_t version;	     /* 1 */
	struct span name;	     /* 2 what the person wants to be called */
	uint64_t time;		     /* 3 unix seconds */
	struct wire_list identities; /* 4 struct idcard_identity */
};

struct idcard_signed {
	uint64_t has;
	struct span body;	     /* 1 */
	struct wire_list signatures; /* 2 blobs of 64: one for each identity, in order */
};

extern const struct wire_map idcard_text_map, idcard_identity_map, idcard_body_map,
    idcard_signed_map;

/* A card that was verified; borrows from its bytes, owns the arrays. */
struct idcard {
	struct span name;
	uint64_t time;
	size_t n;
	struct idcard_identity *identity;
	struct succession_state *state; /* of each log */
};

#define IDCARD_INIT ((struct idcard){ 0 })

/*
 * Format, every log, that each text is the one that its log binds, every signature.  *card must be
 * empty and is to be given to idcard_done.  What the decoder and succession_verify find, and
 * ERR_CARD_KEY, ERR_CARD_TWICE, ERR_CARD_SIGNATURE.
 */
MUST enum err idcard_verify(struct span bytes, struct idcard *card);
void idcard_done(struct idcard *card);
/* The text for a purpose of identity i; empty when the card does not have it. */
struct span idcard_find_text(const struct idcard *card, size_t i, struct span purpose);

/* --- making --- */

struct idcard_entry {
	struct span log;
	const struct idcard_text *text;
	size_t n;
};
/* Append the bytes to be signed.  What idcard_verify finds, signatures aside. */
MUST enum err idcard_make(
    struct span name, uint64_t time, const struct idcard_entry *entry, size_t n, struct buf *body);
/* "ownkey1-card" || SHA-256(body): what crypto_ed25519_sign gets. */
void idcard_to_sign(struct span body, uint8_t out[IDCARD_TO_SIGN]);
/* Append the card: the body and 64 bytes of signature for each of its identities, in order.
 * It has passed idcard_verify. */
MUST enum err idcard_assemble(
    struct span body, const uint8_t (*signature)[64], size_t n, struct buf *out);

/* --- as text --- */

/* Append a block to be posted, under lines that say what it is.  Verifies. */
MUST enum err idcard_print(struct span card, struct buf *out);
/* Append the card found in a text (textblock.h); it is not verified yet. */
MUST enum err idcard_find_block(struct span text, struct buf *card);

/* --- what became of a contact --- */

enum idcard_change { /* of one identity, the worse the higher */
	IDCARD_SAME,
	IDCARD_NEW,	  /* not on the pinned card; vouched for by the keys of the others */
	IDCARD_ADDED,	  /* public keys of further purposes */
	IDCARD_ROTATED,	  /* other keys, signed with the owner's recovery phrase */
	IDCARD_RECOVERED, /* the same, past entries that were pinned and count no more */
	IDCARD_OLDER,	  /* the newer card has an older log: it hides what is known already */
	IDCARD_MISSING,	  /* no longer on the card */
	IDCARD_REVOKED,	  /* its keys count no more, and no others are named */
	IDCARD_CHANGED	  /* WITHOUT succession: a forked log, or another log */
};

enum idcard_verdict { /* of the whole card, the worse the higher */
	IDCARD_VERDICT_SAME,
	IDCARD_VERDICT_UPDATED, /* as its owner meant it: pin the newer card */
	IDCARD_VERDICT_ASK,	/* an identity is revoked or missing: ask the owner */
	IDCARD_VERDICT_OLDER,	/* older than the pinned one: do not pin it */
	IDCARD_VERDICT_ALARM /* CHANGED, or no identity ties it to the pinned one: do not pin it */
};

struct idcard_row {
	enum idcard_change change;
	enum succession_relation relation; /* CHANGED: SUCCESSION_FORKS or SUCCESSION_OTHER */
	int was;			   /* identity of the pinned card, -1: none */
	int is;				   /* identity of the newer card, -1: none */
	unsigned added, changed, removed;  /* bindings of purposes */
};

struct idcard_report {
	enum idcard_verdict verdict;
	size_t n;
	struct idcard_row row[2 * IDCARD_IDENTITIES];
};

/* Rows: the identities of the pinned card in order, then those that are new.  Both cards verified;
 * ERR_FORMAT cannot happen then. */
MUST enum err idcard_compare(
    const struct idcard *pinned, const struct idcard *newer, struct idcard_report *report);

#endif
