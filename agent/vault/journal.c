/* journal.c - records behind the file. */
#include "agent/vault/journal.h"

#include "agent/vault/keys.h"
#include "lib/crypto.h"
#include "lib/seal.h"

#define MAGIC "OWJ1"

static enum err
seal_record(
    struct span vrk, uint64_t generation, struct span head, struct span plain, struct buf *out)
{
	struct sec key = { 0 };
	enum err e;

	if (!(e = keys_journal(vrk, generation, &key)))
		e = seal_box(sec_span(&key), "journal", head, plain, out);
	sec_done(&key);
	return e;
}

/* The zeros behind the CBOR fill the record, so that its size says little. */
static enum err
make_plain(struct span cbor, size_t total, struct buf *plain)
{
	size_t len = total - JOURNAL_HEAD - SEAL_OVERHEAD - JOURNAL_HASH;

	buf_put_u32(plain, (uint32_t)cbor.len);
	buf_put_span(plain, cbor);
	buf_put_zero(plain, len - 4 - cbor.len);
	return buf_err(plain);
}

static enum err
make_record(struct span vrk, const struct journal_pos *at, struct span cbor, struct buf *rec)
{
	size_t total =
	    (JOURNAL_OVERHEAD + cbor.len + JOURNAL_UNIT - 1) / JOURNAL_UNIT * JOURNAL_UNIT;
	struct buf plain = BUF_INIT;
	uint8_t head[JOURNAL_HEAD];
	uint8_t hash[32];
	enum err e;

	memcpy(head, MAGIC, 4);
	put_be32(head + 4, (uint32_t)total);
	put_be64(head + 8, at->generation + 1);
	memcpy(head + 16, at->hash, 32);
	buf_put(rec, head, sizeof head);
	if (!(e = make_plain(cbor, total, &plain)))
		e = seal_record(
		    vrk, at->generation + 1, SPAN(head, sizeof head), buf_span(&plain), rec);
	buf_done(&plain);
	if (e)
		return e;
	crypto_sha256(buf_span(rec), hash);
	buf_put(rec, hash, sizeof hash);
	return buf_err(rec);
}

enum err
journal_put(struct span vrk, struct journal_pos *at, struct span cbor, struct buf *out)
{
	struct buf rec = BUF_INIT;
	enum err e;

	if (cbor.len > JOURNAL_CBOR_MAX)
		return ERR_TOOBIG;
	if (at->generation == UINT64_MAX)
		return ERR_RANGE;
	if (!(e = make_record(vrk, at, cbor, &rec))) {
		buf_put_span(out, buf_span(&rec));
		e = buf_err(out);
	}
	if (!e) {
		at->generation++;
		memcpy(at->hash, rec.p + rec.len - 32, 32);
	}
	buf_done(&rec);
	return e;
}

/* ---- reading ---- */
static bool
is_zero(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i])
			return false;
	return true;
}

/* What the head of the record behind `at` must be, but for its length. */
static void
expect_head(const struct journal_pos *at, uint8_t head[JOURNAL_HEAD])
{
	memset(head, 0, JOURNAL_HEAD);
	memcpy(head, MAGIC, 4);
	put_be64(head + 8, at->generation + 1);
	memcpy(head + 16, at->hash, 32);
}

/* As much as there is of a head is as it should be. */
static bool
is_head(struct span b, size_t most, const uint8_t want[JOURNAL_HEAD])
{
	for (size_t i = 0; i < b.len && i < most; i++)
		if ((i < 4 || i >= 8) && b.p[i] != want[i])
			return false;
	return true;
}

/* The hash is right when the record has this length. */
static bool
is_whole(struct span b, uint32_t total)
{
	uint8_t head[JOURNAL_HEAD], hash[32];
	struct span v[2] = { SPAN(head, sizeof head),
		SPAN(b.p + JOURNAL_HEAD, total - JOURNAL_HEAD - JOURNAL_HASH) };

	memcpy(head, b.p, sizeof head);
	put_be32(head + 4, total);
	crypto_sha256v(v, 2, hash);
	return memcmp(hash, b.p + total - JOURNAL_HASH, JOURNAL_HASH) == 0;
}

/* Behind the record that begins with `want` stands another one. */
static bool
is_followed(struct span b, const uint8_t want[JOURNAL_HEAD])
{
	uint8_t next[JOURNAL_HEAD];

	memcpy(next, want, sizeof next);
	put_be64(next + 8, be64(want + 8) + 1);
	for (size_t at = JOURNAL_UNIT; at + 16 <= b.len; at += JOURNAL_UNIT)
		if (is_head(SPAN(b.p + at, 16), 16, next))
			return true;
	return false;
}

/*
 * The file ends inside the record, says its length.  If it is the length that is damaged, changes
 * that were acknowledged would be dropped as one that was torn: is one of them complete?
 */
static bool
is_length_wrong(struct span b, const uint8_t want[JOURNAL_HEAD])
{
	return is_followed(b, want) || (b.len % JOURNAL_UNIT == 0 && is_whole(b, (uint32_t)b.len));
}

/* Bytes of rest from `at` to the end of a sector.  Sectors are counted from the file's start. */
static struct span
sector_at(const struct journal_rest *rest, size_t at)
{
	size_t len = JOURNAL_SECTOR - (size_t)((rest->file_at + at) % JOURNAL_SECTOR);
	size_t left = rest->bytes.len - at;

	return SPAN(rest->bytes.p + at, len < left ? len : left);
}

/* A sector was never written.  A disk writes them in any order: it may be one in the middle. */
static bool
has_hole(const struct journal_rest *rest)
{
	struct span s;

	for (size_t at = 0; at < rest->bytes.len; at += s.len) {
		s = sector_at(rest, at);
		if (is_zero(s))
			return true;
	}
	return false;
}

/* The same of the sector with the head, so that nobody knows how long the record is. */
static bool
is_head_lost(const struct journal_rest *rest, const uint8_t want[JOURNAL_HEAD])
{
	return is_zero(sector_at(rest, 0)) && rest->bytes.len <= JOURNAL_RECORD_MAX &&
	    !is_followed(rest->bytes, want);
}

enum err
journal_next(
    const struct journal_rest *rest, const struct journal_pos *at, struct journal_record *r)
{
	struct span b = rest->bytes;
	uint8_t want[JOURNAL_HEAD];
	uint32_t total;

	if (!b.len)
		return ERR_NOTFOUND;
	if (is_zero(b))
		return ERR_VAULT_TORN;
	expect_head(at, want);
	if (at->generation == UINT64_MAX)
		return ERR_VAULT_DAMAGED;
	if (!is_head(b, JOURNAL_HEAD, want))
		return is_head_lost(rest, want) ? ERR_VAULT_TORN : ERR_VAULT_DAMAGED;
	if (b.len < JOURNAL_HEAD)
		return ERR_VAULT_TORN;
	total = be32(b.p + 4);
	if (total < JOURNAL_UNIT || total % JOURNAL_UNIT || total > JOURNAL_RECORD_MAX)
		return ERR_VAULT_DAMAGED;
	if (b.len < total)
		return is_length_wrong(b, want) ? ERR_VAULT_DAMAGED : ERR_VAULT_TORN;
	if (!is_whole(b, total))
		return b.len == total && has_hole(rest) ? ERR_VAULT_TORN : ERR_VAULT_DAMAGED;
	*r = (struct journal_record){ .generation = at->generation + 1, .raw = SPAN(b.p, total) };
	return ERR_OK;
}

void
journal_advance(struct journal_pos *at, const struct journal_record *r)
{
	at->generation = r->generation;
	memcpy(at->hash, r->raw.p + r->raw.len - 32, 32);
}

enum err
journal_open(struct span vrk, const struct journal_record *r, struct buf *plain, struct span *cbor)
{
	struct span box = SPAN(r->raw.p + JOURNAL_HEAD, r->raw.len - JOURNAL_HEAD - JOURNAL_HASH);
	size_t len = box.len - SEAL_OVERHEAD;
	struct sec key = { 0 };
	uint8_t *p;
	enum err e;

	buf_reset(plain);
	if (!(p = buf_room(plain, len)))
		return ERR_NOMEM;
	if (!(e = keys_journal(vrk, r->generation, &key)))
		e = seal_open(sec_span(&key), "journal", SPAN(r->raw.p, JOURNAL_HEAD), box, p);
	sec_done(&key);
	if (e)
		return e == ERR_NOMEM ? e : ERR_VAULT_DAMAGED;
	buf_add(plain, len);
	*cbor = span_sub(buf_span(plain), 4, be32(p));
	if (!cbor->len || !is_zero(SPAN(p + 4 + cbor->len, len - 4 - cbor->len)))
		return ERR_VAULT_DAMAGED;
	return ERR_OK;
}
