/* Start, self-tests, randomness and comparison. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <sodium.h>

#include "lib/crypto_alg.h"

static struct crypto_alg algs;
static bool ready;

bool
crypto_alg_is_ready(void)
{
	return ready;
}

/*
 * No openssl.cnf: it can name code to load.  Groups and ciphers are fetched now, because later no
 * file can be opened and each fetch by name costs a lock and a search.
 */
const struct crypto_alg *
crypto_alg(void)
{
	if (ready)
		return &algs;
	crypto_must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
	algs.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	algs.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	algs.sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
	algs.sha3_256 = EVP_MD_fetch(NULL, "SHA3-256", NULL);
	algs.chapoly = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	algs.aes_cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	algs.aes_ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	algs.p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	algs.secp256k1 = EC_GROUP_new_by_curve_name(NID_secp256k1);
	crypto_must(algs.sha1 && algs.sha256 && algs.sha512 && algs.sha3_256 && algs.chapoly &&
	    algs.aes_cbc && algs.aes_ctr && algs.p256 && algs.secp256k1);
	ready = true;
	return &algs;
}

/* libcrypto's own generators, one for public and one for private values, seed themselves at their
 * first use: make that happen before the sandbox. */
static bool
seed_drbg(void)
{
	uint8_t b[32];
	bool ok;

	ok = RAND_status() == 1 && RAND_bytes(b, sizeof(b)) == 1 &&
	    RAND_priv_bytes(b, sizeof(b)) == 1;
	sec_zero(b, sizeof(b));
	return ok;
}

/* FIPS 180-4, "abc"; short and, three-fold over the bulk limit, long. */
static bool
test_hash(void)
{
	static const uint8_t want[4] = { 0xba, 0x78, 0x16, 0xbf };
	static const uint8_t want512[4] = { 0xdd, 0xaf, 0x35, 0xa1 };
	static const uint8_t zero[CRYPTO_BULK];
	/* SHA-256 of 1024 zero bytes */
	static const uint8_t bulk[4] = { 0x5f, 0x70, 0xbf, 0x18 };
	uint8_t out[64];
	bool ok;

	crypto_sha256(SPAN_LIT("abc"), out);
	ok = memcmp(out, want, 4) == 0;
	crypto_sha512(SPAN_LIT("abc"), out);
	ok &= memcmp(out, want512, 4) == 0;
	crypto_sha256(SPAN(zero, sizeof(zero)), out);
	return ok && memcmp(out, bulk, 4) == 0;
}

/* RFC 4231 test case 2 */
static bool
test_hmac(void)
{
	static const uint8_t want[4] = { 0x16, 0x4b, 0x7a, 0x7b };
	uint8_t out[64];

	crypto_hmac_sha512(SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"), out);
	return memcmp(out, want, 4) == 0;
}

/* Both implementations of the cipher agree, and refuse what was touched. */
static bool
test_aead(void)
{
	static const uint8_t key[32] = { 1 }, nonce[12] = { 2 }, pt[CRYPTO_BULK];
	uint8_t box[CRYPTO_BULK + 16], back[CRYPTO_BULK];
	struct span ad = SPAN_LIT("ad");

	if (crypto_aead_seal(key, nonce, ad, SPAN(pt, sizeof(pt)), box) ||
	    crypto_aead_chacha20poly1305_ietf_decrypt(
		back, NULL, NULL, box, sizeof(box), ad.p, ad.len, nonce, key) != 0 ||
	    memcmp(back, pt, sizeof(pt)) != 0)
		return false;
	box[3] ^= 1;
	return crypto_aead_open(key, nonce, ad, SPAN(box, sizeof(box)), back) == ERR_VAULT_DAMAGED;
}

/* RFC 8032 7.1 test 1, and a signature made and checked */
static bool
test_ed25519(void)
{
	static const uint8_t seed[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba,
		0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69,
		0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 };
	static const uint8_t want[4] = { 0xd7, 0x5a, 0x98, 0x01 };
	static const uint8_t wantsig[4] = { 0xe5, 0x56, 0x43, 0x00 };
	uint8_t pub[32], sig[64];

	crypto_ed25519_public(seed, pub);
	crypto_ed25519_sign(seed, pub, SPAN_NONE, sig);
	return memcmp(pub, want, 4) == 0 && memcmp(sig, wantsig, 4) == 0 &&
	    crypto_ed25519_verify(pub, SPAN_NONE, sig);
}

/* The generator of P-256 and of secp256k1 is the key of 1; one signature warms that path up. */
static bool
test_curves(void)
{
	static const uint8_t one[32] = { [31] = 1 };
	static const uint8_t gp[4] = { 0x6b, 0x17, 0xd1, 0xf2 }, gk[4] = { 0x79, 0xbe, 0x66, 0x7e };
	uint8_t pub[64], k1[64], x[32];
	struct buf sig = BUF_INIT;
	bool ok;

	ok = crypto_p256_public(one, pub) == 0 && memcmp(pub, gp, 4) == 0 &&
	    crypto_secp256k1_public(one, k1) == 0 && memcmp(k1, gk, 4) == 0 &&
	    crypto_p256_ecdh(one, pub, x) == 0 && memcmp(x, pub, 32) == 0 &&
	    crypto_p256_sign(one, SPAN_LIT("x"), &sig) == 0 &&
	    crypto_p256_verify(pub, SPAN_LIT("x"), buf_span(&sig)) &&
	    !crypto_p256_verify(pub, SPAN_LIT("y"), buf_span(&sig));
	buf_done(&sig);
	return ok;
}

/* FIPS 197 C.3 */
static bool
test_aes(void)
{
	static const uint8_t want[4] = { 0x8e, 0xa2, 0xb7, 0xca };
	uint8_t key[32], in[16], out[16];
	uint8_t i;

	for (i = 0; i < 32; i++)
		key[i] = i;
	for (i = 0; i < 16; i++)
		in[i] = (uint8_t)(i * 0x11);
	return crypto_aes256_cbc(true, key, NULL, SPAN(in, 16), out) == 0 &&
	    memcmp(out, want, 4) == 0 && crypto_aes256_ctr(key, in, SPAN(in, 16), out) == 0;
}

enum err
crypto_init_light(void)
{
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	return test_hmac() && test_ed25519() ? ERR_OK : ERR_INTERNAL;
}

enum err
crypto_init(void)
{
	enum err r;

	if ((r = crypto_init_light()))
		return r;
	crypto_alg();
	if (!seed_drbg() || !test_hash() || !test_aead() || !test_curves() || !test_aes())
		return ERR_INTERNAL;
	ERR_clear_error();
	return ERR_OK;
}

void
crypto_random(void *p, size_t n)
{
	randombytes_buf(p, n);
}

bool
crypto_eq(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	return a.len == 0 || sodium_memcmp(a.p, b.p, a.len) == 0;
}

bool
crypto_is_zero(struct span a)
{
	return a.len == 0 || sodium_is_zero(a.p, a.len) == 1;
}
