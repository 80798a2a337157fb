/*
 * authdata.h - what an authenticator signs (WebAuthn 6.1), taken apart: strictly, by offsets that
 * are checked first.  glewlwyd had three overflows in this parser (CVE-2021-40818, CVE-2022-27240,
 * CVE-2023-49208).
 */
#ifndef OIDC_LOGIN_AUTHDATA_H
#define OIDC_LOGIN_AUTHDATA_H

#include "lib/err.h"
#include "lib/span.h"

#define AUTHDATA_UP 0x01U
#define AUTHDATA_UV 0x04U
#define AUTHDATA_BE 0x08U
#define AUTHDATA_BS 0x10U
#define AUTHDATA_AT 0x40U
#define AUTHDATA_ED 0x80U

#define AUTHDATA_MAX	 8192
#define AUTHDATA_ID_MAX	 1023
#define AUTHDATA_KEY_MAX 1024

struct authdata {
	struct span rp_hash; /* 32 */
	unsigned flags;
	uint32_t count;
	struct span aaguid, id, key; /* with AUTHDATA_AT: 16; 1..1023; COSE_Key */
	struct span extensions;	     /* with AUTHDATA_ED: a CBOR map */
};

/* Spans point into in.  ERR_FORMAT, ERR_TRUNCATED: also for bytes behind the end, BS without BE.
 * Flags without a name (0x02, 0x20) are let be: BE and BS were such flags once, and who refused
 * them locked people out when tokens began to set them. */
MUST enum err authdata_parse(struct span in, struct authdata *out);

/* A public key (RFC 9053 7): the kinds that we take. */
enum cose_kind { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };
struct cose_key {
	enum cose_kind kind;
	struct span x, y; /* ES256: 32, 32; EdDSA (Ed25519): x 32 */
	struct span n, e; /* RS256: 256..512, 3 */
};
/* Deterministic CBOR with exactly the members of its kind.  ERR_FORMAT, ERR_TRUNCATED;
 * ERR_UNSUPPORTED: another algorithm. */
MUST enum err cose_parse(struct span in, struct cose_key *out);
/* ES256: DER, as WebAuthn has it. */
bool cose_verify(const struct cose_key *k, struct span msg, struct span sig);

#endif
