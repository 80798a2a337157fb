/*
 * ops_secrets.h - what is asked of secrets besides their value (part of ops.h).
 */
#ifndef LIB_OPS_SECRETS_H
#define LIB_OPS_SECRETS_H

#include "lib/wire.h"

#define OPS_SECRET_ATTRS 64 /* of one secret */
#define OPS_SEARCH_ATTRS 8  /* that a search may ask for */

/* What is known of a secret; its value stays where it is. */
struct ops_secret_show_rep {
	uint64_t has;
	struct wire_list item;	     /* one ops_item */
	struct wire_list attributes; /* ops_pair */
};
/* A one-time code (lib/otp.h); its seed stays in the vault. */
struct ops_secret_code_rep {
	uint64_t has;
	struct span code;
	uint64_t left;	 /* seconds until the next one */
	uint64_t period; /* seconds */
};
struct ops_secret_generate {
	uint64_t has;
	struct span label;
	uint64_t alphabet; /* enum password_alphabet of lib/password.h */
	uint64_t length;   /* characters, or words; 0 = as many as are usual */
	uint64_t use;
	bool replace;
	struct wire_list attributes; /* ops_pair; none: an older one keeps its own */
};
extern const struct wire_map ops_secret_show_rep_map, ops_secret_code_rep_map,
    ops_secret_generate_map;

#endif
