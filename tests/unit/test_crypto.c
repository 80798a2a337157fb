/* lib/crypto*.c against RFCs, against libcrypto's big numbers, and against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include "lib/crypto.h"
#include "lib/sshkey.h"
#include "tests/unit/hex.h"

#define N_P256 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define N_K256 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(65536, true, true);
}

/* FIPS 180-4; the long one goes through the other library */
static void
test_hash(void **state)
{
	uint8_t in[5000], a[64], b[64];
	struct span v[3];
	size_t n;

	(void)state;
	crypto_sha256(SPAN_LIT("abc"), a);
	assert_hex(a, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypto_sha512(SPAN_NONE, a);
	assert_hex(a,
	    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
	crypto_sha3_256v(&(const struct span){ (const uint8_t *)"abc", 3 }, 1, a);
	assert_hex(a, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
	crypto_random(in, sizeof(in));
	for (n = 0; n <= sizeof(in); n += 499) {
		v[0] = SPAN(in, n / 3);
		v[1] = SPAN_NONE;
		v[2] = SPAN(in + n / 3, n - n / 3);
		crypto_sha256v(v, 3, a);
		assert_true(EVP_Digest(in, n, b, NULL, EVP_sha256(), NULL));
		assert_memory_equal(a, b, 32);
		crypto_sha512v(v, 3, a);
		assert_true(EVP_Digest(in, n, b, NULL, EVP_sha512(), NULL));
		assert_memory_equal(a, b, 64);
	}
}

/* RFC 4231 test case 2, RFC 5869 A.1; the expansion in one and in two parts */
static void
test_hmac_hkdf(void **state)
{
	struct span msg = SPAN_LIT("what do ya want for nothing?"), parts[2];
	uint8_t a[200], b[200];

	(void)state;
	crypto_hmac_sha512(SPAN_LIT("Jefe"), msg, a);
	assert_hex(a,
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
	crypto_hmac_sha256(SPAN_LIT("Jefe"), msg, a);
	assert_hex(a, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	crypto_hkdf256(hex("000102030405060708090a0b0c"),
	    hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), hex("f0f1f2f3f4f5f6f7f8f9"), a,
	    42);
	assert_hex(a,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
	crypto_hkdf_extract(SPAN_NONE, msg, b);
	parts[0] = span_sub(msg, 0, 5);
	parts[1] = span_sub(msg, 5, msg.len - 5);
	crypto_hkdf_expand(SPAN(b, 64), msg, a, sizeof(a));
	crypto_hkdf_expandv(SPAN(b, 64), parts, 2, b, 100);
	assert_memory_equal(a, b, 100);
}

/* RFC 8439 2.8.2 */
static void
test_aead(void **state)
{
	struct span pt = SPAN_LIT("Ladies and Gentlemen of the class of '99: If I could offer you "
				  "only one tip for the future, sunscreen would be it.");
	struct span key = hex("808182838485868788898a8b8c8d8e8f"
			      "909192939495969798999a9b9c9d9e9f");
	struct span nonce = hex("070000004041424344454647"), ad = hex("50515253c0c1c2c3c4c5c6c7");
	uint8_t out[200], back[200];

	(void)state;
	assert_int_equal(crypto_aead_seal(key.p, nonce.p, ad, pt, out), ERR_OK);
	assert_hex(out, "d31a8d34648e60db7b86afbc53ef7ec2");
	assert_hex(out + pt.len, "1ae10b594f09e26a7e902ecbd0600691");
	assert_int_equal(
	    crypto_aead_open(key.p, nonce.p, ad, SPAN(out, pt.len + 16), back), ERR_OK);
	assert_memory_equal(back, pt.p, pt.len);
}

/* Sizes around where the libraries change over. */
static void
test_aead_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 1023, 1024, 1025, 4096, 70000 };
	static uint8_t in[70000], box[70016], back[70000];
	uint8_t key[32], nonce[12];
	size_t i, n;

	(void)state;
	crypto_random(key, sizeof(key));
	crypto_random(nonce, sizeof(nonce));
	crypto_random(in, sizeof(in));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		n = sizes[i];
		assert_int_equal(
		    crypto_aead_seal(key, nonce, SPAN(in, i), SPAN(in, n), box), ERR_OK);
		assert_int_equal(
		    crypto_aead_open(key, nonce, SPAN(in, i), SPAN(box, n + 16), back), ERR_OK);
		assert_memory_equal(in, back, n);
		box[n / 2] ^= 1;
		assert_int_equal(crypto_aead_open(key, nonce, SPAN(in, i), SPAN(box, n + 16), back),
		    ERR_VAULT_DAMAGED);
		assert_true(crypto_is_zero(SPAN(back, n)));
	}
	assert_int_equal(
	    crypto_aead_open(key, nonce, SPAN_NONE, SPAN(box, 15), back), ERR_TRUNCATED);
}

/* RFC 8032 7.1, tests 1 and 3 */
static void
test_ed25519(void **state)
{
	struct span seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
	struct span seed3 = hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
	uint8_t pub[32], sig[64], expanded[64];

	(void)state;
	crypto_ed25519_public(seed.p, pub);
	assert_hex(pub, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	crypto_ed25519_sign(seed.p, pub, SPAN_NONE, sig);
	assert_hex(sig,
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
	crypto_ed25519_public(seed3.p, pub);
	crypto_ed25519_sign(seed3.p, pub, hex("af82"), sig);
	assert_hex(sig,
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
	assert_true(crypto_ed25519_verify(pub, hex("af82"), sig));
	assert_false(crypto_ed25519_verify(pub, hex("af83"), sig));
	crypto_ed25519_expand(seed.p, expanded);
	assert_hex(expanded, "307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f");
}

/* RFC 7748 5.2 and 6.1, and points of small order */
static void
test_x25519(void **state)
{
	struct span a = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	struct span b = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	struct span k = hex("a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44");
	struct span u = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
	static const uint8_t zero[32], one[32] = { 1 };
	uint8_t out[32], clamped[32];

	(void)state;
	assert_int_equal(crypto_x25519(k.p, u.p, out), ERR_OK);
	assert_hex(out, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	crypto_x25519_public(a.p, out);
	assert_hex(out, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	assert_int_equal(crypto_x25519(a.p, b.p, out), ERR_OK);
	assert_hex(out, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	memcpy(clamped, a.p, 32);
	crypto_x25519_clamp(clamped);
	assert_int_equal(crypto_x25519(clamped, b.p, out), ERR_OK);
	assert_hex(out, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	assert_int_equal(crypto_x25519(a.p, zero, out), ERR_RANGE);
	assert_int_equal(crypto_x25519(a.p, one, out), ERR_RANGE);
	assert_true(crypto_is_zero(SPAN(out, 32)));
}

/* RFC 6979 A.2.5: its key, its signature of "sample" with SHA-256 as DER */
static void
test_p256(void **state)
{
	struct span d = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	struct span xy = hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
			     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
	struct span der = hex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84e"
			      "af3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f"
			      "843acda8");
	struct buf sig = BUF_INIT;
	uint8_t pub[64], bad[64];

	(void)state;
	assert_int_equal(crypto_p256_public(d.p, pub), ERR_OK);
	assert_memory_equal(pub, xy.p, 64);
	assert_true(crypto_p256_verify(pub, SPAN_LIT("sample"), der));
	assert_false(crypto_p256_verify(pub, SPAN_LIT("simple"), der));
	assert_false(crypto_p256_verify(pub, SPAN_LIT("sample"), SPAN(der.p, der.len - 1)));
	assert_int_equal(crypto_p256_sign(d.p, SPAN_LIT("sample"), &sig), ERR_OK);
	assert_true(crypto_p256_verify(pub, SPAN_LIT("sample"), buf_span(&sig)));
	memcpy(bad, pub, 64);
	bad[63] ^= 1;
	assert_false(crypto_p256_verify(bad, SPAN_LIT("sample"), der));
	assert_int_equal(crypto_p256_ecdh(d.p, bad, pub), ERR_RANGE);
	buf_done(&sig);
}

static void
test_p256_ranges(void **state)
{
	struct span n = hex(N_P256), k = hex(N_K256);
	struct buf sig = BUF_INIT;
	uint8_t d[32], e[32], pd[64], pe[64], x[32], y[32];

	(void)state;
	memset(d, 0, sizeof(d));
	assert_int_equal(crypto_p256_public(d, pd), ERR_RANGE);
	assert_int_equal(crypto_p256_public(n.p, pd), ERR_RANGE);
	assert_int_equal(crypto_p256_sign(n.p, SPAN_NONE, &sig), ERR_RANGE);
	assert_int_equal(crypto_p256_ecdh(n.p, pd, x), ERR_RANGE);
	assert_int_equal(crypto_secp256k1_public(d, pd), ERR_RANGE);
	assert_int_equal(crypto_secp256k1_public(k.p, pd), ERR_RANGE);
	/* n - 1 is the last; its point is the negative of the generator */
	memcpy(d, n.p, 32);
	d[31]--;
	assert_int_equal(crypto_p256_public(d, pd), ERR_OK);
	assert_hex(pd, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
	memcpy(d, k.p, 32);
	d[31]--;
	assert_int_equal(crypto_secp256k1_public(d, pd), ERR_OK);
	assert_hex(pd, "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
	crypto_random(d, sizeof(d));
	crypto_random(e, sizeof(e));
	d[0] = e[0] = 1;
	assert_int_equal(crypto_p256_public(d, pd), ERR_OK);
	assert_int_equal(crypto_p256_public(e, pe), ERR_OK);
	assert_int_equal(crypto_p256_ecdh(d, pe, x), ERR_OK);
	assert_int_equal(crypto_p256_ecdh(e, pd, y), ERR_OK);
	assert_memory_equal(x, y, 32);
	buf_done(&sig);
}

/* d = (stream mod (n - 1)) + 1 by libcrypto */
static void
scalar_by_bn(const uint8_t stream[48], const char *order, uint8_t d[32])
{
	BIGNUM *n = BN_bin2bn(hex(order).p, 32, NULL), *s = BN_bin2bn(stream, 48, NULL);
	BN_CTX *c = BN_CTX_new();

	assert_true(BN_sub_word(n, 1) && BN_mod(s, s, n, c) && BN_add_word(s, 1));
	assert_int_equal(BN_bn2binpad(s, d, 32), 32);
	BN_free(n);
	BN_free(s);
	BN_CTX_free(c);
}

static void
assert_scalars(const uint8_t stream[48])
{
	uint8_t d[32], want[32];

	assert_int_equal(crypto_p256_scalar(stream, d), ERR_OK);
	scalar_by_bn(stream, N_P256, want);
	assert_memory_equal(d, want, 32);
	assert_int_equal(crypto_secp256k1_scalar(stream, d), ERR_OK);
	scalar_by_bn(stream, N_K256, want);
	assert_memory_equal(d, want, 32);
}

/* Around multiples of the order, at the ends, and anywhere. */
static void
test_scalar(void **state)
{
	static const char *const orders[] = { N_P256, N_K256 };
	uint8_t stream[48] = { 0 };
	size_t i;
	int k;

	(void)state;
	assert_scalars(stream);
	memset(stream, 0xff, sizeof(stream));
	assert_scalars(stream);
	for (i = 0; i < 2; i++) {
		for (k = -3; k <= 3; k++) {
			memset(stream, 0, sizeof(stream));
			memcpy(stream + 16, hex(orders[i]).p, 32);
			stream[47] = (uint8_t)(stream[47] + k);
			assert_scalars(stream);
			/* the same times 2^128 */
			memmove(stream, stream + 16, 32);
			memset(stream + 32, 0, 16);
			assert_scalars(stream);
		}
	}
	for (i = 0; i < 500; i++) {
		crypto_random(stream, sizeof(stream));
		memset(stream, 0, i % 48);
		assert_scalars(stream);
	}
}

/* SP 800-38A F.2.5 and F.5.5 */
static void
test_aes(void **state)
{
	struct span key = hex("603deb1015ca71be2b73aef0857d7781"
			      "1f352c073b6108d72d9810a30914dff4");
	struct span pt = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
	struct span iv = hex("000102030405060708090a0b0c0d0e0f");
	struct span ctr = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
	uint8_t out[32], back[32];

	(void)state;
	assert_int_equal(crypto_aes256_cbc(true, key.p, iv.p, pt, out), ERR_OK);
	assert_hex(out, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
	assert_int_equal(crypto_aes256_cbc(false, key.p, iv.p, SPAN(out, 32), back), ERR_OK);
	assert_memory_equal(back, pt.p, 32);
	assert_int_equal(crypto_aes256_cbc(true, key.p, iv.p, SPAN(out, 31), back), ERR_RANGE);
	assert_int_equal(crypto_aes256_ctr(key.p, ctr.p, SPAN(pt.p, 19), out), ERR_OK);
	assert_hex(out, "601ec313775789a5b7a7f504bbf3d228f443e3");
}

/* made by the argon2 program of the reference implementation */
static void
test_argon2id(void **state)
{
	struct crypto_argon cost = { SPAN_LIT("0123456789abcdef").p, 1024, 3 };
	struct span pass = SPAN_LIT("correct horse");
	uint8_t out[64];

	(void)state;
	assert_int_equal(crypto_argon2id(pass, &cost, out, 32), ERR_OK);
	assert_hex(out, "7879645409224416c7fb41bc02819d5d41b9cd146cf501794daf608db30fcd57");
	assert_int_equal(crypto_argon2id(SPAN_NONE, &cost, out, 64), ERR_OK);
	assert_int_equal(crypto_argon2id(pass, &cost, out, 15), ERR_RANGE);
	assert_int_equal(crypto_argon2id(pass, &cost, out, 65), ERR_RANGE);
	cost.t = 0;
	assert_int_equal(crypto_argon2id(pass, &cost, out, 32), ERR_RANGE);
	cost = (struct crypto_argon){ cost.salt, 7, 1 };
	assert_int_equal(crypto_argon2id(pass, &cost, out, 32), ERR_RANGE);
}

/* RFC 7914 12: of its 64 bytes the first 32 */
static void
test_scrypt(void **state)
{
	struct span pass = SPAN_LIT("pleaseletmein"), salt = SPAN_LIT("SodiumChloride");
	uint8_t out[32], zero[32] = { 0 };

	(void)state;
	assert_int_equal(crypto_scrypt(pass, salt, 14, out), ERR_OK);
	assert_hex(out, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
	assert_int_equal(crypto_scrypt(pass, salt, 0, out), ERR_RANGE);
	assert_int_equal(crypto_scrypt(pass, salt, 31, out), ERR_RANGE);
	assert_int_equal(crypto_scrypt(SPAN_NONE, SPAN_NONE, 1, out), ERR_OK);
	assert_memory_not_equal(out, zero, 32);
}

static void
test_rsa(void **state)
{
	struct sec key = { 0 };
	struct crypto_rsa k;

	(void)state;
	assert_int_equal(crypto_rsa_generate(1024, &key), ERR_RANGE);
	assert_int_equal(crypto_rsa_generate(2048, &key), ERR_OK);
	assert_int_equal(sshkey_rsa_parts(sec_span(&key), &k), ERR_OK);
	assert_int_equal(k.n.len, 256);
	assert_true(k.n.p[0] & 0x80);
	assert_true(crypto_rsa_public_ok(&k));
	assert_true(crypto_rsa_pair_ok(&k));
	sec_done(&key);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_compare(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	crypto_random(a, sizeof(a));
	crypto_random(b, sizeof(b));
	assert_false(crypto_eq(SPAN(a, 64), SPAN(b, 64)));
	assert_true(crypto_eq(SPAN(a, 64), SPAN(a, 64)));
	assert_false(crypto_eq(SPAN(a, 64), SPAN(a, 63)));
	assert_true(crypto_eq(SPAN_NONE, SPAN(a, 0)));
	assert_true(crypto_is_zero(SPAN_NONE));
	memset(a, 0, sizeof(a));
	assert_true(crypto_is_zero(SPAN(a, 64)));
	a[63] = 128;
	assert_false(crypto_is_zero(SPAN(a, 64)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hmac_hkdf),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_aead_sizes),
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_p256),
		cmocka_unit_test(test_p256_ranges),
		cmocka_unit_test(test_scalar),
		cmocka_unit_test(test_aes),
		cmocka_unit_test(test_argon2id),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
