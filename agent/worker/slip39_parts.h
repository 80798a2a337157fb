/*
 * slip39_parts.h - what slip39_combine.c and slip39_split.c share.
 */
#ifndef WORKER_SLIP39_PARTS_H
#define WORKER_SLIP39_PARTS_H

#include "agent/worker/gf256.h"
#include "agent/worker/slip39.h"

#define SLIP39_X_DIGEST 254
#define SLIP39_X_SECRET 255
#define SLIP39_DIGEST	4

/* "Digest": the first bytes of HMAC-SHA256(key = noise, secret). */
void slip39_digest(struct span noise, struct span secret, uint8_t digest[SLIP39_DIGEST]);
/* "Encryption of the master secret", in place and back; how: id, extendable, exponent and len. */
void slip39_encrypt(const struct slip39_share *how, struct span passphrase, uint8_t *secret);
void slip39_decrypt(const struct slip39_share *how, struct span passphrase, uint8_t *secret);

#endif
