/*
 * ident.h - identities and stanzas that the plugin knows: ours, and those of two other plugins, so
 * that their users can come over (age-plugin-fido2-hmac, specification v2; age-plugin-fido2prf).
 */
#ifndef CLI_AGE_IDENT_H
#define CLI_AGE_IDENT_H

#include "cli/age/stanza.h"

#define IDENT_CREDS  1023 /* bytes of a credential id, as tokens bound it */
#define IDENT_NONCE  16
#define IDENT_RP     "age-encryption.org" /* of age-plugin-fido2-hmac */
#define IDENT_PREFIX "age-plugin-"

enum ident_kind {
	IDENT_ANY,   /* every age identity of the vault */
	IDENT_LABEL, /* one of them */
	IDENT_HMAC,  /* of age-plugin-fido2-hmac; without a credential: those of the stanzas */
	IDENT_PRF    /* of age-plugin-fido2prf */
};

struct ident {
	enum ident_kind kind;
	struct span label;
	struct span rp; /* name of the relying party */
	struct span cred;
	uint8_t salt[32]; /* HMAC */
	bool pin;	  /* HMAC: PIN or fingerprint wanted; PRF: always */
	struct buf mem;	  /* what the spans point into */
};

/* ERR_AGE_IDENTITY: none of these, or malformed; ERR_VERSION: of a later version. */
MUST enum err ident_parse(struct span text, struct ident *id);
void ident_done(struct ident *id);

enum wrapped_kind { WRAPPED_X25519, WRAPPED_HMAC, WRAPPED_PRF };

/* A wrapped file key. */
struct wrapped {
	enum wrapped_kind kind;
	size_t file;		    /* index in the order of files */
	unsigned at;		    /* index within the file, unknown ones counted */
	uint8_t share[32];	    /* X25519, HMAC */
	uint8_t body[32];	    /* what ChaCha20-Poly1305 wrote */
	uint8_t salt[32];	    /* HMAC */
	uint8_t nonce[IDENT_NONCE]; /* PRF */
	bool pin;		    /* HMAC */
	struct buf cred;	    /* HMAC */
};

/* arg: the stanza of the file's header, its type first.  *known = false: of a type that is not ours
 * to read, nothing is in *w.  ERR_AGE_STANZA: ours and malformed. */
MUST enum err wrapped_parse(
    const struct span *arg, size_t nargs, struct span body, struct wrapped *w, bool *known);

#endif
