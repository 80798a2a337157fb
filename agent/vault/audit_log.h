/*
 * audit_log.h - the audit log as bytes (ownkey-vault(5), DESIGN 9): records are made, read and
 * chained.  Pure: no files, no clocks.
 *
 * Record, AUDIT_RECORD bytes, big-endian:
 *	'OWA1' || u32be length of the CBOR || u64be n || previous[32] || CBOR || zeros || MAC[32]
 * n counts from 0; previous = SHA-256 of the record before, whole (zeros in front of n = 0);
 * MAC = HMAC-SHA256(kdf(audit key, "audit", u64be n, 32), all before it).
 *
 * Its size is that of a sector: what a crash leaves of a record that was not acknowledged is a part
 * of it or zeros, never a mixture.
 */
#ifndef AGENT_VAULT_AUDIT_LOG_H
#define AGENT_VAULT_AUDIT_LOG_H

#include "lib/buf.h"
#include "lib/wire.h"

#define AUDIT_RECORD	512
#define AUDIT_HEAD	48
#define AUDIT_CBOR_MAX	(AUDIT_RECORD - AUDIT_HEAD - 32)
#define AUDIT_FILE_MOST (16u * 1024 * 1024) /* then the file becomes the older one */

enum audit_kind {
	AUDIT_BEGIN,	 /* first record of a file: log id; err = why a log was begun anew */
	AUDIT_ASK,	 /* the person was asked once for a client and an item */
	AUDIT_TOUCH,	 /* a touch was asked for one use */
	AUDIT_PROOF,	 /* a way in was proven, or not */
	AUDIT_OPERATION, /* an export, administration, unlock, lock */
	AUDIT_USES,	 /* uses that were free, counted */
	AUDIT_REPAIR	 /* count bytes of a record that was not written completely were dropped */
};
#define AUDIT_KINDS "begin|ask|touch|proof|operation|uses|repair"

/* What a record says. */
struct audit_entry {
	uint64_t has;
	uint64_t kind;	    /* 1 enum audit_kind */
	uint64_t op;	    /* 2 enum op */
	uint64_t time;	    /* 3 unix seconds */
	uint64_t boottime;  /* 4 CLOCK_BOOTTIME, ms */
	struct span item;   /* 5 AUDIT_ITEM bytes: audit_log_item; item or way in */
	struct span client; /* 6 executable, a label */
	uint64_t err;	    /* 7 enum err */
	uint64_t count;	    /* 8 how often; absent = once */
	struct span log_id; /* 9 16 bytes, begin only */
};
extern const struct wire_map audit_entry_map;
#define AUDIT_ITEM	 16
#define AUDIT_LOG_ID	 16
#define AUDIT_CLIENT_MAX 255

/* Where the next record goes. */
struct audit_pos {
	uint64_t n;	  /* its number = how many there are before it */
	uint8_t hash[32]; /* of the last one; zeros when n is 0 */
	uint8_t last[32]; /* the last bytes (MAC) of the last one */
};

/* The name of an item in the log: the first 16 bytes of HMAC-SHA256(kdf(audit key, "audit-item",
 * "", 32), id). */
void audit_log_item(struct span key, const uint8_t id[16], uint8_t out[AUDIT_ITEM]);
/* Append one record to out; *at moves on.  e is marked already.  ERR_TOOBIG, encoding errors. */
MUST enum err audit_log_put(
    struct span key, struct audit_pos *at, const struct audit_entry *e, struct buf *out);

/* A record as it stands there; spans point into it. */
struct audit_record {
	uint64_t n;
	struct span previous;
	struct audit_entry entry;
};
/* Shape only, no key.  ERR_AUDIT_DAMAGED. */
MUST enum err audit_log_parse(struct span record, struct audit_record *r);
/* The same, and its MAC is right for its n. */
MUST enum err audit_log_open(struct span key, struct span record, struct audit_record *r);
/* The same, and it is the next one in the chain; *at moves on when it is.  ERR_AUDIT_DAMAGED. */
MUST enum err audit_log_next(
    struct span key, struct audit_pos *at, struct span record, struct audit_record *r);
/* Start a chain at this record, which must be the first of a file (begin); nothing is known of what
 * was before it.  *at gets behind it. */
MUST enum err audit_log_start(
    struct span key, struct span record, struct audit_pos *at, struct audit_record *r);

/*
 * Follow the chain through a stretch of the file, which ends where the file ends.  *at moves behind
 * the last good record, *good = its bytes.  What is left behind it: nothing (ERR_OK);
 * ERR_VAULT_TORN: less than a record, or zeros where a record should be: writing it was not
 * finished, nor anything behind it; ERR_AUDIT_DAMAGED.
 */
MUST enum err audit_log_walk(
    struct span key, struct audit_pos *at, struct span bytes, size_t *good);

#endif
