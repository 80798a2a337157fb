/*
 * crypto_modp.h - Diffie-Hellman modulo the 1024-bit prime of RFC 2409 6.2 (group 2, generator 2),
 * and AES-128-CBC with padding: what the Secret Service agrees on with its clients (a part of
 * crypto.h).  A prime of this size protects from nobody who has means; nothing else of ours may
 * use it.
 */
#ifndef LIB_CRYPTO_MODP_H
#define LIB_CRYPTO_MODP_H

#include "lib/crypto.h"

#define CRYPTO_MODP_LEN	    128
#define CRYPTO_MODP_PRIVATE 32 /* twice what the prime is worth */

/* Numbers are big-endian, left-padded with zeros to 128 bytes.  priv: 1..128 bytes. */
void crypto_modp_public(struct span priv, uint8_t pub[CRYPTO_MODP_LEN]);
/* ERR_FORMAT: theirs is empty or longer than 128 bytes; ERR_RANGE: it is not in 2..p-2. */
MUST enum err crypto_modp_shared(
    struct span priv, struct span theirs, uint8_t shared[CRYPTO_MODP_LEN]);

/* AES-128-CBC, PKCS #7 padding.  Sealed: in.len / 16 * 16 + 16 bytes.  ERR_TOOBIG from 1 GiB on. */
MUST enum err crypto_aes128_seal(
    const uint8_t key[16], const uint8_t iv[16], struct span in, uint8_t *out);
/* out: in.len bytes, of which *len are the text.  ERR_FORMAT: the length is no multiple of 16, or
 * zero, or the padding is wrong (out is wiped). */
MUST enum err crypto_aes128_open(
    const uint8_t key[16], const uint8_t iv[16], struct span in, uint8_t *out, size_t *len);

#endif
