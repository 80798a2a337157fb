/*
 * ops_token.h - credentials of other programs on the tokens that are plugged in: a new one, an
 * assertion, a secret (WebAuthn 6.3; CTAP 2.1, 6.1, 6.2, 12.5).  They have nothing to do with the
 * vault: it may be locked, or not be there.  Never for names that begin with "ownkey:", which are
 * the vault's own ways in.
 */
#ifndef LIB_OPS_TOKEN_H
#define LIB_OPS_TOKEN_H

#include "lib/wire.h"

#define OPS_CREDS    64	  /* credential ids in one request */
#define OPS_CRED_MAX 1024 /* length of one */
#define OPS_RP_MAX   255
/* COSE algorithms on the wire: -1 - number */
#define OPS_ALG_ES256 6
#define OPS_ALG_EDDSA 7

struct ops_token_make {
	uint64_t has;
	struct span rp_id;	  /* printable ASCII without blanks; not "ownkey:" */
	struct span user_id;	  /* 1..64 */
	struct span user;	  /* a name for it */
	struct wire_list algs;	  /* OPS_ALG_*, in order of preference; none = ES256, EdDSA */
	struct span cdh;	  /* client data hash, 32 */
	bool uv;		  /* with PIN or fingerprint */
	bool secret;		  /* it shall derive secrets (hmac-secret) */
	bool resident;		  /* in a passkey slot: only for "ssh:" */
	uint64_t protect;	  /* credProtect 1..3; 0 = none, or 2 with secret */
	struct wire_list exclude; /* not on a token that has one of these: EXISTS */
	struct span token;	  /* device path, when several are plugged in */
	bool force;		  /* PIN although few tries are left */
};
struct ops_token_make_rep {
	uint64_t has;
	struct span cred_id;
	int64_t alg;	    /* COSE: -7, -8 */
	struct span pubkey; /* x || y, or the 32 bytes of Ed25519 */
	struct span authdata;
	uint64_t flags; /* those of authdata */
	struct span aaguid;
	struct span fmt;   /* attestation: "packed"; absent = none that could be given */
	struct span sig;   /* over authdata || cdh: by the key, or by cert */
	struct span cert;  /* DER */
	struct span token; /* device path */
	bool software;	   /* a software token: not hardware */
};
extern const struct wire_map ops_token_make_map, ops_token_make_rep_map;

struct ops_token_assert {
	uint64_t has;
	struct span rp_id;
	struct wire_list creds; /* whichever is found first */
	struct span cdh;	/* absent: a fresh challenge is drawn */
	struct span salt;	/* one or two of 32 bytes: secrets wanted */
	bool uv;
	bool silent;	    /* no touch: never with a salt or uv */
	struct span pubkey; /* of the only credential: the agent checks the answer */
	struct span token;
	bool force;
	bool nowait; /* fail at once when no token is there */
};
struct ops_token_assert_rep {
	uint64_t has;
	struct span cred_id;
	struct span authdata;
	struct span sig;
	struct span secret;	 /* 32 for each salt */
	uint64_t flags, counter; /* those of authdata */
	struct span cdh;	 /* what was signed behind authdata */
	struct span token;
	bool checked; /* with pubkey */
};
extern const struct wire_map ops_token_assert_map, ops_token_assert_rep_map;

#endif
