/*
 * ECDSA on P-256, P-384 and P-521 by libcrypto, with r and s as fixed-width numbers.
 *
 * Signatures go by EC_KEY, which is marked as old: an EVP_PKEY has to be made of the scalar each
 * time (or be kept, outside of the arena), and that takes as long as the signature itself.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "lib/crypto_alg.h"
#include "lib/crypto_ssh.h"

#define DER_MAX 160 /* of two numbers of 66 bytes */

static const struct curve {
	const char *name;
	const char *hash;
	const EVP_MD *(*md)(void);
	int nid;
	size_t size;
} curves[] = {
	[CRYPTO_NIST_P256] = { "P-256", "SHA2-256", EVP_sha256, NID_X9_62_prime256v1, 32 },
	[CRYPTO_NIST_P384] = { "P-384", "SHA2-384", EVP_sha384, NID_secp384r1, 48 },
	[CRYPTO_NIST_P521] = { "P-521", "SHA2-512", EVP_sha512, NID_secp521r1, 66 },
};

size_t
crypto_nist_size(enum crypto_nist curve)
{
	return curves[curve].size;
}

static BIGNUM *
secret_number(const uint8_t *p, size_t n)
{
	BIGNUM *b;

	crypto_must((b = BN_new()) != NULL && BN_bin2bn(p, (int)n, b) != NULL);
	BN_set_flags(b, BN_FLG_CONSTTIME);
	return b;
}

/* 0 < d < order */
static bool
scalar_fits(const EC_GROUP *g, const BIGNUM *d)
{
	return !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(g)) < 0;
}

enum err
crypto_ecdsa_public(enum crypto_nist curve, const uint8_t *scalar, uint8_t *point)
{
	const struct curve *c = &curves[curve];
	EC_GROUP *g;
	EC_POINT *q = NULL;
	BIGNUM *d;
	bool ok;

	crypto_alg();
	crypto_must((g = EC_GROUP_new_by_curve_name(c->nid)) && (q = EC_POINT_new(g)));
	d = secret_number(scalar, c->size);
	ok = scalar_fits(g, d);
	if (ok)
		crypto_must(EC_POINT_mul(g, q, d, NULL, NULL, NULL) == 1 &&
		    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, point, 2 * c->size + 1,
			NULL) == 2 * c->size + 1);
	BN_clear_free(d);
	EC_POINT_clear_free(q);
	EC_GROUP_free(g);
	return ok ? ERR_OK : ERR_RANGE;
}

/* A key of libcrypto from one parameter besides the name of the group; NULL if it is no good. */
static EVP_PKEY *
key_from(const struct curve *c, OSSL_PARAM param, int selection)
{
	OSSL_PARAM p[3] = { OSSL_PARAM_construct_utf8_string(
				OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)c->name, 0),
		param, OSSL_PARAM_construct_end() };
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;

	crypto_alg();
	crypto_must((ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL)) != NULL);
	if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, selection, p) != 1) {
		ERR_clear_error();
		key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static size_t
join_der(const uint8_t *rs, size_t size, uint8_t der[DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(rs, (int)size, NULL), *s = BN_bin2bn(rs + size, (int)size, NULL);
	int n;

	crypto_must(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1);
	crypto_must((n = i2d_ECDSA_SIG(sig, NULL)) > 0 && n <= DER_MAX);
	i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	return (size_t)n;
}

/* The one key of this curve, without its number; made once. */
static EC_KEY *
blank_key(const struct curve *c)
{
	static EC_KEY *keys[sizeof curves / sizeof *curves];
	EC_KEY **k = &keys[c - curves];

	crypto_alg();
	if (!*k)
		crypto_must((*k = EC_KEY_new_by_curve_name(c->nid)) != NULL);
	return *k;
}

static void
put_signature(const ECDSA_SIG *s, size_t size, uint8_t *rs)
{
	crypto_must(s && BN_bn2binpad(ECDSA_SIG_get0_r(s), rs, (int)size) == (int)size &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), rs + size, (int)size) == (int)size);
}

/* The number is in the key for this one signature; taking it out wipes it. */
enum err
crypto_ecdsa_sign(enum crypto_nist curve, const uint8_t *scalar, struct span data, uint8_t *rs)
{
	const struct curve *c = &curves[curve];
	EC_KEY *k = blank_key(c);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	ECDSA_SIG *sig;
	BIGNUM *d = secret_number(scalar, c->size);
	bool ok = scalar_fits(EC_KEY_get0_group(k), d);

	if (ok) {
		crypto_must(EVP_Digest(crypto_ptr(data), data.len, hash, &len, c->md(), NULL) == 1);
		crypto_must(EC_KEY_set_private_key(k, d) == 1);
		sig = ECDSA_do_sign(hash, (int)len, k);
		(void)EC_KEY_set_private_key(k, NULL);
		put_signature(sig, c->size, rs);
		ECDSA_SIG_free(sig);
	}
	BN_clear_free(d);
	return ok ? ERR_OK : ERR_RANGE;
}

bool
crypto_ecdsa_verify(
    enum crypto_nist curve, const uint8_t *point, struct span data, const uint8_t *rs)
{
	const struct curve *c = &curves[curve];
	uint8_t der[DER_MAX];
	size_t len = join_der(rs, c->size, der);
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	bool ok;

	key = key_from(c,
	    OSSL_PARAM_construct_octet_string(
		OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, 2 * c->size + 1),
	    EVP_PKEY_PUBLIC_KEY);
	if (key == NULL)
		return false;
	crypto_must((ctx = EVP_MD_CTX_new()) != NULL);
	ok = EVP_DigestVerifyInit_ex(ctx, NULL, c->hash, NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(ctx, der, len, crypto_ptr(data), data.len) == 1;
	if (!ok)
		ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}
