/*
 * succession.h - the log that says which keys an identity has, and which came after which
 * (ownkey-succession(5) is its specification).
 *
 * One log speaks for one identity (service and account).  Each entry is signed by the log's current
 * key, an Ed25519 key made for nothing else; a rotation also by the key whose hash the entry before
 * announced and which only the recovery phrase can make (succ_g,j of DESIGN 4).  So somebody who
 * holds everything that an open vault holds can add to a log, but cannot move it to other keys.
 *
 * A log is a CBOR array of signed entries.  All of this is public data.  Nothing here keeps state
 * or draws random numbers; what is decoded borrows from the bytes it was decoded from.
 */
#ifndef LIB_SUCCESSION_H
#define LIB_SUCCESSION_H

#include "lib/wire.h"

#define SUCCESSION_LOG_MAX   (64 * 1024) /* bytes of a log */
#define SUCCESSION_ENTRY_MAX (32 * 1024) /* bytes of an entry */
#define SUCCESSION_ENTRIES   1024
#define SUCCESSION_BINDINGS  64 /* in an entry, and bound at a time */
#define SUCCESSION_KEYS	     4	/* in an entry; more than one is for later versions */
#define SUCCESSION_ID	     16
#define SUCCESSION_TO_SIGN   50		  /* bytes that are signed */
#define SUCCESSION_TIME_MAX  253402300799 /* the year 9999 */

enum succession_type {
	SUCCESSION_INCEPT,
	SUCCESSION_ROTATE, /* other keys, and all bindings anew */
	SUCCESSION_REVOKE, /* none of the keys counts any more */
	SUCCESSION_BIND	   /* public keys of further purposes */
};

/* This public key belongs to the identity. */
struct succession_binding {
	uint64_t has;
	struct span service; /* 1 as in paths of DESIGN 5 */
	struct span account; /* 2 */
	struct span purpose; /* 3 */
	struct span alg;     /* 4 [a-z0-9.-] */
	struct span digest;  /* 5 SHA-256 of the public text */
	uint64_t epoch;	     /* 6 */
};

struct succession_entry {
	uint64_t has;
	uint64_t version;	   /* 1 */
	struct span id;		   /* 2 of the log: see succession_make */
	uint64_t seq;		   /* 3 from 0 */
	struct span prev;	   /* 4 SHA-256 of the signed entry before; absent in the first */
	uint64_t type;		   /* 5 enum succession_type */
	struct wire_list keys;	   /* 6 blobs of 32: keys of the log from here on */
	struct span next;	   /* 7 SHA-256 of the key that the next rotation reveals */
	uint64_t time;		   /* 8 unix seconds */
	struct wire_list bindings; /* 9 struct succession_binding; absent when there are none */
	struct span reason;	   /* 10 for people */
};

struct succession_signature {
	uint64_t has;
	struct span key; /* 1 32 */
	struct span sig; /* 2 64 */
};

struct succession_signed {
	uint64_t has;
	struct span entry;	     /* 1 the bytes of an entry */
	struct wire_list signatures; /* 2 struct succession_signature */
};

extern const struct wire_map succession_binding_map, succession_entry_map, succession_signature_map,
    succession_signed_map;

/* A binding in force. */
struct succession_bound {
	struct span purpose;
	struct span alg;
	const uint8_t *digest; /* 32 */
	uint32_t epoch;
};

/* What a log says after its last entry; borrows from it. */
struct succession_state {
	size_t n; /* entries; when verifying failed, the number of the bad one from 0 */
	unsigned rotations;
	bool revoked; /* and not rotated since: the bindings were the last ones */
	uint8_t id[SUCCESSION_ID];
	uint8_t key[32];  /* current */
	uint8_t next[32]; /* hash of the next */
	uint8_t head[32]; /* hash of the last signed entry */
	uint64_t time;
	struct span service;
	struct span account;
	size_t nbound;
	struct succession_bound bound[SUCCESSION_BINDINGS];
};

/* --- reading --- */

/*
 * One entry by itself: format, limits and what its type must and must not have.  Whoever signs an
 * entry that somebody else made parses it with this first.  ERR_FORMAT, ERR_TRUNCATED, ERR_RANGE,
 * ERR_TOOBIG, ERR_TEXT, ERR_VERSION; ERR_UNSUPPORTED for more than one key.
 */
MUST enum err succession_parse(struct span entry, struct succession_entry *e);
/* The only key of a parsed entry. */
const uint8_t *succession_key(const struct succession_entry *e);

/*
 * A whole log, every rule of ownkey-succession(5).  Those of succession_parse, and ERR_SUCC_CHAIN,
 * ERR_SUCC_SIGNATURE, ERR_SUCC_RULE, ERR_SUCC_PHRASE.  *st is filled on success; on failure only
 * st->n counts.
 */
MUST enum err succession_verify(struct span log, struct succession_state *st);
/* The binding of a purpose; NULL when there is none. */
const struct succession_bound *succession_find(
    const struct succession_state *st, struct span purpose);

enum succession_relation {
	SUCCESSION_SAME,
	SUCCESSION_EXTENDS, /* the newer one goes on where the pinned one ends */
	SUCCESSION_OLDER,   /* the "newer" one is a beginning of the pinned one */
	/* Both go on from a common beginning: the pinned one with entries of the hot key only, the
	 * newer one with a rotation, which took the recovery phrase.  The rotation is right; what
	 * it passes over was made by another machine, or by whoever stole the key. */
	SUCCESSION_RECOVERS,
	SUCCESSION_FORKS, /* both go on from a common beginning, and nothing tells which is right */
	SUCCESSION_OTHER  /* two logs that have nothing to do with each other */
};
/* Both must have passed succession_verify. */
MUST enum err succession_compare(
    struct span pinned, struct span newer, enum succession_relation *relation);

/* --- making --- */

struct succession_change {
	uint64_t time;	     /* unix seconds; not before the last entry: raised to it if need be */
	const uint8_t *key;  /* incept, rotate: 32, the log's key from here on */
	const uint8_t *next; /* incept, rotate: 32, hash of the key that the rotation after this
				reveals; never one that was used before */
	const struct succession_binding *bindings; /* incept, bind: what is new; rotate: all */
	size_t n;
	struct span reason;
};
/*
 * Append the bytes of an entry that continues st (NULL: incept).  The id of a log is made here: the
 * first 16 bytes of SHA-256 of the first entry, encoded without its key 2.
 * ERR_SUCC_RULE when the log's rules forbid it (revoked; already bound; key or next not new), or
 * what succession_parse finds.
 */
MUST enum err succession_make(enum succession_type type, const struct succession_state *st,
    const struct succession_change *c, struct buf *entry);
/* A binding in force as a rotation would carry it on. */
struct succession_binding succession_carry(const struct succession_state *st, size_t i);
/* "ownkey1-succession" || SHA-256(entry): what crypto_ed25519_sign gets. */
void succession_to_sign(struct span entry, uint8_t out[SUCCESSION_TO_SIGN]);

struct succession_proof {
	uint8_t key[32];
	uint8_t sig[64];
};
/*
 * Append to out the log (empty: a new one) with the entry behind it.  Proofs: one by the current
 * key; rotate: by the old current key, then by the revealed next one; revoke: one of the two.
 * The result has passed succession_verify; else its error, and out is as it was.
 */
MUST enum err succession_append(struct span log, struct span entry,
    const struct succession_proof *proof, size_t n, struct buf *out);

/* --- as text --- */

/* Append a block to be posted, under a line that says what it is.  Verifies. */
MUST enum err succession_print(struct span log, struct buf *out);
/* Append the log found in a text (textblock.h); it is not verified yet. */
MUST enum err succession_find_text(struct span text, struct buf *log);

#endif
