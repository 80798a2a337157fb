/* Ciphers of openssh-key-v1, and what minisign needs. */
#include <openssl/err.h>
#include <sodium.h>

#include "lib/crypto_alg.h"
#include "lib/crypto_openssh.h"

static const struct crypto_ssh_cipher ciphers[] = {
	{ "aes256-ctr", 32, 16, 16, 0 },
	{ "aes192-ctr", 24, 16, 16, 0 },
	{ "aes128-ctr", 16, 16, 16, 0 },
	{ "aes256-cbc", 32, 16, 16, 0 },
	{ "aes128-cbc", 16, 16, 16, 0 },
	{ "aes256-gcm@openssh.com", 32, 12, 16, 16 },
	{ "aes128-gcm@openssh.com", 16, 12, 16, 16 },
	{ "chacha20-poly1305@openssh.com", 64, 0, 8, 16 },
};

/* Of libcrypto, in the same order. */
static const char *const names[] = { "AES-256-CTR", "AES-192-CTR", "AES-128-CTR", "AES-256-CBC",
	"AES-128-CBC", "AES-256-GCM", "AES-128-GCM", NULL };

const struct crypto_ssh_cipher *
crypto_ssh_cipher(struct span name)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (span_is(name, ciphers[i].name))
			return &ciphers[i];
	return NULL;
}

/* PROTOCOL.chacha20poly1305 with packet number 0 and no length in front: the first of the two keys
 * does all.  Block 0 is the key of Poly1305, the text begins at block 1. */
static enum err
open_chapoly(const uint8_t *key, struct span in, struct span tag, uint8_t *out)
{
	static const uint8_t nonce[8];
	uint8_t poly[32];
	bool good;

	crypto_stream_chacha20(poly, sizeof(poly), nonce, key);
	good = tag.len == 16 &&
	    crypto_onetimeauth_poly1305_verify(tag.p, crypto_ptr(in), in.len, poly) == 0;
	sec_zero(poly, sizeof(poly));
	if (!good)
		return ERR_PASS_WRONG;
	crypto_stream_chacha20_xor_ic(out, crypto_ptr(in), in.len, nonce, 1, key);
	return ERR_OK;
}

static enum err
open_aes(const char *name, const struct crypto_ssh_cipher *c, const uint8_t *key_iv,
    const struct span v[2], uint8_t *out)
{
	uint8_t tag[16], end[16];
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	int n = 0, last = 0;
	bool ok;

	crypto_alg();
	crypto_must((cipher = EVP_CIPHER_fetch(NULL, name, NULL)) != NULL);
	crypto_must((ctx = EVP_CIPHER_CTX_new()) != NULL);
	crypto_must(EVP_DecryptInit_ex2(ctx, cipher, key_iv, key_iv + c->key, NULL) == 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	if (c->tag) {
		memcpy(tag, v[1].p, sizeof(tag));
		crypto_must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1);
	}
	ok = EVP_DecryptUpdate(ctx, out, &n, v[0].p, (int)v[0].len) == 1 &&
	    EVP_DecryptFinal_ex(ctx, end, &last) == 1 && n == (int)v[0].len && last == 0;
	if (!ok)
		ERR_clear_error();
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok ? ERR_OK : ERR_PASS_WRONG;
}

enum err
crypto_ssh_decrypt(const struct crypto_ssh_cipher *c, const uint8_t *key_iv, struct span in,
    struct span tag, uint8_t *out)
{
	const char *name = names[c - ciphers];
	struct span v[2] = { in, tag };

	if (in.len == 0 || in.len % c->block != 0 || in.len > (1 << 20) || tag.len != c->tag)
		return ERR_SSHKEY_FORMAT;
	return name ? open_aes(name, c, key_iv, v, out) : open_chapoly(key_iv, in, tag, out);
}

enum err
crypto_scrypt_limits(
    struct span pass, const uint8_t salt[32], const uint64_t limits[2], uint8_t *out, size_t len)
{
	if (limits[0] > (1 << 25) || limits[1] > (1 << 30) || limits[0] < 32768 ||
	    limits[1] < (1 << 24))
		return ERR_RANGE;
	if (crypto_pwhash_scryptsalsa208sha256(out, len, (const char *)crypto_ptr(pass), pass.len,
		salt, limits[0], (size_t)limits[1]) != 0)
		return ERR_KDF_MEMORY;
	return ERR_OK;
}

void
crypto_blake2b_256(struct span in, uint8_t out[32])
{
	crypto_generichash(out, 32, crypto_ptr(in), in.len, NULL, 0);
}
