/*
 * slip39.h - SLIP-39: a secret split into shares of words, and shares combined to a secret.
 *
 * Everything here is secret or close to it: shares, texts and results live in the arena, and the
 * stack is wiped.  What shares say of themselves in the clear (identifier, thresholds, numbers) is
 * treated as public.  Section names are those of the standard.
 */
#ifndef WORKER_SLIP39_H
#define WORKER_SLIP39_H

#include "lib/words_slip39.h"

#define SLIP39_SECRET_MAX     32
#define SLIP39_MEMBERS	      16
#define SLIP39_PASSPHRASE_MAX 255 /* ours are empty; else printable ASCII */
#define SLIP39_SHARES	      64  /* a set may have; the standard has room for 256 */
/* 10000 << exponent rounds of PBKDF2: at 8 about 2 s.  Programs write 0 or 1. */
#define SLIP39_EXPONENT_MAX 8

/* "Format of the share mnemonic"; numbers as meant, not as encoded. */
struct slip39_share {
	uint16_t id; /* 15 bits */
	bool extendable;
	uint8_t exponent;
	uint8_t group;		 /* from 0 */
	uint8_t group_threshold; /* from 1 */
	uint8_t groups;		 /* from 1 */
	uint8_t member;		 /* from 0 */
	uint8_t threshold;	 /* from 1 */
	uint8_t len;		 /* of value: 16..32, even */
	uint8_t value[SLIP39_SECRET_MAX];
};

/* Words of one share.  share: reserved by the caller in the arena.  ERR_WORDS_UNKNOWN (*bad = index
 * of the word; may be NULL), ERR_SHARE_LENGTH, ERR_WORDS_CHECKSUM, ERR_SHARE_FORMAT (padding, a
 * group threshold above the number of groups), ERR_SHARE_SLOW. */
MUST enum err slip39_decode(struct span text, struct slip39_share *share, size_t *bad);
/* Appended as words. */
MUST enum err slip39_encode(const struct slip39_share *share, struct sec *text);

/* ---- combining ---- */
/* Shares of one secret.  Begins as { 0 }. */
struct slip39_set {
	struct sec room; /* reserved with the first share */
	size_t n;
};

/* Copy a share into the set.  ERR_SHARE_MIXED (another set), ERR_SHARE_TWICE (the same number),
 * ERR_SHARE_FORMAT (the group disagrees about its threshold), ERR_TOOBIG; the set is unchanged. */
MUST enum err slip39_set_add(struct slip39_set *set, const struct slip39_share *share);
/* So many more are needed, at least: of a group of which there is no share yet, one.  Of an empty
 * set nothing is known: 1. */
size_t slip39_set_missing(const struct slip39_set *set);
/* The secret, into out (reserved here if it is empty).  More shares or groups than needed are not
 * looked at.  ERR_SHARE_FEW; ERR_SHARE_FORGED: the digest does not match; ERR_RANGE: the passphrase
 * is too long.  A wrong one is not noticed ("Passphrase"). */
MUST enum err slip39_set_combine(
    const struct slip39_set *set, struct span passphrase, struct sec *out);
void slip39_set_done(struct slip39_set *set);

/* ---- splitting ---- */
struct slip39_plan {
	unsigned threshold; /* 2..count, or 1 of 1 */
	unsigned count;	    /* up to SLIP39_MEMBERS */
};

/* ERR_SHARE_SPLIT. */
MUST enum err slip39_plan_check(const struct slip39_plan *plan);
/* One group, a new random identifier, not extendable, exponent 1: what every program can read.
 * words: plan->count empty structs, one share each.  Read back and combined in as many ways as
 * there are shares before this returns: ERR_INTERNAL if that ever gave something else. */
MUST enum err slip39_split(struct span secret, struct span passphrase,
    const struct slip39_plan *plan, struct sec *words, uint16_t *id);

/* "Sharing a secret": SplitSecret.  values: plan->count x secret.len bytes, in the order of x = 0,
 * 1, ... ERR_SHARE_SPLIT, ERR_RANGE (length). */
MUST enum err slip39_share_secret(
    struct span secret, const struct slip39_plan *plan, uint8_t *values);

#endif
