/*
 * approval.h - what a terminal and a provider say to each other when somebody logs in, or registers
 * a token, without a browser that can talk to tokens (DESIGN 13).
 *
 * Each is a message of wire.h: over HTTP as it is (application/cbor), or pasted as a block
 * (textblock.h), which has in front of the message the first 4 bytes of its SHA-256: whatever was
 * lost or bent on the way is noticed, nothing more.
 *
 *	terminal                      provider
 *	approval_want (code)      ->
 *	                          <-  approval_ask: who wants what, the challenge
 *	approval_answer           ->  as a browser's answer would be judged (oidc/login/login.h)
 *	                          <-  approval_said
 */
#ifndef LIB_APPROVAL_H
#define LIB_APPROVAL_H

#include "lib/weburl.h"
#include "lib/wire.h"

#define APPROVAL_TYPE	   "application/cbor"
#define APPROVAL_CODE	   8  /* letters, 5 bits each */
#define APPROVAL_CODE_TEXT 10 /* "ABCD-EFGH", with NUL */
#define APPROVAL_CHALLENGE 32
#define APPROVAL_LIFE	   300	       /* seconds */
#define APPROVAL_MAX	   (16 * 1024) /* a message */
#define APPROVAL_CREDS	   16	       /* credentials in one */
#define APPROVAL_LABEL	   64
#define APPROVAL_JSON_MAX  1024 /* clientDataJSON of ours */

/* Below the issuer. */
#define APPROVAL_PATH_ASK    "/login/terminal/ask"
#define APPROVAL_PATH_ANSWER "/login/terminal/answer"

enum approval_kind { APPROVAL_LOGIN, APPROVAL_REGISTER };

struct approval_want {
	uint64_t has;
	struct span code;   /* of the page; or */
	struct span invite; /* an invitation */
};
extern const struct wire_map approval_want_map;

struct approval_ask {
	uint64_t has;
	uint64_t kind; /* enum approval_kind */
	struct span issuer;
	struct span code;
	struct span challenge;
	uint64_t seconds;	/* that it is good for still */
	struct span name;	/* what the provider calls itself */
	struct wire_list creds; /* login: one of these; register: on none of these */
	/* login */
	struct span site;    /* who wants to know who the person is; absent: the provider itself */
	struct span host;    /* where that leads back to */
	struct span address; /* of the browser; absent: not known */
	struct span number;  /* that the page shows, too */
	/* register */
	struct span user_id, user;
};
extern const struct wire_map approval_ask_map;

struct approval_answer {
	uint64_t has;
	struct span code;
	bool denied; /* and nothing else then */
	struct span client_data;
	/* login */
	struct span id, authdata, signature;
	/* register */
	struct span object, label;
};
extern const struct wire_map approval_answer_map;

struct approval_said {
	uint64_t has;
	struct span text; /* for the person; absent: it is done */
};
extern const struct wire_map approval_said_map;

/* ---- codes: Crockford's base 32, which has no I, L, O, U; read as they sound ---- */
void approval_code_make(char out[APPROVAL_CODE + 1]);
/* "abcd efgh" -> "ABCDEFGH"; O is 0, I and L are 1.  ERR_FORMAT. */
MUST enum err approval_code_read(struct span text, char out[APPROVAL_CODE + 1]);
void approval_code_show(const char code[APPROVAL_CODE + 1], char out[APPROVAL_CODE_TEXT]);

/* ---- blocks ---- */
#define APPROVAL_BLOCK_ASK    "LOGIN REQUEST"
#define APPROVAL_BLOCK_ANSWER "LOGIN ANSWER"
/* Errors stick in out. */
void approval_block_put(const char *kind, struct span message, struct buf *out);
/* The message that a block of this kind in text holds, appended.  ERR_APPROVE_BLOCK: there is none,
 * or it is not whole; ERR_NOMEM. */
MUST enum err approval_block_get(const char *kind, struct span text, struct buf *message);

/* ---- whom a token signs for ---- */
/* Spans into the address of the provider: "https://id.example:8443", "id.example". */
struct approval_party {
	struct span issuer; /* without a slash at its end */
	struct span origin;
	struct span rp_id;
	bool is_https;
};
/* https with a host that has a name, or http to this machine; no query, fragment or capitals.
 * ERR_APPROVE_PLACE. */
MUST enum err approval_party_of(struct span address, struct approval_party *out);
/* clientDataJSON (WebAuthn 5.8.1) as a browser at that origin writes it.  Errors stick in out. */
void approval_client_data(enum approval_kind kind, const struct approval_party *p,
    struct span challenge, struct buf *out);
/* {"fmt": "none", "attStmt": {}, "authData": authdata} (6.5.4).  Errors stick in out. */
void approval_object(struct span authdata, struct buf *out);

#endif
