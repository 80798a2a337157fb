/* lib/seal.c and lib/root.c.  The known answers of kdf and seal: test_derive.c (ownkey-kat). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/root.h"
#include "lib/seal.h"
#include "tests/unit/hex.h"

#define P "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(65536, true, true);
}

static void
test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 32, 943, 944, 1023, 1024, 33333 };
	static uint8_t pt[33333], back[33333];
	struct span key = hex(P), ad = SPAN_LIT("context");
	struct buf box = BUF_INIT;
	size_t i, n;

	(void)state;
	crypto_random(pt, sizeof(pt));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		n = sizes[i];
		buf_reset(&box);
		buf_put_u8(&box, 'x'); /* appends */
		assert_int_equal(seal_box(key, "item", ad, SPAN(pt, n), &box), ERR_OK);
		assert_int_equal(box.len, 1 + n + SEAL_OVERHEAD);
		assert_int_equal(
		    seal_open(key, "item", ad, SPAN(box.p + 1, box.len - 1), back), ERR_OK);
		assert_memory_equal(pt, back, n);
	}
	buf_done(&box);
}

/* Another key, label or context is a wrong key; two boxes of one text have nothing in common. */
static void
test_contexts(void **state)
{
	struct span key = hex(P), ad = SPAN_LIT("ad"), pt = SPAN_LIT("text");
	struct buf a = BUF_INIT, b = BUF_INIT;
	uint8_t out[16];

	(void)state;
	assert_int_equal(seal_box(key, "item", ad, pt, &a), ERR_OK);
	assert_int_equal(seal_box(key, "item", ad, pt, &b), ERR_OK);
	assert_memory_not_equal(a.p, b.p, 32);
	assert_memory_not_equal(a.p + 32, b.p + 32, 32);
	assert_memory_not_equal(a.p + 64, b.p + 64, 4);
	assert_int_equal(
	    seal_open(span_sub(key, 0, 31), "item", ad, buf_span(&a), out), ERR_VAULT_KEY);
	assert_int_equal(seal_open(key, "ite", ad, buf_span(&a), out), ERR_VAULT_KEY);
	assert_int_equal(seal_open(key, "item", SPAN_NONE, buf_span(&a), out), ERR_VAULT_KEY);
	assert_int_equal(
	    seal_open(key, "item", ad, SPAN(a.p, SEAL_OVERHEAD - 1), out), ERR_TRUNCATED);
	assert_int_equal(seal_open(key, "item", ad, SPAN(a.p, a.len - 1), out), ERR_VAULT_DAMAGED);
	buf_done(&a);
	buf_done(&b);
}

/* Every bit: nonce and commitment tell a wrong key, the rest damage. */
static void
test_every_bit(void **state)
{
	struct span key = hex(P), ad = SPAN_LIT("ad"), pt = SPAN_LIT("secret");
	struct buf box = BUF_INIT;
	struct sec got = { 0 };
	enum err r;
	size_t i;

	(void)state;
	assert_int_equal(seal_box(key, "item", ad, pt, &box), ERR_OK);
	for (i = 0; i < box.len * 8; i++) {
		box.p[i / 8] ^= (uint8_t)(1 << i % 8);
		r = seal_open_sec(key, "item", ad, buf_span(&box), &got);
		assert_int_equal(r, i / 8 < 64 ? ERR_VAULT_KEY : ERR_VAULT_DAMAGED);
		assert_null(got.p);
		box.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(seal_open_sec(key, "item", ad, buf_span(&box), &got), ERR_OK);
	assert_true(span_eq(sec_span(&got), pt));
	sec_done(&got);
	assert_int_equal(sec_arena_used(), 0);
	buf_done(&box);
}

/* Lengths are in the input of kdf: a short output is no beginning of a long one. */
static void
test_kdf_lengths(void **state)
{
	struct sec s = { 0 };
	uint8_t a[512], b[32];

	(void)state;
	seal_kdf(hex(P), "key", SPAN_LIT("x"), a, sizeof(a));
	seal_kdf(hex(P), "key", SPAN_LIT("x"), b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(b));
	seal_kdf(hex(P), "ke", SPAN_LIT("yx"), a, 32);
	assert_memory_not_equal(a, b, sizeof(b));
	assert_int_equal(seal_kdf_sec(hex(P), "key", SPAN_LIT("x"), 32, &s), ERR_OK);
	assert_memory_equal(s.p, b, 32);
	sec_done(&s);
}

/* kdf answers of derive.json under the key 00..1f; the words and the hash by Python */
static void
test_root(void **state)
{
	struct span p = hex(P);
	struct sec words = { 0 };
	uint8_t out[32];

	(void)state;
	root_seed(p, 0, out);
	assert_hex(out, "8955112f35dd43209fa2a8d91143943b4abb9eddf1c6f25f89e670c311455621");
	root_seed(p, 1, out);
	assert_hex(out, "48c8ecff498116361ebc1983a677e2d23744146950c2814dae0940d17c1b9c38");
	root_recovery(p, p.p, out);
	assert_hex(out, "0d97f1d442bf8e0e03e959f0bbf23eefaba1f26b0ea682ae4622641470eb55c2");
	root_succession(p, 0, 5, out);
	assert_hex(out, "29d5019970efa974955d23629e2209bc9d451429f04be4fc75e7b6e337ac1443");
	root_succession_public_hash(p, 0, 5, out);
	assert_hex(out, "58b877b11a8851c6ebbe4e404f7c713e38cbb4ded7b3689c5822a34eb533de17");
	root_fingerprint(p, out);
	assert_hex(out, "2dbfea03");
	assert_int_equal(sec_init(&words, 128), ERR_OK);
	assert_int_equal(root_backup(p, 0, &words), ERR_OK);
	assert_true(span_is(
	    sec_span(&words), "swing-trip-senior-cargo-beef-crack-elder-above-erode-buyer"));
	sec_done(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_kdf_lengths),
		cmocka_unit_test(test_root),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
