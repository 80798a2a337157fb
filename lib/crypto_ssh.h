/*
 * crypto_ssh.h - RSA and the NIST curves as SSH uses them, by libcrypto (a part of crypto.h).
 *
 * Private work is libcrypto's, constant time; numbers are big-endian.
 */
#ifndef LIB_CRYPTO_SSH_H
#define LIB_CRYPTO_SSH_H

#include "lib/crypto.h"

/* --- ECDSA (FIPS 186-5); each curve with the hash of RFC 5656 6.2.1 --- */

enum crypto_nist { CRYPTO_NIST_P256, CRYPTO_NIST_P384, CRYPTO_NIST_P521 };

#define CRYPTO_NIST_SCALAR_MAX 66
#define CRYPTO_NIST_POINT_MAX  133

/* Bytes of a scalar, of r and of s: 32, 48, 66.  A point is 04 || x || y: 65, 97, 133. */
size_t crypto_nist_size(enum crypto_nist curve);

static inline size_t
crypto_nist_point(enum crypto_nist curve)
{
	return 2 * crypto_nist_size(curve) + 1;
}

/* scalar, point, rs have exactly the sizes above (rs: r || s).  ERR_RANGE: the scalar is zero or
 * not below the order. */
MUST enum err crypto_ecdsa_public(enum crypto_nist curve, const uint8_t *scalar, uint8_t *point);
MUST enum err crypto_ecdsa_sign(
    enum crypto_nist curve, const uint8_t *scalar, struct span data, uint8_t *rs);
/* False also for a point that is not on the curve. */
bool crypto_ecdsa_verify(
    enum crypto_nist curve, const uint8_t *point, struct span data, const uint8_t *rs);

/* --- RSA, PKCS #1 v1.5 (RFC 8332) --- */

#define CRYPTO_RSA_BITS_MIN 2048
#define CRYPTO_RSA_BITS_MAX 16384
#define CRYPTO_RSA_MAX	    (CRYPTO_RSA_BITS_MAX / 8)

enum crypto_rsa_hash { CRYPTO_RSA_SHA256, CRYPTO_RSA_SHA512 };

/* Magnitudes, borrowed; a public key is n and e. */
struct crypto_rsa {
	struct span n, e;
	struct span d, iqmp, p, q; /* iqmp = 1/q mod p */
};

/* Is the length of n within the bounds above, are n and e odd, 3 <= e < 2^64? */
bool crypto_rsa_public_ok(const struct crypto_rsa *k);
/* Do all six belong together: n = p q, e d = 1 modulo p-1 and q-1, iqmp q = 1 modulo p? */
bool crypto_rsa_pair_ok(const struct crypto_rsa *k);
/* sig: as many bytes as n has.  ERR_RANGE: not a usable key. */
MUST enum err crypto_rsa_sign(
    const struct crypto_rsa *k, enum crypto_rsa_hash hash, struct span data, uint8_t *sig);
/* For several signatures by one key: making it ready takes as long as a signature.  Until it is
 * freed, its numbers are in libcrypto's memory, not in the arena: free it as soon as it rests. */
struct crypto_rsa_ready;
MUST enum err crypto_rsa_ready(const struct crypto_rsa *k, struct crypto_rsa_ready **out);
MUST enum err crypto_rsa_ready_sign(
    const struct crypto_rsa_ready *k, enum crypto_rsa_hash hash, struct span data, uint8_t *sig);
void crypto_rsa_ready_free(struct crypto_rsa_ready *k);
/* A signature shorter than n is filled up with zeros in front, as OpenSSH does. */
bool crypto_rsa_verify(
    const struct crypto_rsa *k, enum crypto_rsa_hash hash, struct span data, struct span sig);

#endif
