/*
 * keys.h - the key schedule of a way in, and the keys under VRK (DESIGN 4).
 *
 * factors -> PRK -> KEK, X25519 pair, auth;  KEK (or the pair and auth) wraps VRK.
 * Every struct sec written to must be empty, and stays empty on failure.
 */
#ifndef AGENT_VAULT_KEYS_H
#define AGENT_VAULT_KEYS_H

#include "lib/buf.h"
#include "lib/sec.h"

#define KEYS_SLOT_HDR	   1408
#define KEYS_PRK	   64
#define KEYS_VRK	   32
#define KEYS_WRAP	   112 /* seal of VRK */
#define KEYS_WRAP_DEFERRED 144 /* epk before it */
#define KEYS_WRAP_MAX	   KEYS_WRAP_DEFERRED

/* Absent: SPAN_NONE; else 32 bytes each. */
struct keys_factors {
	struct span token;
	struct span passphrase; /* Argon2id of it */
	struct span recovery;
};

/* ERR_RANGE: a factor of another length, or none at all. */
MUST enum err keys_prk(const struct keys_factors *f, const uint8_t kdf_salt[32], struct sec *prk);

/* Secret half and public half of a slot's pair, 32 bytes; and the key of its deferred wraps. */
MUST enum err keys_x25519(const struct sec *prk, const uint8_t slot_id[16], struct sec *xs);
MUST enum err keys_xp(const struct sec *prk, const uint8_t slot_id[16], uint8_t xp[32]);
MUST enum err keys_auth(const struct sec *prk, const uint8_t slot_id[16], struct sec *auth);
MUST enum err keys_kek(const struct sec *prk, const uint8_t hdr[KEYS_SLOT_HDR], struct sec *kek);

/* The slot whose wrap is made or opened; hdr complete, its byte 3 says which wrap. */
struct keys_slot {
	const uint8_t *vault_id; /* 16 bytes */
	const uint8_t *hdr;	 /* KEYS_SLOT_HDR bytes */
	/* Known answers only; NULL = drawn at random, 32 bytes each. */
	const uint8_t *nonce;
	const uint8_t *ephemeral;
};

/* Wrap 0 by somebody who has the factors. */
MUST enum err keys_wrap(
    const struct keys_slot *s, const struct sec *prk, struct span vrk, uint8_t wrap[KEYS_WRAP]);
/* Wrap 1 by somebody who knows auth (from the slot's note in the body); xp is the header's.
 * ERR_RANGE: xp is of small order. */
MUST enum err keys_wrap_deferred(
    const struct keys_slot *s, struct span auth, struct span vrk, uint8_t wrap[KEYS_WRAP_DEFERRED]);
/*
 * Open either kind; wrap: what the slot has, at least as long as the kind wants (zeros behind it).
 *   ERR_VAULT_KEY      these factors belong to another slot
 *   ERR_VAULT_SLOT     the factors fit, but header or wrap were edited or come from another vault
 *   ERR_VAULT_WRAP     deferred, and made by somebody without auth, or edited
 *   ERR_VAULT_DAMAGED  the tag alone is wrong
 *   ERR_VERSION        unknown kind of wrap
 */
MUST enum err keys_unwrap(
    const struct keys_slot *s, const struct sec *prk, struct span wrap, struct sec *vrk);

/* --- under VRK (32 bytes) --- */

MUST enum err keys_body(struct span vrk, struct sec *key);
MUST enum err keys_journal(struct span vrk, uint64_t generation, struct sec *key);
/* t of a line: kept in the body, its SHA-256 in `seen` */
void keys_line(struct span vrk, const uint8_t vault_id[16], uint8_t t[32]);
/* MAC of an audit entry under the audit key */
void keys_audit(struct span audit_key, uint64_t n, uint8_t mac_key[32]);

struct keys_item {
	const uint8_t *id; /* 16 bytes */
	uint32_t rev;
};

/* Secret of an item; appended to box. */
MUST enum err keys_item_seal(
    struct span vrk, const struct keys_item *it, struct span secret, struct buf *box);
MUST enum err keys_item_open(
    struct span vrk, const struct keys_item *it, struct span box, struct sec *secret);
/* seed_g; appended to box. */
MUST enum err keys_seed_seal(struct span vrk, uint32_t g, struct span seed, struct buf *box);
MUST enum err keys_seed_open(struct span vrk, uint32_t g, struct span box, struct sec *seed);

#endif
