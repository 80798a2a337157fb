/* Group 2 of RFC 2409 and AES-128-CBC, by libcrypto. */
#include "lib/crypto_modp.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include "lib/crypto_alg.h"

#define CBC_MAX (1u << 30)
#define BLOCK	16

/* base^priv mod p; nothing in how long it takes depends on the exponent. */
static void
power(const BIGNUM *base, struct span priv, const BIGNUM *p, uint8_t out[CRYPTO_MODP_LEN])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *x = BN_new(), *r = BN_new();

	crypto_must(ctx && x && r && priv.len > 0 && priv.len <= CRYPTO_MODP_LEN);
	crypto_must(BN_bin2bn(priv.p, (int)priv.len, x) != NULL);
	BN_set_flags(x, BN_FLG_CONSTTIME);
	crypto_must(BN_mod_exp(r, base, x, p, ctx) == 1);
	crypto_must(BN_bn2binpad(r, out, CRYPTO_MODP_LEN) == CRYPTO_MODP_LEN);
	BN_clear_free(r);
	BN_clear_free(x);
	BN_CTX_free(ctx);
}

static BIGNUM *
prime(void)
{
	BIGNUM *p;

	crypto_alg();
	crypto_must((p = BN_get_rfc2409_prime_1024(NULL)) != NULL);
	return p;
}

void
crypto_modp_public(struct span priv, uint8_t pub[CRYPTO_MODP_LEN])
{
	BIGNUM *p = prime(), *two = BN_new();

	crypto_must(two && BN_set_word(two, 2) == 1);
	power(two, priv, p, pub);
	BN_free(two);
	BN_free(p);
}

/* 2 <= y <= p - 2: 0, 1 and p - 1 make a secret that everybody knows. */
static bool
is_in_range(const BIGNUM *y, const BIGNUM *p)
{
	BIGNUM *last = BN_dup(p);
	bool in;

	crypto_must(last && BN_sub_word(last, 2) == 1);
	in = !BN_is_zero(y) && !BN_is_one(y) && BN_cmp(y, last) <= 0;
	BN_free(last);
	return in;
}

enum err
crypto_modp_shared(struct span priv, struct span theirs, uint8_t shared[CRYPTO_MODP_LEN])
{
	enum err e = ERR_RANGE;
	BIGNUM *p, *y;

	if (theirs.len == 0 || theirs.len > CRYPTO_MODP_LEN)
		return ERR_FORMAT;
	p = prime();
	crypto_must((y = BN_bin2bn(theirs.p, (int)theirs.len, NULL)) != NULL);
	if (is_in_range(y, p)) {
		power(y, priv, p, shared);
		e = ERR_OK;
	}
	BN_free(y);
	BN_free(p);
	return e;
}

static EVP_CIPHER_CTX *
start(const uint8_t *key, const uint8_t *iv, int encrypt)
{
	EVP_CIPHER_CTX *c;

	crypto_alg();
	crypto_must((c = EVP_CIPHER_CTX_new()) != NULL);
	crypto_must(EVP_CipherInit_ex2(c, EVP_aes_128_cbc(), key, iv, encrypt, NULL) == 1);
	return c;
}

enum err
crypto_aes128_seal(const uint8_t key[16], const uint8_t iv[16], struct span in, uint8_t *out)
{
	EVP_CIPHER_CTX *c;
	int n = 0, rest;

	if (in.len >= CBC_MAX)
		return ERR_TOOBIG;
	c = start(key, iv, 1);
	crypto_must(EVP_EncryptUpdate(c, out, &n, crypto_ptr(in), (int)in.len) == 1);
	crypto_must(EVP_EncryptFinal_ex(c, out + n, &rest) == 1);
	EVP_CIPHER_CTX_free(c);
	return ERR_OK;
}

enum err
crypto_aes128_open(
    const uint8_t key[16], const uint8_t iv[16], struct span in, uint8_t *out, size_t *len)
{
	EVP_CIPHER_CTX *c;
	int n = 0, rest = 0;
	bool ok;

	if (in.len >= CBC_MAX)
		return ERR_TOOBIG;
	if (in.len == 0 || in.len % BLOCK)
		return ERR_FORMAT;
	c = start(key, iv, 0);
	ok = EVP_DecryptUpdate(c, out, &n, in.p, (int)in.len) == 1 &&
	    EVP_DecryptFinal_ex(c, out + n, &rest) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!ok) {
		ERR_clear_error();
		sec_zero(out, in.len);
		return ERR_FORMAT;
	}
	*len = (size_t)n + (size_t)rest;
	return ERR_OK;
}
