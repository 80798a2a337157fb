/*
 * crypto_alg.h - what the files crypto*.c share: the algorithms fetched from libcrypto.
 */
#ifndef LIB_CRYPTO_ALG_H
#define LIB_CRYPTO_ALG_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <stdlib.h>

#include "lib/crypto.h"

/* From here on libcrypto's assembly repays the setting up of a context (notes/perf.md 1). */
#define CRYPTO_BULK 1024

struct crypto_alg {
	EVP_MD *sha1;
	EVP_MD *sha256;
	EVP_MD *sha512;
	EVP_MD *sha3_256;
	EVP_CIPHER *chapoly;
	EVP_CIPHER *aes_cbc;
	EVP_CIPHER *aes_ctr;
	EC_GROUP *p256;
	EC_GROUP *secp256k1;
};

/* Fetched at the first call; crypto_init makes it. */
const struct crypto_alg *crypto_alg(void);
/* Fetched already?  Hashing does not start libcrypto in a program that does without it. */
bool crypto_alg_is_ready(void);

/* A library that fails although its input is right leaves nothing to go on with. */
static inline void
crypto_must(int ok)
{
	if (!ok)
		abort();
}

/* Both libraries declare pointers nonnull, spans of no bytes may have none. */
static inline const uint8_t *
crypto_ptr(struct span s)
{
	static const uint8_t none[1];

	return s.p ? s.p : none;
}

#endif
