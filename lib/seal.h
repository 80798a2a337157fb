/*
 * seal.h - kdf() and seal() of DESIGN 4: the one AEAD of the project, key- and context-committing.
 */
#ifndef LIB_SEAL_H
#define LIB_SEAL_H

#include "lib/sec.h"
#include "lib/buf.h"

#define SEAL_OVERHEAD 80 /* nonce 32, commitment 32, tag 16 */

/* kdf(K,label,ctx,L) = HKDF-Expand-SHA512(K, "ownkey1" || lp(label) || lp(ctx) || u16be(L), L).
 * key: 32 or 64 bytes; len <= 512. */
void seal_kdf(struct span key, const char *label, struct span ctx, uint8_t *out, size_t len);
/* The same into the arena; *out must be empty. */
MUST enum err seal_kdf_sec(
    struct span key, const char *label, struct span ctx, size_t len, struct sec *out);
/* Append the box (pt.len + SEAL_OVERHEAD) to out. */
MUST enum err seal_box(
    struct span key, const char *label, struct span ad, struct span pt, struct buf *out);
/* The same with a given nonce, into pt.len + SEAL_OVERHEAD bytes: known answers only. */
struct seal_known {
	struct span key;
	const char *label;
	struct span ad;
	const uint8_t *nonce; /* 32 bytes */
};
MUST enum err seal_box_known(const struct seal_known *k, struct span pt, uint8_t *out);
/* Open a box into out (box.len - SEAL_OVERHEAD bytes).  ERR_VAULT_KEY when the commitment differs
 * (wrong key or context), ERR_VAULT_DAMAGED when the tag does, ERR_TRUNCATED when too short. */
MUST enum err seal_open(
    struct span key, const char *label, struct span ad, struct span box, uint8_t *out);
/* The same into the arena; *out must be empty. */
MUST enum err seal_open_sec(
    struct span key, const char *label, struct span ad, struct span box, struct sec *out);

#endif
