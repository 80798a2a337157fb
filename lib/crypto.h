/*
 * crypto.h - the only door to libsodium and libcrypto (lint: no other file of lib, agent, cli
 * includes their headers; agent/token needs libfido2's).
 *
 * Keys come as spans so that both arena and vectors can be used; outputs are plain arrays of the
 * stated length, owned by the caller, who puts secrets into the arena.
 */
#ifndef LIB_CRYPTO_H
#define LIB_CRYPTO_H

#include "lib/buf.h"
#include "lib/sec.h"

/* Initialise both libraries, fetch algorithms once (before any sandbox), run known-answer
 * self-tests.  ERR_INTERNAL when a self-test fails. */
MUST enum err crypto_init(void);
/* Smaller start for programs that only hash and sign with libsodium (CLI, prompt).  What needs
 * libcrypto works too: it is fetched at first use, which a sandboxed process must not rely on. */
MUST enum err crypto_init_light(void);

void crypto_random(void *p, size_t n);	      /* never fails (aborts) */
bool crypto_eq(struct span a, struct span b); /* constant time; lengths are public */
bool crypto_is_zero(struct span a);	      /* constant time */

void crypto_sha256(struct span in, uint8_t out[32]);
void crypto_sha512(struct span in, uint8_t out[64]);
/* SHA-256 of what comes piece by piece (RFC 6234); crypto_sum_end wipes. */
struct crypto_sum {
	_Alignas(16) uint8_t opaque[128];
};
void crypto_sum_init(struct crypto_sum *s);
void crypto_sum_add(struct crypto_sum *s, struct span in);
void crypto_sum_end(struct crypto_sum *s, uint8_t out[32]);
/* SHA-256 over several spans. */
void crypto_sha256v(const struct span *v, size_t n, uint8_t out[32]);
void crypto_sha512v(const struct span *v, size_t n, uint8_t out[64]);
void crypto_sha3_256v(const struct span *v, size_t n, uint8_t out[32]); /* onion addresses */
void crypto_hmac_sha512(struct span key, struct span msg, uint8_t out[64]);
void crypto_hmac_sha512v(struct span key, const struct span *v, size_t n, uint8_t out[64]);
void crypto_hmac_sha256(struct span key, struct span msg, uint8_t out[32]);
/* For one-time codes only (RFC 6238): nothing else of ours knows SHA-1. */
void crypto_hmac_sha1(struct span key, struct span msg, uint8_t out[20]);
/* SipHash-2-4: where things stand in a table whose keys strangers choose; no more than that. */
uint64_t crypto_siphash(const uint8_t key[16], struct span in);
/* HKDF with SHA-512 / SHA-256 (RFC 5869 2.2, 2.3); len <= 255 * hash length. */
void crypto_hkdf_extract(struct span salt, struct span ikm, uint8_t prk[64]);
void crypto_hkdf_expand(struct span prk, struct span info, uint8_t *out, size_t len);
/* The same, info being the concatenation of n spans. */
void crypto_hkdf_expandv(struct span prk, const struct span *v, size_t n, uint8_t *out, size_t len);
void crypto_hkdf256(struct span salt, struct span ikm, struct span info, uint8_t *out, size_t len);

/* ChaCha20-Poly1305 IETF (RFC 8439).  Bulk goes through libcrypto.  out: in.len + 16 / in.len - 16,
 * not overlapping in.  open: ERR_VAULT_DAMAGED when the tag is wrong (out is wiped), ERR_TRUNCATED
 * when there is no room for one.  ERR_TOOBIG from 1 GiB on. */
MUST enum err crypto_aead_seal(
    const uint8_t key[32], const uint8_t nonce[12], struct span ad, struct span in, uint8_t *out);
MUST enum err crypto_aead_open(
    const uint8_t key[32], const uint8_t nonce[12], struct span ad, struct span in, uint8_t *out);

/* Ed25519 (RFC 8032).  seed 32, pub 32, sig 64.  sign: pub must be the seed's own: a signature made
 * with another one gives the private key away. */
void crypto_ed25519_public(const uint8_t seed[32], uint8_t pub[32]);
void crypto_ed25519_sign(
    const uint8_t seed[32], const uint8_t pub[32], struct span msg, uint8_t sig[64]);
bool crypto_ed25519_verify(const uint8_t pub[32], struct span msg, const uint8_t sig[64]);
/* SHA-512(seed), clamped: tor's expanded secret key. */
void crypto_ed25519_expand(const uint8_t seed[32], uint8_t out[64]);

/* X25519 (RFC 7748).  All-zero shared secret: ERR_RANGE. */
void crypto_x25519_public(const uint8_t priv[32], uint8_t pub[32]);
MUST enum err crypto_x25519(const uint8_t priv[32], const uint8_t pub[32], uint8_t shared[32]);
void crypto_x25519_clamp(uint8_t priv[32]);

/* NIST P-256.  Public key x || y (64).  Signature as DER (WebAuthn, CTAP).  ERR_RANGE: a private
 * key that is zero or not below n, a public key that is not on the curve. */
MUST enum err crypto_p256_public(const uint8_t priv[32], uint8_t pub[64]);
bool crypto_p256_verify(const uint8_t pub[64], struct span msg, struct span der_sig);
MUST enum err crypto_p256_sign(const uint8_t priv[32], struct span msg, struct buf *der_sig);
MUST enum err crypto_p256_ecdh(const uint8_t priv[32], const uint8_t pub[64], uint8_t x[32]);
/* secp256k1 public key, x || y (64). */
MUST enum err crypto_secp256k1_public(const uint8_t priv[32], uint8_t pub[64]);
/* d = (be(stream48) mod (n-1)) + 1, constant time (DESIGN 5; FIPS 186-5 A.2.1 style). */
MUST enum err crypto_p256_scalar(const uint8_t stream[48], uint8_t d[32]);
MUST enum err crypto_secp256k1_scalar(const uint8_t stream[48], uint8_t d[32]);

/* AES-256-CBC without padding (CTAP PIN protocols); in.len multiple of 16, else ERR_RANGE; iv
 * NULL = zero.  out: in.len bytes. */
MUST enum err crypto_aes256_cbc(
    bool encrypt, const uint8_t key[32], const uint8_t *iv, struct span in, uint8_t *out);
/* AES-256-CTR (Matrix). */
MUST enum err crypto_aes256_ctr(
    const uint8_t key[32], const uint8_t iv[16], struct span in, uint8_t *out);

/* PBKDF2 with HMAC-SHA256 (RFC 8018 5.2), its first block: len <= 32, rounds >= 1. */
void crypto_pbkdf2_sha256(
    struct span pass, struct span salt, uint32_t rounds, uint8_t *out, size_t len);

/* Argon2id v1.3, p = 1.  out any length 16..64.  ERR_KDF_MEMORY, ERR_RANGE (m < 8, t < 1). */
struct crypto_argon {
	const uint8_t *salt; /* 16 bytes */
	uint32_t m;	     /* KiB */
	uint32_t t;	     /* passes */
};
MUST enum err crypto_argon2id(
    struct span pass, const struct crypto_argon *cost, uint8_t *out, size_t len);

/* scrypt (RFC 7914) with r = 8, p = 1 and N = 2^log_n: takes 2^log_n KiB and as much time; out 32
 * bytes.  ERR_KDF_MEMORY, ERR_RANGE (log_n not in 1..30). */
MUST enum err crypto_scrypt(struct span pass, struct span salt, unsigned log_n, uint8_t *out);

/* RSA key generation (worker only): six mpints n e d iqmp p q (sshkey.h) into out, which must be
 * empty.  bits 2048, 3072, 4096, else ERR_RANGE. */
MUST enum err crypto_rsa_generate(unsigned bits, struct sec *out);

#endif
