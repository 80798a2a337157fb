/*
 * crypto_openssh.h - what private keys on disk are protected by (a part of crypto.h): OpenSSH's own
 * files (PROTOCOL.key), PEM (RFC 7468, RFC 5958, RFC 5915, RFC 8017), minisign.
 */
#ifndef LIB_CRYPTO_OPENSSH_H
#define LIB_CRYPTO_OPENSSH_H

#include "lib/crypto_ssh.h"

#define CRYPTO_BCRYPT_ROUNDS 1024 /* ssh-keygen makes 16 or 24; this is half a minute */

/* len 1..128, salt 1..512 bytes, rounds 1..CRYPTO_BCRYPT_ROUNDS, else ERR_RANGE. */
MUST enum err crypto_bcrypt_pbkdf(
    struct span pass, struct span salt, uint32_t rounds, uint8_t *out, size_t len);

struct crypto_ssh_cipher {
	const char *name; /* "aes256-ctr" */
	size_t key, iv;	  /* bytes that the KDF makes: key || iv */
	size_t block;	  /* what the length is a multiple of */
	size_t tag;	  /* bytes behind the ciphertext */
};
/* NULL when it is not known. */
const struct crypto_ssh_cipher *crypto_ssh_cipher(struct span name);
/* out: as long as in, which is a multiple of the block.  ERR_PASS_WRONG when the tag does not fit
 * (only some have one). */
MUST enum err crypto_ssh_decrypt(const struct crypto_ssh_cipher *c, const uint8_t *key_iv,
    struct span in, struct span tag, uint8_t *out);

enum crypto_pem { CRYPTO_PEM_ED25519, CRYPTO_PEM_RSA, CRYPTO_PEM_EC };

/* A private key as PEM (PKCS#1, SEC1, PKCS#8, encrypted or not).  *out, empty before, gets the
 * seed, the scalar (fixed width, *curve says which), or six mpints n e d iqmp p q (sshkey.h).
 * ERR_PASS_WRONG (or damaged, when it is encrypted), ERR_SSHKEY_FORMAT, ERR_SSHKEY_KIND,
 * ERR_SSHKEY_PAIR (RSA, EC: the public half that stands with it is another key's). */
MUST enum err crypto_pem_open(struct span text, struct span pass, enum crypto_pem *kind,
    enum crypto_nist *curve, struct sec *out);

/* scrypt as minisign uses it: libsodium's own limits (opslimit, memlimit).  ERR_RANGE beyond 1 GiB
 * or 2^25 operations, ERR_KDF_MEMORY. */
MUST enum err crypto_scrypt_limits(
    struct span pass, const uint8_t salt[32], const uint64_t limits[2], uint8_t *out, size_t len);
/* BLAKE2b with 32 bytes of output (RFC 7693). */
void crypto_blake2b_256(struct span in, uint8_t out[32]);

#endif
