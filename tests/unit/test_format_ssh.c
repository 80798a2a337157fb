/* agent/format/ssh_sign.c: SSHSIG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "agent/format/format.h"
#include "agent/format/ssh.h"
#include "agent/vault/derive.h"
#include "lib/crypto.h"

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(65536, false, true) || crypto_init() ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

/* ---- sshsig: PROTOCOL.sshsig read by somebody who never saw ssh.c ---- */

static struct span
take(struct span *s, size_t n)
{
	struct span r = span_sub(*s, 0, n);

	assert_true(n <= s->len);
	*s = span_sub(*s, n, s->len - n);
	return r;
}

static struct span
take_string(struct span *s)
{
	return take(s, be32(take(s, 4).p));
}

static enum err
sign(const struct format_in *in, const struct ops_sign *q, struct buf *out)
{
	struct format_ssh_key k = { .type = SSHKEY_ED25519 };
	struct buf blob = BUF_INIT, tbs = BUF_INIT, sig = BUF_INIT;
	enum err e;

	format_ssh_ed25519(in->pub, &blob);
	k.canonical = in->priv;
	k.point = in->pub;
	k.blob = buf_span(&blob);
	if (!(e = format_ssh_tbs(&k, q, &tbs)) &&
	    !(e = format_ssh_make(&k, q, buf_span(&tbs), &sig)))
		e = format_ssh_wrap(&k, q, buf_span(&sig), out);
	buf_done(&blob);
	buf_done(&tbs);
	buf_done(&sig);
	return e;
}

static void
check_sshsig(const uint8_t *seed, const char *hash_alg, size_t hash_len, struct buf *again)
{
	uint8_t pub[32], sk[64], hash[64], tbs[512];
	struct buf blob = BUF_INIT;
	struct span s, key, sig;
	size_t n = 0;

	crypto_sign_seed_keypair(pub, sk, seed);
	crypto_random(hash, sizeof hash);
	struct format_in in = { SPAN_LIT("me"), SPAN(seed, 32), SPAN(pub, 32), SPAN_NONE };
	struct ops_sign q = { .name_space = SPAN_LIT("file"),
		.hash_alg = span_str(hash_alg),
		.hash = SPAN(hash, hash_len) };
	assert_int_equal(sign(&in, &q, &blob), ERR_OK);
	assert_int_equal(sign(&in, &q, again), ERR_OK);
	assert_true(span_eq(buf_span(&blob), buf_span(again))); /* RFC 8032: deterministic */
	s = buf_span(&blob);
	assert_memory_equal(take(&s, 6).p, "SSHSIG", 6);
	assert_int_equal(be32(take(&s, 4).p), 1);
	key = take_string(&s);
	assert_true(span_is(take_string(&key), "ssh-ed25519"));
	assert_true(span_eq(take_string(&key), SPAN(pub, 32)) && !key.len);
	assert_true(span_is(take_string(&s), "file"));
	assert_int_equal(take_string(&s).len, 0);
	assert_true(span_is(take_string(&s), hash_alg));
	sig = take_string(&s);
	assert_int_equal(s.len, 0);
	assert_true(span_is(take_string(&sig), "ssh-ed25519"));
	assert_int_equal(be32(take(&sig, 4).p), 64);
	assert_int_equal(sig.len, 64);
	memcpy(tbs, "SSHSIG\0\0\0\4file\0\0\0\0\0\0\0\6", n = 6 + 8 + 4 + 4);
	memcpy(tbs + n, hash_alg, 6);
	n += 6;
	memcpy(tbs + n, (uint8_t[]){ 0, 0, 0, (uint8_t)hash_len }, 4);
	memcpy(tbs + n + 4, hash, hash_len);
	n += 4 + hash_len;
	assert_int_equal(crypto_sign_verify_detached(sig.p, tbs, n, pub), 0);
	hash[0] ^= 1;
	memcpy(tbs + n - hash_len, hash, hash_len);
	assert_int_not_equal(crypto_sign_verify_detached(sig.p, tbs, n, pub), 0);
	buf_done(&blob);
}

static void
test_sshsig(void **state)
{
	struct buf again = BUF_INIT;
	uint8_t seed[32];

	(void)state;
	for (int i = 0; i < 16; i++) {
		crypto_random(seed, sizeof seed);
		buf_reset(&again);
		check_sshsig(seed, i % 2 ? "sha256" : "sha512", i % 2 ? 32 : 64, &again);
	}
	buf_done(&again);
}

static void
test_sshsig_refuses(void **state)
{
	static const struct {
		const char *name_space, *hash_alg;
		size_t len;
	} bad[] = { { "", "sha256", 32 }, { "file", "sha256", 64 }, { "file", "sha512", 32 },
		{ "file", "sha1", 20 }, { "file", "", 0 }, { "file", "sha256", 0 } };
	uint8_t seed[32] = { 1 }, pub[32], hash[64] = { 0 };
	struct buf blob = BUF_INIT;

	(void)state;
	crypto_ed25519_public(seed, pub);
	struct format_in in = { SPAN_LIT("me"), SPAN(seed, 32), SPAN(pub, 32), SPAN_NONE };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct ops_sign q = { .name_space = span_str(bad[i].name_space),
			.hash_alg = span_str(bad[i].hash_alg),
			.hash = SPAN(hash, bad[i].len) };

		assert_int_equal(sign(&in, &q, &blob), ERR_RANGE);
		assert_int_equal(blob.len, 0);
	}
	buf_done(&blob);
}

/* The file must fit whatever the account is. */
static void
test_ssh_long_account(void **state)
{
	uint8_t seed[32], pub[32], name[DERIVE_ACCOUNT_MAX];
	struct sec out = { 0 };

	(void)state;
	crypto_random(seed, sizeof seed);
	crypto_ed25519_public(seed, pub);
	memset(name, 'x', sizeof name);
	for (size_t n = 1; n <= sizeof name; n++) {
		struct format_in in = { SPAN(name, n), SPAN(seed, 32), SPAN(pub, 32), SPAN_NONE };

		assert_int_equal(format_ssh.export[0].fn(&in, &out), ERR_OK);
		sec_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sshsig),
		cmocka_unit_test(test_sshsig_refuses),
		cmocka_unit_test(test_ssh_long_account),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
