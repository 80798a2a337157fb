/*
 * ceremony.h - what WebAuthn calls a ceremony: we draw a challenge, the page has the token sign it,
 * and the answer comes back in a form.  A challenge is used once, within five minutes, in the
 * browser it was drawn for, and for what it was drawn for.
 */
#ifndef OIDC_LOGIN_CEREMONY_H
#define OIDC_LOGIN_CEREMONY_H

#include "oidc/db/db.h"
#include "oidc/login/webauthn.h"
#include "oidc/web/web.h"

#define CEREMONY_LIFE (5 * 60 * 1000)
#define CEREMONY_GO   44 /* name of what waits for the login (op/waiting.h), with NUL */
#define CEREMONY_TEXT 44 /* a challenge as text, with NUL */

enum ceremony_kind { CEREMONY_LOGIN, CEREMONY_REGISTER };

struct ceremony {
	enum ceremony_kind kind;
	bool named; /* login: a name was given, whose account it is (zero: nobody's) */
	uint8_t account[DB_ID];
	bool invited; /* registration: by this invitation, not by who is logged in */
	uint8_t invite[DB_HASH];
	char go[CEREMONY_GO];
	/* ceremony_begin sets these */
	uint8_t challenge[WEBAUTHN_CHALLENGE];
	uint8_t browser[32];
};

struct memo;
struct memo *ceremony_table(void);
MUST enum err ceremony_begin(struct web_request *q, struct web_response *a, struct ceremony *c,
    char challenge[CEREMONY_TEXT]);
/* The one that the form's "challenge" names, which is used up.  false: there is none of this kind
 * for this browser (any more). */
bool ceremony_take(struct web_request *q, enum ceremony_kind kind, struct ceremony *out);

/* Whom tokens sign for: of the issuer. */
struct relying {
	char origin[512], id[256]; /* "https://id.example:8443", "id.example" */
};
void relying_of(const char *issuer, struct relying *out);

/* Fields of the form, base64url: decoded into keep.  ERR_FORMAT, ERR_NOMEM. */
struct ceremony_field {
	const char *name;
	size_t most;
	struct span *to;
};
MUST enum err ceremony_read(
    const struct form *f, const struct ceremony_field *field, size_t n, struct buf *keep);

/* The end of one that failed: why (English, of the table of say.h), and a way to begin again. */
void ceremony_failed(
    struct web_request *q, struct web_response *a, const char *text, const char *path);
/* <form> with what its script says, by act "get" or "create"; more attributes, and ">", follow. */
void ceremony_put_form(
    struct web_request *q, struct web_response *a, const char *path, const char *act);
/* What the page shows while the token is asked, and the way back: path, with what waits ("":
 * nothing). */
void ceremony_put_status(
    struct web_request *q, struct web_response *a, const char *path, const char *go);

#endif
