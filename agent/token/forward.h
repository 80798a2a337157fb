/*
 * forward.h - what a forwarded token does, and nothing else (DESIGN 7): getInfo, key agreement,
 * PIN tries left, and assertions for "ownkey:".
 *
 * What passes is taken apart and put together again from the parts that are known: no byte that was
 * not understood reaches the token.  The PIN stays at home, so the other side is shown a token that
 * verifies its person by itself ("uv"), without a PIN.
 */
#ifndef AGENT_TOKEN_FORWARD_H
#define AGENT_TOKEN_FORWARD_H

#include "lib/buf.h"

#define FORWARD_CREDS	64
#define FORWARD_CRED_ID 1024
#define FORWARD_RP	"ownkey:"

enum forward_status { /* CTAP 2.1, 8.2 */
	FORWARD_OK = 0x00,
	FORWARD_BAD_CBOR = 0x12,
	FORWARD_MISSING = 0x14,
	FORWARD_DENIED = 0x27,
	FORWARD_BAD_OPTION = 0x2b,
	FORWARD_NO_CREDS = 0x2e,
	FORWARD_NOT_ALLOWED = 0x30,
	FORWARD_PIN_INVALID = 0x31,
	FORWARD_PIN_BLOCKED = 0x32,
	FORWARD_PIN_AUTH = 0x33,
	FORWARD_PIN_REPLUG = 0x34,
	FORWARD_PIN_REQUIRED = 0x36,
	FORWARD_UV_BLOCKED = 0x3c,
	FORWARD_UV_INVALID = 0x3f,
	FORWARD_OTHER = 0x7f
};

enum forward_kind {
	FORWARD_REFUSED,
	FORWARD_INFO,
	FORWARD_RETRIES,
	FORWARD_AGREE,
	FORWARD_ASSERT,
	FORWARD_NEXT
};

/* One request; spans borrow from it. */
struct forward {
	enum forward_kind kind;
	uint8_t status;	  /* REFUSED: the answer */
	const char *what; /* REFUSED: for people: "asked to make a credential" */
	uint64_t proto;	  /* AGREE */
	/* ASSERT */
	struct span rp_id, cdh;
	struct span cred[FORWARD_CREDS];
	size_t ncreds;
	bool up, uv, secret;
	struct span x, y, salt_enc, salt_auth; /* the extension hmac-secret */
	uint64_t secret_proto;		       /* 0 = not said */
};

/* Never fails: what is not understood, or not allowed, is REFUSED. */
void forward_parse(struct span request, struct forward *f);

/* The assertion as the token gets it: uv is asked of it, or there is a pinUvAuthParam. */
struct forward_auth {
	bool uv;
	struct span param;
	uint64_t proto;
};
MUST enum err forward_put_assert(
    const struct forward *f, const struct forward_auth *auth, struct buf *out);

/* What the token says of itself. */
struct forward_info {
	uint8_t aaguid[16];
	bool fido21, hmac_secret;
	bool pin_set, uv, always_uv, uv_token; /* uv_token: pinUvAuthToken */
	uint64_t proto[2];
	size_t nprotos;
	uint64_t max_msg, max_creds, max_cred_id; /* 0 = not said */
};
/* Without the status byte.  ERR_LIE_FORMAT. */
MUST enum err forward_parse_info(struct span cbor, struct forward_info *i);
/* Status byte and what the other side is shown. */
void forward_put_info(const struct forward_info *i, struct buf *out);

/* Of the token's answer to an assertion (no status byte): the credential, empty when it does not
 * say, and how many statements there are.  ERR_LIE_FORMAT. */
MUST enum err forward_parse_answer(struct span cbor, struct span *cred, uint64_t *count);

#endif
