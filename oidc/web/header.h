/*
 * header.h - what stands in headers of requests: credentials, cookies, media types, languages.
 * Parsers of hostile bytes; nothing here allocates but into the caller's buf.
 */
#ifndef OIDC_WEB_HEADER_H
#define OIDC_WEB_HEADER_H

#include "lib/buf.h"

enum header_auth {
	HEADER_AUTH_NONE,
	HEADER_AUTH_BASIC,  /* id, secret: form-urldecoded after base64 (RFC 6749 2.3.1) */
	HEADER_AUTH_BEARER, /* token (RFC 6750 2.1) */
	HEADER_AUTH_OTHER   /* another scheme */
};

struct header_credentials {
	enum header_auth kind;
	struct span id, secret; /* in text */
	struct span token;	/* in the header's value */
	struct buf text;	/* wiped when it is freed */
};

/* The value of one Authorization header.  ERR_FORMAT: it is malformed. */
MUST enum err header_authorization(struct span value, struct header_credentials *out);
void header_credentials_done(struct header_credentials *c);
/* The value of one cookie (RFC 6265 5.4 as browsers send it); false: it is not there, there
 * twice, or the header is malformed. */
bool header_cookie(struct span value, const char *name, struct span *out);
/* Is it this media type, whatever its parameters?  charset, if there is one, must be utf-8. */
bool header_is_type(struct span value, const char *type);
/* Accept-Language, or the space-separated list of ui_locales: the best of these (NULL-ended, first
 * = default).  Never fails: what cannot be read counts for nothing. */
const char *header_language(struct span value, const char *const *have);
/* NULL: none of them. */
const char *header_locales(struct span value, const char *const *have);
/* The first address of X-Forwarded-For from the right that is none of the trusted, as text; false:
 * there is none, or something that is no address stands before it. */
bool header_forwarded_for(
    struct span value, bool (*trusted)(void *arg, const char *address), void *arg, char out[64]);

#endif
