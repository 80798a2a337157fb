/* Curve25519 by libsodium: twice as fast as libcrypto at signing (notes/perf.md 1). */
#include <sodium.h>

#include "lib/crypto_alg.h"

void
crypto_ed25519_public(const uint8_t seed[32], uint8_t pub[32])
{
	uint8_t sk[64];

	crypto_sign_seed_keypair(pub, sk, seed);
	sec_zero(sk, sizeof(sk));
}

/* libsodium's secret key is seed || public key. */
void
crypto_ed25519_sign(const uint8_t seed[32], const uint8_t pub[32], struct span msg, uint8_t sig[64])
{
	uint8_t sk[64];

	memcpy(sk, seed, 32);
	memcpy(sk + 32, pub, 32);
	crypto_sign_detached(sig, NULL, crypto_ptr(msg), msg.len, sk);
	sec_zero(sk, sizeof(sk));
}

bool
crypto_ed25519_verify(const uint8_t pub[32], struct span msg, const uint8_t sig[64])
{
	return crypto_sign_verify_detached(sig, crypto_ptr(msg), msg.len, pub) == 0;
}

/* RFC 8032 5.1.5, steps 1 and 2 */
void
crypto_ed25519_expand(const uint8_t seed[32], uint8_t out[64])
{
	crypto_sha512(SPAN(seed, 32), out);
	crypto_x25519_clamp(out);
}

void
crypto_x25519_public(const uint8_t priv[32], uint8_t pub[32])
{
	crypto_scalarmult_base(pub, priv);
}

/* RFC 7748 6.1: an all-zero result means that the other side sent a point of small order. */
enum err
crypto_x25519(const uint8_t priv[32], const uint8_t pub[32], uint8_t shared[32])
{
	int failed;

	failed = crypto_scalarmult(shared, priv, pub) != 0;
	failed |= sodium_is_zero(shared, 32);
	if (failed)
		sec_zero(shared, 32);
	return failed ? ERR_RANGE : ERR_OK;
}

/* RFC 7748 5, decodeScalar25519 */
void
crypto_x25519_clamp(uint8_t priv[32])
{
	priv[0] &= 248;
	priv[31] &= 127;
	priv[31] |= 64;
}
