/*
 * uri.h - addresses that a browser is sent back to: which may be registered, and whether one that
 * a request brings is registered.
 *
 * A request's address is compared byte by byte with those of the client (OpenID Connect Core
 * 3.1.2.1, RFC 9700 4.1.3): nothing is decoded, lowered or put in order first, since what two
 * programs normalise differently is how others got in.  The one exception is RFC 8252 7.3: an
 * application's "http://127.0.0.1/path" and "http://[::1]/path" match with any port.
 */
#ifndef OIDC_OP_URI_H
#define OIDC_OP_URI_H

#include "lib/buf.h"

#define URI_MAX 2048

enum uri_kind {
	URI_BAD,
	URI_HTTPS,
	URI_LOOPBACK, /* http to 127.0.0.1, [::1] or localhost */
	URI_PRIVATE   /* a scheme of an application's own: "org.example.app:/back" (RFC 8252 7.1) */
};

/* What may be registered at all: absolute, printable ASCII without space, quotes, <>, backslash;
 * percent signs with two hex digits; no fragment, no user, a host of plain letters, digits, dots
 * and hyphens (or an address), a port 1..65535, no "." or ".." segments.  A scheme of an
 * application's own has a dot in it, so that javascript: and data: are none. */
enum uri_kind uri_kind(struct span uri);
/* May this client have it?  application: one on the person's machine (DB_NATIVE); others may have
 * https, and loopback for trying out when `local`. */
bool uri_may(struct span uri, bool application, bool local);
/* Is it one of these (one a line)? */
bool uri_is_listed(struct span lines, struct span uri, bool application);
/* "https://host:port" of a https or loopback address, for Content-Security-Policy; empty else. */
struct span uri_origin(struct span uri);
/* Host without port, for the sector of pairwise subjects (Core 8.1); empty when it has none. */
struct span uri_host(struct span uri);
/* The address and parameters behind it: "?" or "&", then what is in query (encoded already). */
void uri_put_query(struct buf *out, struct span uri, struct span query);

#endif
