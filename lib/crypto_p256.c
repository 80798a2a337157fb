/* NIST P-256 (FIPS 186-5) and secp256k1 (SEC 2) by libcrypto. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "lib/crypto_alg.h"

/* Orders minus one, least significant limb first. */
static const uint64_t p256_n1[4] = { 0xf3b9cac2fc632550, 0xbce6faada7179e84, 0xffffffffffffffff,
	0xffffffff00000000 };
static const uint64_t secp256k1_n1[4] = { 0xbfd25e8cd0364140, 0xbaaedce6af48a03b,
	0xfffffffffffffffe, 0xffffffffffffffff };

/* d = a - b, returns the borrow; no branch. */
static uint64_t
limbs_sub(uint64_t d[4], const uint64_t a[4], const uint64_t b[4])
{
	uint64_t borrow = 0, x;
	int i;

	for (i = 0; i < 4; i++) {
		x = a[i] - b[i];
		d[i] = x - borrow;
		/* borrowed if a < b, or if a == b and there was one to pass on */
		borrow = ((~a[i] & b[i]) | (~(a[i] ^ b[i]) & d[i])) >> 63;
	}
	return borrow;
}

/* r = (2r + bit) mod m for r < m and m >= 2^255: at most one subtraction, always computed. */
static void
limbs_step(uint64_t r[4], uint64_t bit, const uint64_t m[4])
{
	uint64_t t[4], top, keep;
	int i;

	for (i = 0; i < 4; i++) {
		top = r[i] >> 63;
		r[i] = r[i] << 1 | bit;
		bit = top;
	}
	/* keep r if it did not overflow 2^256 and is below m */
	keep = 0 - (limbs_sub(t, r, m) & (bit ^ 1));
	for (i = 0; i < 4; i++)
		r[i] = (r[i] & keep) | (t[i] & ~keep);
	sec_zero(t, sizeof(t));
}

/* Bit by bit: some microseconds, and nothing in it depends on the value. */
static void
scalar_from_stream(const uint8_t s[48], const uint64_t n1[4], uint8_t d[32])
{
	uint64_t r[4] = { 0 }, carry = 1;
	int i;

	for (i = 0; i < 384; i++)
		limbs_step(r, (uint64_t)(s[i / 8] >> (7 - i % 8)) & 1, n1);
	for (i = 0; i < 4; i++) {
		r[i] += carry;
		/* a carry goes on only out of a limb that has become zero */
		carry &= (~(r[i] | (0 - r[i]))) >> 63;
		put_be64(d + 24 - 8 * i, r[i]);
	}
	sec_zero(r, sizeof(r));
}

enum err
crypto_p256_scalar(const uint8_t stream[48], uint8_t d[32])
{
	scalar_from_stream(stream, p256_n1, d);
	return ERR_OK;
}

enum err
crypto_secp256k1_scalar(const uint8_t stream[48], uint8_t d[32])
{
	scalar_from_stream(stream, secp256k1_n1, d);
	return ERR_OK;
}

/* 0 < d < n, i.e. d <= n - 1 */
static bool
scalar_is_valid(const uint8_t d[32], const uint64_t n1[4])
{
	uint64_t a[4], t[4], borrow;
	int i;

	for (i = 0; i < 4; i++)
		a[i] = be64(d + 24 - 8 * i);
	borrow = limbs_sub(t, n1, a);
	sec_zero(a, sizeof(a));
	sec_zero(t, sizeof(t));
	return borrow == 0 && !crypto_is_zero(SPAN(d, 32));
}

static BIGNUM *
bn_secret(const uint8_t d[32])
{
	BIGNUM *b;

	crypto_must((b = BN_new()) != NULL && BN_bin2bn(d, 32, b) != NULL);
	BN_set_flags(b, BN_FLG_CONSTTIME);
	return b;
}

/* d * point, or d * G, as x || y.  ERR_RANGE: the point is not on the curve (or at infinity). */
static enum err
point_mul(const EC_GROUP *g, const uint8_t d[32], const uint8_t *point, uint8_t xy[64])
{
	uint8_t enc[65] = { POINT_CONVERSION_UNCOMPRESSED };
	EC_POINT *q;
	BIGNUM *b;
	int ok = 1;

	crypto_must((q = EC_POINT_new(g)) != NULL);
	b = bn_secret(d);
	if (point) {
		memcpy(enc + 1, point, 64);
		ok = EC_POINT_oct2point(g, q, enc, sizeof(enc), NULL);
	}
	ok = ok && EC_POINT_mul(g, q, point ? NULL : b, point ? q : NULL, point ? b : NULL, NULL) &&
	    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, enc, sizeof(enc), NULL) == 65;
	if (ok)
		memcpy(xy, enc + 1, 64);
	else
		ERR_clear_error();
	sec_zero(enc, sizeof(enc));
	BN_clear_free(b);
	EC_POINT_clear_free(q);
	return ok ? ERR_OK : ERR_RANGE;
}

enum err
crypto_p256_public(const uint8_t priv[32], uint8_t pub[64])
{
	if (!scalar_is_valid(priv, p256_n1))
		return ERR_RANGE;
	return point_mul(crypto_alg()->p256, priv, NULL, pub);
}

enum err
crypto_secp256k1_public(const uint8_t priv[32], uint8_t pub[64])
{
	if (!scalar_is_valid(priv, secp256k1_n1))
		return ERR_RANGE;
	return point_mul(crypto_alg()->secp256k1, priv, NULL, pub);
}

/* The cofactor is 1: a point on the curve is a point of the group (SP 800-56A 5.7.1.2). */
enum err
crypto_p256_ecdh(const uint8_t priv[32], const uint8_t pub[64], uint8_t x[32])
{
	uint8_t xy[64];
	enum err r;

	if (!scalar_is_valid(priv, p256_n1))
		return ERR_RANGE;
	if ((r = point_mul(crypto_alg()->p256, priv, pub, xy)) == ERR_OK)
		memcpy(x, xy, 32);
	sec_zero(xy, sizeof(xy));
	return r;
}

/* A key of libcrypto from one parameter besides the name of the group; NULL if it is no good. */
static EVP_PKEY *
pkey_from(OSSL_PARAM param, int selection)
{
	char group[] = "P-256";
	OSSL_PARAM p[3] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		param, OSSL_PARAM_construct_end() };
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *c;

	crypto_alg();
	crypto_must((c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL)) != NULL);
	if (EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &key, selection, p) != 1) {
		ERR_clear_error();
		key = NULL;
	}
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *
pkey_public(const uint8_t pub[64])
{
	uint8_t enc[65] = { POINT_CONVERSION_UNCOMPRESSED };

	memcpy(enc + 1, pub, 64);
	return pkey_from(
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, enc, sizeof(enc)),
	    EVP_PKEY_PUBLIC_KEY);
}

/* Parameters hold integers in the machine's byte order. */
static EVP_PKEY *
pkey_private(const uint8_t priv[32])
{
	uint8_t d[32];
	EVP_PKEY *key;
	int i;

	for (i = 0; i < 32; i++)
		d[i] = priv[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 31 - i : i];
	key = pkey_from(
	    OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, d, sizeof(d)), EVP_PKEY_KEYPAIR);
	sec_zero(d, sizeof(d));
	return key;
}

/* libcrypto refuses what is not DER, and r or s out of range. */
bool
crypto_p256_verify(const uint8_t pub[64], struct span msg, struct span der_sig)
{
	EVP_MD_CTX *c;
	EVP_PKEY *key;
	bool ok;

	if ((key = pkey_public(pub)) == NULL)
		return false;
	crypto_must((c = EVP_MD_CTX_new()) != NULL);
	ok = EVP_DigestVerifyInit_ex(c, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(c, crypto_ptr(der_sig), der_sig.len, crypto_ptr(msg), msg.len) == 1;
	if (!ok)
		ERR_clear_error();
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return ok;
}

enum err
crypto_p256_sign(const uint8_t priv[32], struct span msg, struct buf *der_sig)
{
	uint8_t sig[80];
	size_t len = sizeof(sig);
	EVP_MD_CTX *c;
	EVP_PKEY *key;

	if (!scalar_is_valid(priv, p256_n1))
		return ERR_RANGE;
	crypto_must((key = pkey_private(priv)) != NULL);
	crypto_must((c = EVP_MD_CTX_new()) != NULL);
	crypto_must(EVP_DigestSignInit_ex(c, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(c, sig, &len, crypto_ptr(msg), msg.len) == 1);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	buf_put(der_sig, sig, len);
	return buf_err(der_sig);
}
