/* Argon2id (RFC 9106), scrypt (RFC 7914), PBKDF2 and RSA keys: what only the worker does. */
#include <errno.h>
#include <openssl/err.h>
#include <sodium.h>

#include "lib/crypto_alg.h"

/* crypto_pwhash has p = 1 and counts memory in bytes (DESIGN 4). */
enum err
crypto_argon2id(struct span pass, const struct crypto_argon *cost, uint8_t *out, size_t len)
{
	if (len < 16 || len > 64 || cost->m < 8 || cost->t < 1 || pass.len > UINT32_MAX)
		return ERR_RANGE;
	if (crypto_pwhash(out, len, (const char *)crypto_ptr(pass), pass.len, cost->salt, cost->t,
		(size_t)cost->m * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return ERR_OK;
	sec_zero(out, len);
	return errno == ENOMEM ? ERR_KDF_MEMORY : ERR_RANGE;
}

/* libcrypto's: a fifth faster than libsodium's, and it wipes what it used. */
enum err
crypto_scrypt(struct span pass, struct span salt, unsigned log_n, uint8_t *out)
{
	uint64_t n = (uint64_t)1 << (log_n & 31);

	if (log_n < 1 || log_n > 30)
		return ERR_RANGE;
	crypto_alg();
	if (EVP_PBE_scrypt((const char *)crypto_ptr(pass), pass.len, crypto_ptr(salt), salt.len, n,
		8, 1, (n + 64) * 1024, out, 32) == 1)
		return ERR_OK;
	ERR_clear_error();
	sec_zero(out, 32);
	return ERR_KDF_MEMORY;
}

/* U_1 = HMAC(pass, salt || 1), U_i = HMAC(pass, U_i-1), the sum of all.  By libsodium, like all
 * keyed hashing: its states are on our stack and can be wiped. */
void
crypto_pbkdf2_sha256(struct span pass, struct span salt, uint32_t rounds, uint8_t *out, size_t len)
{
	crypto_auth_hmacsha256_state keyed, s;
	static const uint8_t block[4] = { 0, 0, 0, 1 };
	uint8_t u[32], sum[32] = { 0 };

	crypto_must(len <= sizeof(sum) && rounds >= 1);
	crypto_auth_hmacsha256_init(&keyed, crypto_ptr(pass), pass.len);
	s = keyed;
	crypto_auth_hmacsha256_update(&s, crypto_ptr(salt), salt.len);
	crypto_auth_hmacsha256_update(&s, block, sizeof(block));
	crypto_auth_hmacsha256_final(&s, u);
	for (;;) {
		for (size_t i = 0; i < sizeof(sum); i++)
			sum[i] ^= u[i];
		if (--rounds == 0)
			break;
		s = keyed;
		crypto_auth_hmacsha256_update(&s, u, sizeof(u));
		crypto_auth_hmacsha256_final(&s, u);
	}
	memcpy(out, sum, len);
	sec_zero(&keyed, sizeof(keyed));
	sec_zero(&s, sizeof(s));
	sec_zero(u, sizeof(u));
	sec_zero(sum, sizeof(sum));
}
