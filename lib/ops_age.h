/*
 * ops_age.h - opening files that were encrypted to an identity of the vault (part of ops.h).
 */
#ifndef LIB_OPS_AGE_H
#define LIB_OPS_AGE_H

#include "lib/wire.h"

#define OPS_STANZAS 1024 /* in one request: those of many files */

/* What is decrypted: one type a request. */
enum ops_decrypt_type { OPS_DECRYPT_AGE };

/* An X25519 stanza of an age header (C2SP age.md). */
struct ops_age_stanza {
	uint64_t has;
	struct span share; /* 32: ephemeral share */
	struct span body;  /* 32: the file key, wrapped */
};
struct ops_decrypt {
	uint64_t has;
	uint64_t type;	   /* enum ops_decrypt_type */
	struct span label; /* path or id of an age identity; absent = all of the vault */
	struct wire_list stanzas;
};
struct ops_file_key {
	uint64_t has;
	uint64_t stanza; /* which, from 0 */
	struct span key; /* 16 */
	struct span label;
};
struct ops_decrypt_rep {
	uint64_t has;
	struct wire_list keys; /* ops_file_key, in the order of the stanzas */
};
extern const struct wire_map ops_age_stanza_map, ops_decrypt_map, ops_file_key_map,
    ops_decrypt_rep_map;

#endif
