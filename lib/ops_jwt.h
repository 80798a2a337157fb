/*
 * ops_jwt.h - tokens of an OpenID Connect provider, signed by the vault (part of ops.h; DESIGN 13).
 *
 * The provider asks; the vault prints header and payload itself (RFC 7515 compact form, RFC 7519)
 * and signs.  `iss` is the account of the identity (format oidc), `sub` is computed here, `iat`
 * and `exp` come from the vault's clock, `kid` is the thumbprint of RFC 7638: none of them is ever
 * in a request.  A token is made only for an audience and an account that the owner has put on the
 * list of that identity.  jwt.allow widens: it needs a fresh factor.
 *
 * Lifetimes: jwt and at+jwt at most JWT_LIFETIME, logout+jwt at most JWT_LIFETIME_LOGOUT seconds;
 * a longer one is ERR_JWT_LIFETIME.  Which claims a type may have is in lib/jwt_claims.h; any
 * other, one of another type, or one twice is ERR_JWT_CLAIM.  Over the rate of its key: ERR_LIMIT.
 */
#ifndef LIB_OPS_JWT_H
#define LIB_OPS_JWT_H

#include "lib/wire.h"

#define JWT_ISSUER_MAX	    255 /* as accounts are */
#define JWT_NAME_MAX	    600 /* of an audience (a client id may be an address) or account */
#define JWT_ACCOUNT_MAX	    255
#define JWT_SECTOR_MAX	    255
#define JWT_CLAIMS	    64	 /* in one token */
#define JWT_TEXT_MAX	    2048 /* bytes of a claim */
#define JWT_TEXTS	    512	 /* in a list of them */
#define JWT_TOKEN_MAX	    (64 * 1024)
#define JWT_LIFETIME	    3600
#define JWT_LIFETIME_LOGOUT 120
#define JWT_RATE	    600	 /* a minute for each key, and at once; policy.set changes it */
#define JWT_NAMES	    1000 /* in one jwt.allow or jwt.forget */
#define JWT_KEYS	    64

enum jwt_alg { JWT_ES256, JWT_EDDSA, JWT_RS256 };
enum jwt_typ {
	JWT_ID_TOKEN,	  /* "JWT" */
	JWT_ACCESS_TOKEN, /* "at+jwt" (RFC 9068) */
	JWT_LOGOUT_TOKEN  /* "logout+jwt" (OpenID Connect Back-Channel Logout 2.4) */
};

/* ---- jwt.sign ---- */
/* Exactly one of the values, of the kind that this claim has. */
struct ops_jwt_claim {
	uint64_t has;
	struct span name;	/* 1 */
	struct span text;	/* 2 */
	uint64_t number;	/* 3 */
	bool truth;		/* 4 */
	struct wire_list texts; /* 5 blobs, UTF-8; of "events": their names */
};
struct ops_jwt_sign {
	uint64_t has;
	struct span issuer;	 /* 1 which identity: its account */
	uint64_t alg;		 /* 2 enum jwt_alg */
	uint64_t typ;		 /* 3 enum jwt_typ */
	struct span audience;	 /* 4 */
	struct span account;	 /* 5 id of the person at the provider; never in the token itself */
	uint64_t lifetime;	 /* 6 seconds */
	struct wire_list claims; /* 7 struct ops_jwt_claim, printed in this order */
};
struct ops_jwt_sign_rep {
	uint64_t has;
	struct span token;   /* 1 */
	uint64_t issued;     /* 2 unix seconds: iat */
	uint64_t expires;    /* 3 exp */
	struct span kid;     /* 4 */
	struct span subject; /* 5 sub */
};
extern const struct wire_map ops_jwt_claim_map, ops_jwt_sign_map, ops_jwt_sign_rep_map;

/* ---- jwt.keys: what belongs into the JWKS; also while locked, as the last unlock showed it */
enum jwt_state {
	JWT_NEXT,    /* published already, signs after the next rotation */
	JWT_CURRENT, /* signs */
	JWT_OLD	     /* does not sign; what it signed may still be good until `until` */
};
struct ops_jwt_key {
	uint64_t has;
	struct span kid; /* 1 43 characters */
	uint64_t alg;	 /* 2 enum jwt_alg */
	uint64_t state;	 /* 3 enum jwt_state */
	struct span jwk; /* 4 JSON: public members, kid, alg, use */
	uint64_t since;	 /* 5 unix seconds: current, old: signs or signed from then on */
	uint64_t until;	 /* 6 old: to be published until then; nothing shows it later */
	uint64_t epoch;	 /* 7 */
};
struct ops_jwt_issuer { /* which identity */
	uint64_t has;
	struct span issuer; /* 1 */
};
struct ops_jwt_keys_rep {
	uint64_t has;
	struct wire_list keys; /* 1 struct ops_jwt_key: current ones first, then next, old */
};
extern const struct wire_map ops_jwt_key_map, ops_jwt_issuer_map, ops_jwt_keys_rep_map;

/* ---- jwt.subject: the `sub` that tokens for this audience have for this account ---- */
struct ops_jwt_subject {
	uint64_t has;
	struct span issuer;   /* 1 */
	struct span audience; /* 2 on the list */
	struct span account;  /* 3 on the list */
};
struct ops_jwt_subject_rep {
	uint64_t has;
	struct span subject; /* 1 32 characters of base64url */
	bool is_public;	     /* 2 the same for every audience that is public */
	struct span sector;  /* 3 pairwise: the same for every audience of this sector */
};
extern const struct wire_map ops_jwt_subject_map, ops_jwt_subject_rep_map;

/* ---- jwt.allow, jwt.list, jwt.forget ---- */
enum jwt_kind { JWT_AUDIENCE, JWT_ACCOUNT };
struct ops_jwt_name {
	uint64_t has;
	uint64_t kind;	    /* 1 enum jwt_kind */
	struct span name;   /* 2 client id or other audience; id of an account at the provider */
	struct span sector; /* 3 audience: host that subjects are pairwise for; absent = its name */
	bool is_public;	    /* 4 audience: subjects are the same everywhere */
	struct span note;   /* 5 for people */
	uint64_t added;	    /* 6 unix seconds; in lists only */
};
/* What is on the list already is changed to this; nothing to change is no error. */
struct ops_jwt_allow {
	uint64_t has;
	struct span issuer;	 /* 1 */
	struct wire_list names;	 /* 2 struct ops_jwt_name */
	uint64_t proof;		 /* 3 way to prove with: ops_way bits; absent = any */
	struct span proof_label; /* 4 */
	bool force;		 /* 5 PIN although few tries are left */
};
struct ops_jwt_allow_rep {
	uint64_t has;
	uint64_t added;	  /* 1 */
	uint64_t changed; /* 2 */
};
struct ops_jwt_page {
	uint64_t has;
	struct span issuer; /* 1 */
	struct span cursor; /* 2 absent = from the start */
	struct span match;  /* 3 substring of name or note */
	uint64_t kind;	    /* 4 enum jwt_kind; absent = both */
};
struct ops_jwt_list_rep {
	uint64_t has;
	struct wire_list names; /* 1 struct ops_jwt_name */
	struct span cursor;	/* 2 absent = that was all */
};
struct ops_jwt_forget {
	uint64_t has;
	struct span issuer;	/* 1 */
	struct wire_list names; /* 2 struct ops_jwt_name: kind and name */
};
struct ops_jwt_forget_rep {
	uint64_t has;
	uint64_t removed; /* 1 the others were not on it */
};
extern const struct wire_map ops_jwt_name_map, ops_jwt_allow_map, ops_jwt_allow_rep_map,
    ops_jwt_page_map, ops_jwt_list_rep_map, ops_jwt_forget_map, ops_jwt_forget_rep_map;

#endif
