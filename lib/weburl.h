/*
 * weburl.h - http and https addresses, taken apart strictly (RFC 3986): what two programs could
 * read differently is refused, never repaired.
 *
 * Printable ASCII that the RFC allows, percent signs with two hex digits, a host of plain labels
 * (or an address), a port of 1..65535 without zeros in front.  Names in other scripts come as
 * punycode.  Nothing is decoded, lowered or put in order.
 */
#ifndef LIB_WEBURL_H
#define LIB_WEBURL_H

#include "lib/span.h"

#define WEBURL_MAX	2048
#define WEBURL_HOST_MAX 253

enum weburl_wrong {
	WEBURL_OK,
	WEBURL_EMPTY,
	WEBURL_LONG,
	WEBURL_CHARACTER, /* space, control, quote, backslash, UTF-8 */
	WEBURL_PERCENT,	  /* a percent sign without two hex digits */
	WEBURL_SCHEME,	  /* neither http:// nor https:// */
	WEBURL_USER,	  /* user or password before the host */
	WEBURL_HOST,	  /* no host, or no such labels; a dot at its end */
	WEBURL_PORT	  /* empty, 0, zeros in front, beyond 65535 */
};

enum weburl_host {
	WEBURL_DOMAIN,
	WEBURL_NUMBER, /* ends in a number: a resolver may take it for an IPv4 address */
	WEBURL_BRACKET /* [IPv6] */
};

/* Spans into what was parsed. */
struct weburl {
	struct span all;
	struct span scheme;    /* in the case it came in */
	struct span authority; /* host and port */
	struct span host;      /* without port; of IPv6 without brackets */
	struct span path;      /* "" or begins with / */
	struct span query;     /* without ? */
	struct span fragment;  /* without # */
	enum weburl_host kind;
	uint16_t port; /* 80 or 443 when it has none */
	bool is_https, has_port, has_query, has_fragment;
};

/* On failure *u is undefined. */
enum weburl_wrong weburl_parse(struct span text, struct weburl *u);
/* What is wrong, for people; "" for WEBURL_OK. */
const char *weburl_text(enum weburl_wrong w);
/* A segment is "." or "..", percent-encoded or not. */
bool weburl_has_dots(struct span path);
/* Does the host name this machine: localhost, below it, 127.0.0.1 or [::1]? */
bool weburl_is_local(const struct weburl *u);
/* Without regard to the case of ASCII letters. */
bool weburl_same(struct span a, const char *b);
/* Does the host end in this, a dot before it: ".onion"? */
bool weburl_ends(struct span host, const char *end);

#endif
