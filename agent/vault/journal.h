/*
 * journal.h - changes appended behind the file (DESIGN 6).
 *
 * Record: 'OWJ1' || u32be total (multiple of 4096) || u64be generation || prev[32] || box ||
 * SHA-256 of the record so far.  Plaintext: u32be len || CBOR || zeros to the end.
 */
#ifndef AGENT_VAULT_JOURNAL_H
#define AGENT_VAULT_JOURNAL_H

#include "lib/buf.h"

#define JOURNAL_UNIT	   4096
#define JOURNAL_HEAD	   48
#define JOURNAL_HASH	   32
#define JOURNAL_RECORD_MAX (64u * 1024 * 1024)
/* what a record has besides its CBOR: head, box, length, hash */
#define JOURNAL_OVERHEAD (JOURNAL_HEAD + 80 + 4 + JOURNAL_HASH)
#define JOURNAL_CBOR_MAX (JOURNAL_RECORD_MAX - JOURNAL_OVERHEAD)
#define JOURNAL_SECTOR	 512

/* Where the next record goes. */
struct journal_pos {
	uint64_t generation; /* of the last record, or of the body */
	uint8_t hash[32];    /* of the last record, or the trailer */
};

/* Append one record with the next generation to out; *at moves on when it succeeded.
 * ERR_TOOBIG, ERR_NOMEM. */
MUST enum err journal_put(
    struct span vrk, struct journal_pos *at, struct span cbor, struct buf *out);

/* A record as it stands in the file. */
struct journal_record {
	uint64_t generation;
	struct span raw; /* all of it */
};
/*
 * The record at the front of rest (the file from there to its end; file_at: its offset in the
 * file).  Needs no key: length, place in the chain, hash.  ERR_OK: *r is set.  ERR_NOTFOUND: rest
 * is empty.  ERR_VAULT_TORN: the last record was not written completely: the file ends inside it,
 * or its hash is wrong and a 512-byte sector (of the file) in it is zero.  If that was not torn but
 * damaged later, `seen` knows its generation: the file is refused as an older one (line.h).
 * Otherwise ERR_VAULT_DAMAGED.
 */
struct journal_rest {
	struct span bytes;
	uint64_t file_at;
};
MUST enum err journal_next(
    const struct journal_rest *rest, const struct journal_pos *at, struct journal_record *r);
/* Move the position behind r. */
void journal_advance(struct journal_pos *at, const struct journal_record *r);
/* Decrypt into *plain (emptied first); *cbor points into it.  ERR_VAULT_DAMAGED. */
MUST enum err journal_open(
    struct span vrk, const struct journal_record *r, struct buf *plain, struct span *cbor);

/* Is it time to rewrite the file?  body_len: bytes of the body's box. */
static inline bool
journal_should_rewrite(uint64_t journal_len, uint64_t body_len)
{
	uint64_t limit = body_len / 2 > 65536 ? body_len / 2 : 65536;

	return journal_len > limit;
}

#endif
