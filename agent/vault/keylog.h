/*
 * keylog.h - the succession log of one identity as the vault keeps it: an item of kind ITEM_LOG
 * with the log, and the epochs of the key that signs it (ownkey-succession(5)).
 *
 * That key, SERVICE/ACCOUNT/succession/EPOCH, signs entries of this log and cards, nothing else: no
 * request names such an item.  All functions: with the disk in hand, nothing here waits; what is
 * made is deterministic, so that it can be made again after waiting for the person.
 */
#ifndef AGENT_VAULT_KEYLOG_H
#define AGENT_VAULT_KEYLOG_H

#include "agent/vault/epochs.h"
#include "agent/vault/itemop.h"
#include "agent/vault/succkeys.h"
#include "lib/job.h"
#include "lib/succession.h"

/* A public key in use, as contacts should know it. */
struct keylog_key {
	struct span purpose, alg;
	struct span text; /* as the service writes it */
	uint8_t digest[32];
	uint64_t epoch;
};

struct keylog {
	char service[33], account[256];
	bool stored;	/* there is an item */
	bool changed;	/* keylog_put has something to write */
	uint8_t id[16]; /* of the item */
	uint64_t use;	/* its policy */
	struct epochs epochs;
	struct buf log; /* empty: not begun */
	struct succession_state st;
	/* what the log should say; borrowed, see keylog_keys */
	size_t nkey, ngone;
	struct keylog_key key[SUCCESSION_BINDINGS];
	struct span gone[SUCCESSION_BINDINGS]; /* purposes whose keys are revoked */
	/* a rotation, waiting for the phrase */
	struct buf entry;
	struct epochs epochs_next;
};

enum keylog_state {
	KEYLOG_NOTHING,	 /* no log, and nothing to tell */
	KEYLOG_NONE,	 /* no log yet */
	KEYLOG_GOOD,	 /* says what it should */
	KEYLOG_BEHIND,	 /* purposes to be bound: takes the log key */
	KEYLOG_REVOKING, /* all keys are revoked, the log not yet: the log key does */
	KEYLOG_REVOKED,
	KEYLOG_OWED /* other keys than the log says: takes the phrase */
};

/* Zero is an empty one; *k must be.  A stored log that does not verify is its error. */
MUST enum err keylog_open(
    struct vault *v, struct span service, struct span account, struct keylog *k);
void keylog_done(struct keylog *k);
/* What the log should say: keys in use, as they will be after d (may be NULL).  Borrows from both.
 * ERR_LIMIT. */
MUST enum err keylog_keys(const struct vault *v, const struct delta *d, struct keylog *k);
enum keylog_state keylog_state(const struct keylog *k);

/* Entries that the log key may make alone: begin, bind, revoke. */
struct keylog_making {
	struct vault *v;
	struct succkeys *keys;
	uint64_t now;
};
MUST enum err keylog_hot(struct keylog *k, const struct keylog_making *m);
/* Give the log up, and begin another with another key. */
MUST enum err keylog_anew(struct keylog *k, const struct keylog_making *m);
/* The rotation that is owed, to be signed by the phrase; *w borrows from k. */
MUST enum err keylog_rotation(
    struct keylog *k, const struct keylog_making *m, struct worker_succession *w);
/* ... and with its signature. */
MUST enum err keylog_rotate(
    struct keylog *k, const struct keylog_making *m, const struct succession_proof *phrase);
/* Which phrase the next rotation takes: its fingerprint.  ERR_NOTFOUND when the vault does not know
 * the key that the log announced. */
MUST enum err keylog_phrase(
    const struct keylog *k, const struct keylog_making *m, struct span *fpr);
/* Not of the phrase that the owner has now, or unknown. */
bool keylog_takes_old_phrase(const struct keylog *k, const struct keylog_making *m);
/* Add its item to d. */
MUST enum err keylog_put(struct vault *v, struct keylog *k, struct delta *d);
/* Sign with the current key: msg is a card's. */
MUST enum err keylog_sign_card(
    struct vault *v, const struct keylog *k, struct span msg, uint8_t sig[64]);
/* As rows of replies have it; what it needs is appended to mem, which must not move. */
#define KEYLOG_ROW 512
void keylog_row(
    const struct keylog *k, const struct keylog_making *m, struct buf *mem, struct ops_log *row);

/* The identity of a path: SERVICE/ACCOUNT, or of one of its keys.  Borrows from the body.
 * ERR_NOTFOUND. */
MUST enum err keylog_identity(
    const struct vault *v, struct span label, struct span *service, struct span *account);

#endif
