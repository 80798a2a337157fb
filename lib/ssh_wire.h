/*
 * ssh_wire.h - the data types of RFC 4251 5, as SSH keys, signatures and agent messages use them.
 *
 * A reader borrows bytes and is sticky: what does not fit sets failed, and everything read from
 * then on is zero or empty, so that callers check once, at the end.  Writers append to a struct buf
 * (public data) or to a struct sec (secrets).
 */
#ifndef LIB_SSH_WIRE_H
#define LIB_SSH_WIRE_H

#include "lib/buf.h"
#include "lib/sec.h"

struct ssh_reader {
	struct span left; /* what was not read yet */
	bool failed;
};

static inline struct ssh_reader
ssh_reader(struct span in)
{
	return (struct ssh_reader){ .left = in };
}

uint8_t ssh_read_u8(struct ssh_reader *r);
uint32_t ssh_read_u32(struct ssh_reader *r); /* big-endian, both */
uint64_t ssh_read_u64(struct ssh_reader *r);
/* n bytes without a length. */
struct span ssh_read_bytes(struct ssh_reader *r, size_t n);
/* u32be length, bytes; at most max of them, else failed. */
struct span ssh_read_string(struct ssh_reader *r, size_t max);
/* A positive or zero mpint of at most max bytes: its magnitude, big-endian, without leading zeros
 * (empty for 0).  Negative ones and those that are not minimal fail. */
struct span ssh_read_mpint(struct ssh_reader *r, size_t max);
/* ERR_SSHKEY_FORMAT when failed; ssh_reader_end also when something is left. */
MUST enum err ssh_reader_err(const struct ssh_reader *r);
MUST enum err ssh_reader_end(const struct ssh_reader *r);

/* To a buf (buf_put_u8, _u32, _u64 are the numbers).  mpint: from a magnitude, which may have
 * leading zeros. */
void ssh_put_string(struct buf *b, struct span s);
void ssh_put_text(struct buf *b, const char *s);
void ssh_put_mpint(struct buf *b, struct span magnitude);

/* To a sec; ERR_TOOBIG beyond its capacity. */
MUST enum err ssh_sec_u32(struct sec *s, uint32_t v);
MUST enum err ssh_sec_string(struct sec *s, struct span v);
MUST enum err ssh_sec_mpint(struct sec *s, struct span magnitude);

#endif
