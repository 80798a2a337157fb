/*
 * outer.h - the fixed binary outside of the vault file (DESIGN 6): head, sixteen slots, trailer.
 * Read before any key exists: offsets and range checks only, no allocation, no files.
 *
 * A slot that is wrong does not take the others with it: its error is in slot_err.
 * struct outer is about 60 KiB: keep it off the stack.  It has no pointers and may be copied.
 */
#ifndef AGENT_VAULT_OUTER_H
#define AGENT_VAULT_OUTER_H

#include "lib/buf.h"

#define OUTER_MAGIC	  "\x89OWK\r\n\x1a\n"
#define OUTER_VERSION	  1
#define OUTER_SLOTS	  16
#define OUTER_HEAD	  512
#define OUTER_SLOT_SIZE	  2048
#define OUTER_SLOT_HDR	  1408
#define OUTER_BODY	  33280 /* where the body begins; all before is its AD */
#define OUTER_TRAILER	  32
#define OUTER_BODY_MIN	  (80 + 4096)
#define OUTER_BODY_MAX	  (540u * 1024 * 1024) /* 512 MiB and its padding */
#define OUTER_RP_MAX	  63
#define OUTER_CRED_MAX	  1024
#define OUTER_PUBKEY_MAX  128
#define OUTER_WRAP_PLAIN  112 /* wrap 0: box of VRK */
#define OUTER_WRAP_DEFER  144 /* wrap 1: epk || box */
#define OUTER_ARGON_M_MIN 8u  /* KiB */
#define OUTER_ARGON_M_MAX (2u * 1024 * 1024)
#define OUTER_ARGON_T_MAX 64u
#define OUTER_DAY	  86400u /* created is in whole days */

enum slot_kind { SLOT_EMPTY = 0, SLOT_UNLOCK = 1 };
enum slot_factor { /* bits */
	FACTOR_TOKEN = 1,
	FACTOR_PASSPHRASE = 2,
	FACTOR_PHRASE = 4,
	FACTOR_ALL = 7
};
enum slot_wrap { WRAP_PLAIN = 0, WRAP_DEFERRED = 1 };

/* Reserved bytes; they are public. */
static inline bool
outer_is_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* One slot, decoded.  What does not belong to its factors is zero. */
struct slot {
	uint8_t kind;	  /* enum slot_kind; SLOT_EMPTY: nothing else is set */
	uint8_t factors;  /* bits of enum slot_factor */
	uint8_t uv;	  /* as observed at enrolment: 0 touch, 1 PIN or fingerprint */
	uint8_t wrap;	  /* enum slot_wrap */
	uint64_t created; /* unix seconds, whole days */
	uint8_t id[16];
	uint32_t argon_m; /* KiB */
	uint32_t argon_t;
	int32_t alg; /* COSE: -7 ES256 (pubkey x||y, 64), -8 EdDSA (32); 0 without a token */
	uint16_t cred_id_len;
	uint16_t pubkey_len;
	uint8_t kdf_salt[32];
	uint8_t argon_salt[16];
	uint8_t xp[32];
	char hint[33]; /* NUL-terminated */
	uint8_t pubkey[OUTER_PUBKEY_MAX];
	uint8_t cred_id[OUTER_CRED_MAX];
	uint8_t box[OUTER_WRAP_DEFER]; /* the wrap: outer_wrap_len bytes */
};

static inline size_t
outer_wrap_len(const struct slot *s)
{
	return s->wrap == WRAP_DEFERRED ? OUTER_WRAP_DEFER : OUTER_WRAP_PLAIN;
}

static inline struct span
outer_wrap(const struct slot *s)
{
	return SPAN(s->box, outer_wrap_len(s));
}

struct outer {
	uint16_t version;
	uint16_t min_reader;
	uint8_t vault_id[16];
	uint64_t generation; /* of the body; the journal goes on from there */
	uint32_t body_len;   /* bytes of the box */
	uint32_t total_len;  /* of the file without the journal */
	char rp_id[OUTER_RP_MAX + 1];
	uint8_t prf_salt[32];
	uint8_t hard_salt[32];
	struct slot slot[OUTER_SLOTS];
	enum err slot_err[OUTER_SLOTS]; /* not ERR_OK: the slot's fields are not to be used */
	uint8_t raw[OUTER_BODY]; /* the bytes themselves; true also for slots with an error */
};

/*
 * The whole outside, trailer included; file may have a journal behind.
 * ERR_FORMAT: no vault at all (magic).  ERR_VERSION: this reader is too old.  ERR_VAULT_DAMAGED:
 * too short, impossible lengths, trailer differs.  ERR_VAULT_HEADER: the trailer is right, a field
 * of the head is not.  slot_err: ERR_VAULT_SLOT, ERR_VERSION (kind or factor of a later version).
 */
MUST enum err outer_parse(struct span file, struct outer *o);
/* The same without looking at the trailer (tests; vault check, which goes on after it). */
MUST enum err outer_parse_untrusted(struct span file, struct outer *o);
/* ERR_VAULT_DAMAGED when SHA-256 of file[0..total_len-32) is not what stands there. */
MUST enum err outer_check_trailer(struct span file, const struct outer *o);

/* A new, empty outside.  ERR_RANGE when rp_id does not begin with "ownkey:" or is too long. */
struct outer_new {
	uint8_t vault_id[16];
	const char *rp_id; /* NULL: "ownkey:vault" */
	uint8_t prf_salt[32];
	uint8_t hard_salt[32];
};
MUST enum err outer_init(struct outer *o, const struct outer_new *n);
/* Set generation and lengths, in raw too (vaultfile_build does it). */
void outer_set_body(struct outer *o, uint64_t generation, uint32_t body_len);

/* slot[0..1408) of slot i: AD of its wrap, info of its KEK. */
static inline struct span
outer_slot_hdr(const struct outer *o, size_t i)
{
	return SPAN(o->raw + OUTER_HEAD + i * OUTER_SLOT_SIZE, OUTER_SLOT_HDR);
}

/* Put s in place i.  ERR_VAULT_SLOT when it would not be accepted, or its id is there already. */
MUST enum err outer_slot_put(struct outer *o, size_t i, const struct slot *s);
void outer_slot_clear(struct outer *o, size_t i);
/* First empty place, -1 when all are taken (a slot with an error counts as taken). */
int outer_slot_free(const struct outer *o);
/* Place of a usable slot with this id, -1. */
int outer_slot_find(const struct outer *o, const uint8_t id[16]);
/* Place of the usable token slot with this credential id, -1. */
int outer_slot_by_cred(const struct outer *o, struct span cred_id);
/* Usable and not empty? */
static inline bool
outer_slot_ok(const struct outer *o, size_t i)
{
	return o->slot_err[i] == ERR_OK && o->slot[i].kind == SLOT_UNLOCK;
}

/* One slot: 2048 bytes in, 2048 out.  parse(build(s)) == s.  An empty slot is all zero. */
MUST enum err outer_slot_parse(const uint8_t raw[OUTER_SLOT_SIZE], struct slot *s);
MUST enum err outer_slot_build(const struct slot *s, uint8_t raw[OUTER_SLOT_SIZE]);
/* Only slot_hdr, for making the wrap (box is not looked at). */
MUST enum err outer_slot_build_hdr(const struct slot *s, uint8_t hdr[OUTER_SLOT_HDR]);

#endif
