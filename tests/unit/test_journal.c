/* agent/vault/journal.c: records behind the file, and what a power cut leaves of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vault_fixture.h"

#define AT 37488 /* a file offset as the first record has it */

static struct fixture_rng rng;
static uint8_t vrk_bytes[32] = { 7 };

static struct span
vrk(void)
{
	return SPAN(vrk_bytes, 32);
}

static int
setup(void **state)
{
	(void)state;
	fixture_start();
	rng = fixture_seed("journal");
	return 0;
}

static enum err
next(struct span bytes, const struct journal_pos *at, struct journal_record *r)
{
	struct journal_rest rest = { bytes, AT };

	return journal_next(&rest, at, r);
}

/* n records with a little CBOR each; pos[i] is the position before record i. */
static void
make(size_t n, struct journal_pos *pos, struct buf *out)
{
	struct journal_pos at = { .generation = 5 };
	uint8_t text[3] = { 0x62, 'r' };
	size_t i;

	memset(at.hash, 0xab, sizeof(at.hash));
	for (i = 0; i < n; i++) {
		pos[i] = at;
		text[2] = (uint8_t)('0' + i);
		FIXTURE_MUST(journal_put(vrk(), &at, SPAN(text, 3), out));
	}
	pos[n] = at;
}

/* ---- writing and reading ---- */

static void
test_round_trip(void **state)
{
	static const size_t lens[] = { 1, 2, 3930, 3931, 3932, 3933, 3934, 8000, 100000 };
	struct buf out = BUF_INIT, cbor = BUF_INIT, plain = BUF_INIT;
	struct journal_pos at = { .generation = 1 }, before;
	struct journal_record r;
	struct span got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		buf_reset(&out);
		buf_reset(&cbor);
		buf_put_zero(&cbor, lens[i]);
		fixture_fill(&rng, cbor.p, lens[i]);
		before = at;
		assert_int_equal(journal_put(vrk(), &at, buf_span(&cbor), &out), ERR_OK);
		assert_int_equal(out.len, (lens[i] + 164 + 4095) / 4096 * 4096);
		assert_int_equal(at.generation, before.generation + 1);
		assert_int_equal(next(buf_span(&out), &before, &r), ERR_OK);
		assert_int_equal(r.generation, at.generation);
		assert_int_equal(r.raw.len, out.len);
		assert_int_equal(journal_open(vrk(), &r, &plain, &got), ERR_OK);
		assert_true(span_eq(got, buf_span(&cbor)));
		journal_advance(&before, &r);
		assert_memory_equal(&before, &at, sizeof(at));
	}
	buf_done(&out);
	buf_done(&cbor);
	buf_done(&plain);
}

/* DESIGN 6: the layout, and that the hash and the box are what is said there. */
static void
test_layout(void **state)
{
	struct journal_pos pos[2];
	struct buf out = BUF_INIT;
	uint8_t hash[32], key[32], gen[8], plain[4096];
	struct span rec;

	(void)state;
	make(1, pos, &out);
	rec = buf_span(&out);
	assert_int_equal(rec.len, 4096);
	assert_memory_equal(rec.p, "OWJ1\0\0\x10\0\0\0\0\0\0\0\0\6", 16);
	assert_memory_equal(rec.p + 16, pos[0].hash, 32);
	crypto_sha256(SPAN(rec.p, 4096 - 32), hash);
	assert_memory_equal(rec.p + 4096 - 32, hash, 32);
	assert_memory_equal(pos[1].hash, hash, 32);
	put_be64(gen, 6);
	seal_kdf(vrk(), "journal", SPAN(gen, 8), key, 32);
	assert_int_equal(seal_open(SPAN(key, 32), "journal", SPAN(rec.p, 48),
			     SPAN(rec.p + 48, 4096 - 80), plain),
	    ERR_OK);
	assert_memory_equal(plain, "\0\0\0\3\x62r0", 7);
	assert_true(outer_is_zero(plain + 7, 4096 - 80 - 80 - 7));
	buf_done(&out);
}

static void
test_limits(void **state)
{
	struct journal_pos at = { .generation = UINT64_MAX };
	struct journal_record r;
	struct buf out = BUF_INIT, big = BUF_INIT;

	(void)state;
	assert_int_equal(journal_put(vrk(), &at, SPAN_LIT("\1"), &out), ERR_RANGE);
	assert_int_equal(next(SPAN_LIT("OWJ1"), &at, &r), ERR_VAULT_DAMAGED);
	at.generation = 1;
	buf_put_zero(&big, JOURNAL_CBOR_MAX + 1);
	assert_int_equal(journal_put(vrk(), &at, buf_span(&big), &out), ERR_TOOBIG);
	assert_int_equal(out.len, 0);
	assert_int_equal(at.generation, 1);
	assert_int_equal(journal_put(vrk(), &at, SPAN(big.p, JOURNAL_CBOR_MAX), &out), ERR_OK);
	assert_int_equal(out.len, JOURNAL_RECORD_MAX);
	buf_done(&out);
	buf_done(&big);
	assert_false(journal_should_rewrite(0, 4176));
	assert_false(journal_should_rewrite(65536, 4176));
	assert_true(journal_should_rewrite(65537, 4176));
	assert_false(journal_should_rewrite(500000, 1000000));
	assert_true(journal_should_rewrite(500001, 1000000));
}

/* ---- a power cut ---- */

/* Three records, the file cut at every byte: exactly the whole ones count. */
static void
test_cut(void **state)
{
	struct journal_pos pos[4], at;
	struct journal_record r;
	struct buf out = BUF_INIT;
	size_t n, off, count;
	enum err e;

	(void)state;
	make(3, pos, &out);
	for (n = 0; n <= out.len; n++) {
		at = pos[0];
		for (off = count = 0;; off += r.raw.len, count++) {
			e = next(SPAN(out.p + off, n - off), &at, &r);
			if (e != ERR_OK)
				break;
			journal_advance(&at, &r);
		}
		assert_int_equal(count, n / 4096);
		assert_int_equal(e, n % 4096 == 0 ? ERR_NOTFOUND : ERR_VAULT_TORN);
	}
	buf_done(&out);
}

/* From each sector of the last record on, nothing was written; the file has its full length. */
static void
test_zero_tail(void **state)
{
	struct journal_pos pos[4];
	struct journal_record r;
	struct buf out = BUF_INIT;
	size_t from, off = 4096;

	(void)state;
	for (from = 48; from < 4096; from++) { /* no sector ends inside the head */
		buf_reset(&out);
		make(2, pos, &out);
		memset(out.p + off + from, 0, 4096 - from);
		/* torn when the last sector (of the file, not the record) is zero */
		assert_int_equal(next(SPAN(out.p + off, 4096), &pos[1], &r),
		    from <= 4096 - (AT + 8192) % 512 ? ERR_VAULT_TORN : ERR_VAULT_DAMAGED);
		/* never so for a record that others follow */
		assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_OK);
	}
	buf_reset(&out);
	make(2, pos, &out);
	memset(out.p, 0, 4096);
	assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_VAULT_DAMAGED);
	buf_reset(&out);
	make(2, pos, &out);
	memset(out.p + 2048, 0, 2048);
	assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_VAULT_DAMAGED);
	/* nor for one that is damaged, when it is another one that is torn */
	buf_reset(&out);
	make(3, pos, &out);
	out.p[100] ^= 1;
	memset(out.p + 2 * 4096 + 1024, 0, 3072);
	assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_VAULT_DAMAGED);
	buf_done(&out);
}

/* A disk writes sectors in any order: any one of the last record may be missing, and no other. */
static void
test_holes(void **state)
{
	struct journal_pos pos[4];
	struct journal_record r;
	struct buf out = BUF_INIT;
	size_t from, to, n;

	(void)state;
	for (from = 0; from < 4096; from = to) {
		to = from + 512 - (AT + from) % 512;
		to = to < 4096 ? to : 4096;
		buf_reset(&out);
		make(3, pos, &out);
		memset(out.p + from, 0, to - from);
		assert_int_equal(next(SPAN(out.p, 4096), &pos[0], &r), ERR_VAULT_TORN);
		/* the file may have grown a part of the way */
		for (n = 1; n < 4096; n++)
			assert_int_equal(next(SPAN(out.p, n), &pos[0], &r), ERR_VAULT_TORN);
		/* a record that another one follows was acknowledged */
		for (n = 4096 + 16; n <= out.len; n += 16)
			assert_int_equal(next(SPAN(out.p, n), &pos[0], &r), ERR_VAULT_DAMAGED);
		/* one byte of the sector is there: it was written, and is damaged now */
		out.p[to - 1] = 1;
		assert_int_equal(next(SPAN(out.p, 4096), &pos[0], &r), ERR_VAULT_DAMAGED);
	}
	buf_done(&out);
}

/* Space that was reserved and never written. */
static void
test_zeros(void **state)
{
	static const uint8_t zeros[10000];
	struct journal_pos at = { .generation = 1 };
	struct journal_record r;
	size_t n;

	(void)state;
	for (n = 1; n < sizeof(zeros); n += 7)
		assert_int_equal(next(SPAN(zeros, n), &at, &r), ERR_VAULT_TORN);
}

/* ---- damage ---- */

/* Every byte of a whole record that others follow, or that is the last: never dropped as torn. */
static void
test_flipped(void **state)
{
	struct journal_pos pos[4];
	struct journal_record r;
	struct buf out = BUF_INIT;
	size_t i, n;

	(void)state;
	make(3, pos, &out);
	for (i = 0; i < 4096; i++)
		for (n = 1; n <= 3; n++) {
			out.p[i] ^= (uint8_t)(1 << i % 8);
			assert_int_equal(
			    next(SPAN(out.p, n * 4096), &pos[0], &r), ERR_VAULT_DAMAGED);
			out.p[i] ^= (uint8_t)(1 << i % 8);
		}
	buf_done(&out);
}

/* A length that leads beyond the end of the file must not take acknowledged changes along. */
static void
test_lying_length(void **state)
{
	static const uint32_t totals[] = { 8192, 16384, 1 << 20, JOURNAL_RECORD_MAX };
	struct journal_pos pos[4];
	struct journal_record r;
	struct buf out = BUF_INIT;
	size_t i, n;

	(void)state;
	make(3, pos, &out);
	for (i = 0; i < 4; i++) {
		put_be32(out.p + 4, totals[i]);
		for (n = 4096; n <= out.len; n++) {
			if (n >= totals[i])
				break;
			/* one that is whole, or one that follows, or neither is to be seen */
			assert_int_equal(next(SPAN(out.p, n), &pos[0], &r),
			    n == 4096 || n >= 4096 + 16 ? ERR_VAULT_DAMAGED : ERR_VAULT_TORN);
		}
	}
	for (n = 0; n < 4096; n++) {
		put_be32(out.p + 4, (uint32_t)n);
		assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_VAULT_DAMAGED);
	}
	put_be32(out.p + 4, JOURNAL_RECORD_MAX + 4096);
	assert_int_equal(next(buf_span(&out), &pos[0], &r), ERR_VAULT_DAMAGED);
	buf_done(&out);
}

static void
fix_hash(uint8_t *rec)
{
	crypto_sha256(SPAN(rec, 4096 - 32), rec + 4096 - 32);
}

/* Whole, with a right hash, and yet not ours. */
static void
test_forged(void **state)
{
	struct journal_pos pos[4];
	struct journal_record r;
	struct buf out = BUF_INIT, plain = BUF_INIT;
	struct span cbor;
	size_t i;

	(void)state;
	make(3, pos, &out);
	/* out of place */
	assert_int_equal(next(SPAN(out.p + 4096, 4096), &pos[0], &r), ERR_VAULT_DAMAGED);
	assert_int_equal(next(SPAN(out.p, 4096), &pos[1], &r), ERR_VAULT_DAMAGED);
	for (i = 8; i < 4096 - 32; i++) {
		out.p[i] ^= 1;
		fix_hash(out.p);
		if (i < 48) {
			assert_int_equal(next(SPAN(out.p, 4096), &pos[0], &r), ERR_VAULT_DAMAGED);
		} else {
			/* a box that does not open is damage; and the next one's prev is wrong */
			assert_int_equal(next(SPAN(out.p, 4096), &pos[0], &r), ERR_OK);
			assert_int_equal(journal_open(vrk(), &r, &plain, &cbor), ERR_VAULT_DAMAGED);
			journal_advance(&pos[3], &r);
			pos[3].generation = pos[1].generation;
			assert_int_equal(
			    next(SPAN(out.p + 4096, 4096), &pos[3], &r), ERR_VAULT_DAMAGED);
		}
		out.p[i] ^= 1;
	}
	fix_hash(out.p);
	/* of another vault */
	assert_int_equal(next(SPAN(out.p, 4096), &pos[0], &r), ERR_OK);
	vrk_bytes[0] ^= 1;
	assert_int_equal(journal_open(vrk(), &r, &plain, &cbor), ERR_VAULT_DAMAGED);
	vrk_bytes[0] ^= 1;
	assert_int_equal(journal_open(vrk(), &r, &plain, &cbor), ERR_OK);
	buf_done(&plain);
	buf_done(&out);
}

/* Something strange behind the last record is not dropped, however short it is. */
static void
test_garbage(void **state)
{
	struct journal_pos pos[2];
	struct journal_record r;
	uint8_t junk[300];
	struct buf out = BUF_INIT;
	size_t i, n;

	(void)state;
	make(1, pos, &out);
	for (i = 0; i < 2000; i++) {
		n = 1 + fixture_below(&rng, sizeof(junk));
		fixture_fill(&rng, junk, n);
		if (junk[0] == 'O' || junk[0] == 0)
			junk[0] = 'x';
		assert_int_equal(next(SPAN(junk, n), &pos[1], &r), ERR_VAULT_DAMAGED);
	}
	assert_int_equal(next(SPAN_LIT("OWJ2"), &pos[1], &r), ERR_VAULT_DAMAGED);
	assert_int_equal(next(SPAN_LIT("OWJ"), &pos[1], &r), ERR_VAULT_TORN);
	buf_done(&out);
}

/* Opens, and says nonsense: only somebody with VRK can make it. */
static void
test_bad_plaintext(void **state)
{
	static const struct {
		uint32_t len;
		uint8_t last;
	} bad[] = { { 4096 - 80 - 80 - 3, 0 }, { UINT32_MAX, 0 }, { 3, 1 } };
	struct journal_pos at = { .generation = 5 };
	uint8_t head[48] = "OWJ1\0\0\x10", plain[4096 - 160], key[32], gen[8];
	struct journal_record r;
	struct buf out = BUF_INIT, got = BUF_INIT;
	struct span cbor;
	size_t i;

	(void)state;
	put_be64(gen, 6);
	put_be64(head + 8, 6);
	seal_kdf(vrk(), "journal", SPAN(gen, 8), key, 32);
	for (i = 0; i < 3; i++) {
		memset(plain, 0, sizeof(plain));
		put_be32(plain, bad[i].len);
		plain[sizeof(plain) - 1] = bad[i].last;
		buf_reset(&out);
		buf_put(&out, head, 48);
		FIXTURE_MUST(seal_box(
		    SPAN(key, 32), "journal", SPAN(head, 48), SPAN(plain, sizeof(plain)), &out));
		buf_put_zero(&out, 32);
		fix_hash(out.p);
		assert_int_equal(next(buf_span(&out), &at, &r), ERR_OK);
		assert_int_equal(journal_open(vrk(), &r, &got, &cbor), ERR_VAULT_DAMAGED);
	}
	buf_done(&out);
	buf_done(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_zero_tail),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_lying_length),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_bad_plaintext),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
