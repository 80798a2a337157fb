/*
 * relative.h - a reference in a document becomes an address (RFC 3986 5.2).
 */
#ifndef OIDC_FETCH_RELATIVE_H
#define OIDC_FETCH_RELATIVE_H

#include "lib/weburl.h"

/* out: WEBURL_MAX + 1 bytes, a string.  White space around the reference is not part of it.  base
 * was taken by weburl_parse.  A reference with a scheme of its own is taken as it stands, whatever
 * scheme that is: who uses it decides.  False: not printable ASCII, or too long; *out = "". */
bool relative_resolve(const struct weburl *base, struct span reference, char *out);

#endif
