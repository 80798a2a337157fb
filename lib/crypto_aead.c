/* ChaCha20-Poly1305 (RFC 8439) and AES. */
#include <openssl/err.h>
#include <sodium.h>

#include "lib/crypto_alg.h"

#define AEAD_MAX ((size_t)1 << 30) /* libcrypto counts in int */
#define TAG	 16

/* A context of its own for every message: freeing it wipes the key, reusing it would keep it. */
static EVP_CIPHER_CTX *
chapoly_start(const uint8_t *key, const uint8_t *nonce, struct span ad, int encrypt)
{
	EVP_CIPHER_CTX *c;
	int n;

	crypto_must((c = EVP_CIPHER_CTX_new()) != NULL);
	crypto_must(EVP_CipherInit_ex2(c, crypto_alg()->chapoly, key, nonce, encrypt, NULL) == 1);
	if (ad.len > 0)
		crypto_must(EVP_CipherUpdate(c, NULL, &n, ad.p, (int)ad.len) == 1);
	return c;
}

static void
seal_bulk(EVP_CIPHER_CTX *c, struct span in, uint8_t *out)
{
	int n;

	crypto_must(EVP_EncryptUpdate(c, out, &n, in.p, (int)in.len) == 1 && n == (int)in.len);
	crypto_must(EVP_EncryptFinal_ex(c, out + n, &n) == 1 && n == 0);
	crypto_must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + in.len) == 1);
	EVP_CIPHER_CTX_free(c);
}

enum err
crypto_aead_seal(
    const uint8_t key[32], const uint8_t nonce[12], struct span ad, struct span in, uint8_t *out)
{
	if (in.len > AEAD_MAX || ad.len > AEAD_MAX)
		return ERR_TOOBIG;
	if (in.len >= CRYPTO_BULK)
		seal_bulk(chapoly_start(key, nonce, ad, 1), in, out);
	else
		crypto_aead_chacha20poly1305_ietf_encrypt(
		    out, NULL, crypto_ptr(in), in.len, crypto_ptr(ad), ad.len, NULL, nonce, key);
	return ERR_OK;
}

static bool
open_bulk(EVP_CIPHER_CTX *c, struct span in, uint8_t *out)
{
	uint8_t tag[TAG];
	int n, ok;

	memcpy(tag, in.p + in.len, TAG);
	crypto_must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1);
	crypto_must(EVP_DecryptUpdate(c, out, &n, in.p, (int)in.len) == 1 && n == (int)in.len);
	ok = EVP_DecryptFinal_ex(c, out + n, &n);
	EVP_CIPHER_CTX_free(c);
	if (ok != 1)
		ERR_clear_error();
	return ok == 1;
}

enum err
crypto_aead_open(
    const uint8_t key[32], const uint8_t nonce[12], struct span ad, struct span in, uint8_t *out)
{
	size_t len = in.len - TAG;
	bool ok;

	if (in.len < TAG)
		return ERR_TRUNCATED;
	if (in.len > AEAD_MAX || ad.len > AEAD_MAX)
		return ERR_TOOBIG;
	if (len >= CRYPTO_BULK)
		ok = open_bulk(chapoly_start(key, nonce, ad, 0), SPAN(in.p, len), out);
	else
		ok = crypto_aead_chacha20poly1305_ietf_decrypt(
			 out, NULL, NULL, in.p, in.len, crypto_ptr(ad), ad.len, nonce, key) == 0;
	if (!ok && len > 0)
		sec_zero(out, len);
	return ok ? ERR_OK : ERR_VAULT_DAMAGED;
}

static void
aes(EVP_CIPHER_CTX *c, struct span in, uint8_t *out)
{
	int n;

	crypto_must(EVP_CIPHER_CTX_set_padding(c, 0) == 1);
	if (in.len > 0)
		crypto_must(
		    EVP_CipherUpdate(c, out, &n, in.p, (int)in.len) == 1 && n == (int)in.len);
	crypto_must(EVP_CipherFinal_ex(c, out + in.len, &n) == 1 && n == 0);
	EVP_CIPHER_CTX_free(c);
}

static EVP_CIPHER_CTX *
aes_start(const EVP_CIPHER *alg, const uint8_t *key, const uint8_t *iv, int encrypt)
{
	EVP_CIPHER_CTX *c;

	crypto_must((c = EVP_CIPHER_CTX_new()) != NULL);
	crypto_must(EVP_CipherInit_ex2(c, alg, key, iv, encrypt, NULL) == 1);
	return c;
}

enum err
crypto_aes256_cbc(
    bool encrypt, const uint8_t key[32], const uint8_t *iv, struct span in, uint8_t *out)
{
	static const uint8_t zero[16];

	if (in.len % 16 != 0)
		return ERR_RANGE;
	if (in.len > AEAD_MAX)
		return ERR_TOOBIG;
	aes(aes_start(crypto_alg()->aes_cbc, key, iv ? iv : zero, encrypt), in, out);
	return ERR_OK;
}

enum err
crypto_aes256_ctr(const uint8_t key[32], const uint8_t iv[16], struct span in, uint8_t *out)
{
	if (in.len > AEAD_MAX)
		return ERR_TOOBIG;
	aes(aes_start(crypto_alg()->aes_ctr, key, iv, 1), in, out);
	return ERR_OK;
}
