/*
 * crypto_verify.h - signatures of JOSE (RFC 7518): checked, with public keys as JWK has them.
 */
#ifndef LIB_CRYPTO_VERIFY_H
#define LIB_CRYPTO_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/span.h"

/* RS256: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2.2).  n of 2048 to 4096 bits, e 65537; other
 * keys verify nothing. */
bool crypto_rs256_verify(struct span n, struct span e, struct span msg, struct span sig);
/* ES256: pub x || y (64), sig r || s (64), both in 1..n-1 (RFC 7518 3.4). */
bool crypto_es256_verify(const uint8_t pub[64], struct span msg, struct span sig);

#endif
