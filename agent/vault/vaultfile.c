/* vaultfile.c - the whole file in memory. */
#include "agent/vault/vaultfile.h"

#include "agent/vault/keys.h"
#include "lib/crypto.h"
#include "lib/seal.h"

#define PAD_MIN 4096u

size_t
vaultfile_padded(size_t n)
{
	size_t unit = PAD_MIN, top = 1;

	while (top * 2 <= n)
		top *= 2;
	if (top / 16 > unit)
		unit = top / 16;
	return (n + unit - 1) / unit * unit;
}

/* ---- opening ---- */
static bool
is_zero(struct span s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < s.len; i++)
		any |= s.p[i];
	return any == 0;
}

/* u32be length, CBOR, zeros. */
static enum err
find_cbor(struct span plain, struct span *cbor)
{
	size_t len = plain.len >= 4 ? be32(plain.p) : 0;

	*cbor = span_sub(plain, 4, len);
	if (!cbor->len || vaultfile_padded(4 + len) != plain.len)
		return ERR_VAULT_DAMAGED;
	return is_zero(SPAN(plain.p + 4 + len, plain.len - 4 - len)) ? ERR_OK : ERR_VAULT_DAMAGED;
}

static enum err
decrypt_body(struct span file, const struct outer *o, struct span vrk, struct buf *plain)
{
	struct span box = span_sub(file, OUTER_BODY, o->body_len);
	struct sec key = { 0 };
	uint8_t *p;
	enum err e;

	if (box.len <= SEAL_OVERHEAD)
		return ERR_VAULT_DAMAGED;
	if (!(p = buf_room(plain, box.len - SEAL_OVERHEAD)))
		return ERR_NOMEM;
	if (!(e = keys_body(vrk, &key)))
		e = seal_open(sec_span(&key), "body", SPAN(file.p, OUTER_BODY), box, p);
	sec_done(&key);
	if (!e)
		buf_add(plain, box.len - SEAL_OVERHEAD);
	return e == ERR_VAULT_KEY ? ERR_VAULT_HEADER : e;
}

/* What is sealed under our key and yet does not decode was damaged before it was sealed. */
static enum err
damaged(enum err e)
{
	return e == ERR_OK || e == ERR_NOMEM || e == ERR_VERSION || e == ERR_VAULT_GENERATION
	    ? e
	    : ERR_VAULT_DAMAGED;
}

static enum err
open_body(struct span file, const struct outer *o, struct span vrk, struct body *b)
{
	struct buf plain = { .max = OUTER_BODY_MAX };
	struct span cbor;
	enum err e;

	if ((e = decrypt_body(file, o, vrk, &plain)) || (e = find_cbor(buf_span(&plain), &cbor))) {
		buf_done(&plain);
		return e;
	}
	if ((e = body_decode(b, &plain, cbor)))
		return damaged(e);
	if (b->generation == o->generation)
		return ERR_OK;
	body_done(b);
	return ERR_VAULT_GENERATION;
}

static enum err
replay_one(struct span vrk, const struct journal_record *r, struct body *b, struct buf *plain)
{
	struct span cbor;
	enum err e;

	if ((e = journal_open(vrk, r, plain, &cbor)))
		return e;
	return damaged(body_apply(b, cbor, r->generation));
}

static enum err
replay(struct span file, struct span vrk, struct body *b, struct vaultfile_state *st)
{
	struct buf plain = BUF_INIT;
	struct journal_record r;
	enum err e = ERR_OK;

	while (!e) {
		struct journal_rest rest = {
			SPAN(file.p + st->size_valid, file.len - st->size_valid), st->size_valid
		};

		if ((e = journal_next(&rest, &st->last, &r)) ||
		    (e = replay_one(vrk, &r, b, &plain)))
			break;
		journal_advance(&st->last, &r);
		st->size_valid += r.raw.len;
		st->journal_len += r.raw.len;
	}
	buf_done(&plain);
	st->torn = e == ERR_VAULT_TORN;
	return st->torn || e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
vaultfile_open(struct span file, const struct outer *o, struct span vrk, struct body *b,
    struct vaultfile_state *st)
{
	enum err e;

	body_init(b);
	if (o->total_len > file.len)
		return ERR_VAULT_DAMAGED;
	*st = (struct vaultfile_state){ .size_valid = o->total_len, .body_len = o->body_len };
	st->last.generation = o->generation;
	memcpy(st->last.hash, file.p + o->total_len - OUTER_TRAILER, OUTER_TRAILER);
	if (!(e = open_body(file, o, vrk, b)) && (e = replay(file, vrk, b, st)))
		body_done(b);
	return e;
}

bool
vaultfile_passes(struct span file, const struct outer *o, const uint8_t hash[32])
{
	struct journal_pos pos = { .generation = o->generation };
	struct journal_record r;
	size_t at = o->total_len;

	if (o->total_len > file.len || o->total_len < OUTER_TRAILER)
		return false;
	memcpy(pos.hash, file.p + o->total_len - OUTER_TRAILER, 32);
	while (memcmp(pos.hash, hash, 32) != 0) {
		struct journal_rest rest = { SPAN(file.p + at, file.len - at), at };

		if (journal_next(&rest, &pos, &r))
			return false;
		journal_advance(&pos, &r);
		at += r.raw.len;
	}
	return true;
}

/* ---- rewriting ---- */
static enum err
make_plain(const struct body *b, uint64_t generation, uint64_t saved_at, struct buf *plain)
{
	size_t n;
	enum err e;

	buf_put_u32(plain, 0);
	if ((e = body_encode(b, generation, saved_at, plain)))
		return e;
	n = plain->len;
	if (n - 4 > BODY_MAX)
		return ERR_TOOBIG;
	put_be32(plain->p, (uint32_t)(n - 4));
	buf_put_zero(plain, vaultfile_padded(n) - n);
	return buf_err(plain);
}

static enum err
make_file(struct outer *o, struct span vrk, struct span plain, struct buf *file)
{
	struct sec key = { 0 };
	uint8_t hash[32];
	enum err e;

	(void)buf_room(file, o->total_len);
	buf_put(file, o->raw, OUTER_BODY);
	if (!(e = buf_err(file)) && !(e = keys_body(vrk, &key)))
		e = seal_box(sec_span(&key), "body", SPAN(o->raw, OUTER_BODY), plain, file);
	sec_done(&key);
	if (e)
		return e;
	crypto_sha256(buf_span(file), hash);
	buf_put(file, hash, sizeof hash);
	return buf_err(file);
}

static void
describe(const struct outer *o, struct vaultfile_new *nv)
{
	nv->st = (struct vaultfile_state){ .size_valid = nv->bytes.len, .body_len = o->body_len };
	nv->st.last.generation = o->generation;
	memcpy(nv->st.last.hash, nv->bytes.p + nv->bytes.len - 32, 32);
}

enum err
vaultfile_build(const struct outer *o, struct span vrk, const struct body *b, uint64_t saved_at,
    struct vaultfile_new *nv)
{
	static struct outer copy; /* large: off the stack; nothing here waits */
	struct buf plain = { .max = OUTER_BODY_MAX };
	uint64_t generation = b->generation + 1;
	enum err e;

	*nv = (struct vaultfile_new){ .saved_at = saved_at };
	if (b->generation == UINT64_MAX)
		return ERR_RANGE;
	copy = *o;
	if (!(e = make_plain(b, generation, saved_at, &plain))) {
		outer_set_body(&copy, generation, (uint32_t)(plain.len + SEAL_OVERHEAD));
		e = make_file(&copy, vrk, buf_span(&plain), &nv->bytes);
	}
	if (!e)
		describe(&copy, nv);
	else
		vaultfile_new_done(nv);
	buf_done(&plain);
	return e;
}

void
vaultfile_commit(
    struct outer *o, struct body *b, struct vaultfile_state *st, const struct vaultfile_new *nv)
{
	outer_set_body(o, nv->st.last.generation, (uint32_t)nv->st.body_len);
	b->generation = nv->st.last.generation;
	b->saved_at = nv->saved_at;
	*st = nv->st;
}

void
vaultfile_new_done(struct vaultfile_new *nv)
{
	buf_done(&nv->bytes);
	*nv = (struct vaultfile_new){ .bytes = BUF_INIT };
}

/* ---- appending ---- */
enum err
vaultfile_append(struct span vrk, const struct vaultfile_state *st, struct span delta,
    struct buf *record, struct vaultfile_state *next)
{
	struct vaultfile_state n = *st;
	size_t before = record->len;
	enum err e;

	/* what is durable and cannot be read again would be the end of the vault */
	if ((e = body_check_delta(delta, st->last.generation + 1)) ||
	    (e = journal_put(vrk, &n.last, delta, record)))
		return e;
	n.size_valid += record->len - before;
	n.journal_len += record->len - before;
	n.torn = false;
	*next = n;
	return ERR_OK;
}
