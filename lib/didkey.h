/*
 * didkey.h - did:key names of Ed25519 public keys: "did:key:z" and base58btc of the multicodec
 * prefix ed 01 and the key.  (W3C CCG, "The did:key Method", 3.1.)
 */
#ifndef LIB_DIDKEY_H
#define LIB_DIDKEY_H

#include "lib/err.h"
#include "lib/span.h"

#define DIDKEY_TEXT 64 /* did:key:z6Mk..., 56 characters, and a NUL */

void didkey_print(const uint8_t pub[32], char out[DIDKEY_TEXT]);
/* ERR_FORMAT, or ERR_UNSUPPORTED for a key of another kind. */
MUST enum err didkey_parse(struct span text, uint8_t pub[32]);

#endif
