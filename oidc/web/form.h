/*
 * form.h - application/x-www-form-urlencoded (WHATWG URL 5.1), as bodies and as queries: strict.
 *
 * Refused as a whole (ERR_FORMAT): a percent sign without two hex digits, NUL, what is not UTF-8,
 * a name that is empty; ERR_LIMIT: more than FORM_FIELDS fields, a name over FORM_NAME bytes.
 * "+" is a space. Names are compared as bytes; "a[]" is a name like any other.
 */
#ifndef OIDC_WEB_FORM_H
#define OIDC_WEB_FORM_H

#include "lib/buf.h"

#define FORM_FIELDS 100
#define FORM_NAME   128

struct form_field {
	struct span name, value; /* in form.text; a value without "=" is empty */
};

struct form {
	struct buf text; /* decoded; wiped when it is freed */
	size_t n;
	struct form_field *at;
};

enum form_got {
	FORM_ABSENT, /* or without a value, which is the same (RFC 6749 3.1) */
	FORM_ONE,
	FORM_TWICE /* more than once; *value is the first */
};

/* f: zeroed. */
MUST enum err form_parse(struct span in, struct form *f);
void form_done(struct form *f);
/* *value (may be NULL) is empty unless FORM_ONE or FORM_TWICE. */
enum form_got form_get(const struct form *f, const char *name, struct span *value);
/* The value if it is there exactly once, else the empty span. */
struct span form_value(const struct form *f, const char *name);
/* Some name stands there more than once, but for those listed (NULL-ended, may be NULL), which may
 * be repeated (RFC 8707: resource); *name gets it. */
bool form_repeats(const struct form *f, const char *const *may, struct span *name);
/* One value in the same encoding, appended. */
void form_put(struct buf *out, const char *name, struct span value); /* "&" in front if needed */
void form_encode(struct span in, struct buf *out);
/* The same decoding of one value (RFC 6749 2.3.1: client id and secret in Basic), appended. */
MUST enum err form_decode(struct span in, struct buf *out);

#endif
