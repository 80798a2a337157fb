/*
 * ops_agree.h - agreeing on a key with somebody's public key (RFC 7748, RFC 5869).  Typed: what
 * comes out is derived for what the request says; the bare shared secret only where the policy of
 * the key says raw.
 */
#ifndef LIB_OPS_AGREE_H
#define LIB_OPS_AGREE_H

#include "lib/wire.h"

enum ops_agree_type {
	OPS_AGREE_X25519_HKDF_SHA256, /* HKDF-SHA256(X25519(own, peer), salt, info) */
	OPS_AGREE_RAW
};

struct ops_agree {
	uint64_t has;
	struct span label;
	uint64_t type;
	struct span peer; /* 32: X25519 public key; one that gives zero is refused: RANGE */
	struct span salt; /* 0..64 */
	struct span info; /* 0..255 */
	uint64_t length;  /* 16..64; absent = 32 */
};
struct ops_agree_rep {
	uint64_t has;
	struct span key;
	struct span public_key; /* own */
};
extern const struct wire_map ops_agree_map, ops_agree_rep_map;

#endif
