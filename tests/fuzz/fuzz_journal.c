/*
 * A small vault with three records behind it, edited behind its body as the input says: what opens
 * is a state that it was in, and nothing that was acknowledged is dropped silently unless the file
 * was cut or zeroed.
 * Input: u16be bytes cut off; then { u16be offset, u8 n, n bytes }: n < 128 bytes are written, else
 * (n - 127) * 64 zeros.  Offset 0xffff: append.  The hash of the last record is made right when the
 * first bit of the input is set.
 */
#include "agent/vault/check.h"
#include "agent/vault/seen.h"
#include "tests/unit/vault_fixture.h"

#define RECORDS 3

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fixture fx;
static struct buf states[RECORDS + 1];
static size_t body_end;

static void
start(void)
{
	size_t i;

	if (fx.file.p != NULL)
		return;
	fixture_make(&fx);
	body_end = fx.file.len;
	for (i = 0;; i++) {
		if (body_encode(&fx.body, 1, 1, &states[i]) != ERR_OK)
			abort();
		if (i == RECORDS)
			break;
		fixture_append(&fx);
	}
}

static void
write_at(struct buf *f, size_t at, const uint8_t *p, size_t n)
{
	size_t i;

	if (at == 0xffff) {
		if (p != NULL)
			buf_put(f, p, n);
		else
			buf_put_zero(f, n);
		return;
	}
	for (i = 0; i < n && body_end + at + i < f->len; i++)
		f->p[body_end + at + i] = p != NULL ? p[i] : 0;
}

static void
edit(struct buf *f, const uint8_t *p, size_t n)
{
	size_t at, len;

	for (; n > 3 && f->len < 1 << 20; p += 3 + len, n -= 3 + len) {
		at = be16(p);
		if (p[2] >= 128) {
			write_at(f, at, NULL, (size_t)(p[2] - 127) * 64);
			len = 0;
			continue;
		}
		len = p[2] < n - 3 ? p[2] : n - 3;
		write_at(f, at, p + 3, len);
	}
}

static void
open_it(const struct buf *f)
{
	struct vaultfile_state st;
	struct buf now = BUF_INIT;
	struct check_report r;
	struct body b;
	size_t n;
	enum err e;

	e = vaultfile_open(buf_span(f), &fx.outer, fixture_vrk(&fx), &b, &st);
	if (check_file(buf_span(f), &r) != ERR_OK || (e == ERR_OK && !r.good))
		abort();
	if (e == ERR_OK) {
		n = st.last.generation - fx.outer.generation;
		if (n > RECORDS || body_encode(&b, 1, 1, &now) != ERR_OK ||
		    !span_eq(buf_span(&now), buf_span(&states[n])) || r.torn != st.torn ||
		    st.size_valid != body_end + n * JOURNAL_UNIT || r.size_valid != st.size_valid ||
		    st.torn != (f->len > st.size_valid))
			abort();
	} else if (e != ERR_VAULT_DAMAGED) {
		abort();
	}
	body_done(&b);
	buf_done(&now);
}

/* The input itself as what stands behind a body, and as a seen file. */
static void
raw(struct span s)
{
	struct journal_pos at = { .generation = 0 };
	struct journal_rest rest = { s, 0 };
	struct journal_record r;
	struct seen seen;

	if (journal_next(&rest, &at, &r) == ERR_OK &&
	    (r.raw.p != s.p || r.raw.len > s.len || r.generation != 1))
		abort();
	seen_parse(s, &seen);
	if (seen.known && s.len < SEEN_HALF)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf f = BUF_INIT;
	size_t cut, last;

	start();
	raw(SPAN(p, n));
	if (n < 2)
		return 0;
	cut = be16(p) & 0x7fff;
	if (cut > RECORDS * JOURNAL_UNIT)
		cut = 0;
	buf_put(&f, fx.file.p, fx.file.len - cut);
	edit(&f, p + 2, n - 2);
	if (p[0] & 0x80 && f.len >= body_end + JOURNAL_UNIT) {
		last = f.len - JOURNAL_UNIT;
		crypto_sha256(SPAN(f.p + last, JOURNAL_UNIT - 32), f.p + f.len - 32);
	}
	open_it(&f);
	buf_done(&f);
	if (sec_arena_used() != 0)
		abort();
	return 0;
}
