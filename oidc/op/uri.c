#include "oidc/op/uri.h"

/* ---- characters (RFC 3986 2) ---- */
static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool
is_in(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

static bool
chars_ok(struct span u)
{
	for (size_t i = 0; i < u.len; i++) {
		if (u.p[i] == '%') {
			if (u.len - i < 3 || !is_hex(u.p[i + 1]) || !is_hex(u.p[i + 2]))
				return false;
		} else if (!is_alnum(u.p[i]) && !is_in(u.p[i], "-._~:/?[]@!$&'()*+,;="))
			return false;
	}
	return true;
}

static bool
begins(struct span u, const char *s)
{
	return span_eq(span_sub(u, 0, strlen(s)), span_str(s));
}

/* From at to the first of set, or the end. */
static struct span
until(struct span u, size_t at, const char *set)
{
	size_t n = at;

	while (n < u.len && !is_in(u.p[n], set))
		n++;
	return SPAN(u.p + at, n - at);
}

/* ---- parts ---- */
/* Behind "://", up to path or query. */
static struct span
authority(struct span u)
{
	size_t at = begins(u, "https://") ? 8 : begins(u, "http://") ? 7 : 0;

	return at ? until(u, at, "/?") : SPAN_NONE;
}

static struct span
path(struct span u)
{
	struct span a = authority(u);

	return until(u, (size_t)(a.p - u.p) + a.len, "?");
}

struct span
uri_host(struct span u)
{
	struct span a = authority(u);

	if (a.len && a.p[0] == '[') {
		struct span in = until(a, 0, "]");

		return span_sub(a, 0, in.len + 1);
	}
	return a.len ? until(a, 0, ":") : SPAN_NONE;
}

static bool
port_ok(struct span p)
{
	unsigned n = 0;

	if (!p.len)
		return true;
	if (p.p[0] != ':' || p.len < 2 || p.len > 6)
		return false;
	for (size_t i = 1; i < p.len; i++) {
		if (p.p[i] < '0' || p.p[i] > '9')
			return false;
		n = n * 10 + p.p[i] - '0';
	}
	return n > 0 && n < 65536 && p.p[1] != '0';
}

/* Lower-case names only: a browser lowers them, and then nothing would match. */
static bool
host_ok(struct span h)
{
	if (span_is(h, "[::1]"))
		return true;
	if (!h.len || h.len > 253 || is_in(h.p[0], ".-") || is_in(h.p[h.len - 1], ".-"))
		return false;
	for (size_t i = 0; i < h.len; i++) {
		if (!is_in(h.p[i], "0123456789abcdefghijklmnopqrstuvwxyz.-"))
			return false;
		if (h.p[i] == '.' && h.p[i - 1] == '.')
			return false;
	}
	return true;
}

static bool
is_dots(struct span segment)
{
	size_t n = 0;

	/* "%2e" is a dot to a browser */
	while (segment.len) {
		size_t step = segment.p[0] == '.' ? 1
		    : segment.len >= 3 && segment.p[0] == '%' && segment.p[1] == '2' &&
			(segment.p[2] | 0x20) == 'e'
		    ? 3
		    : 0;

		if (!step)
			return false;
		segment = SPAN(segment.p + step, segment.len - step);
		n++;
	}
	return n == 1 || n == 2;
}

static bool
path_ok(struct span p)
{
	size_t at = 0;

	while (at < p.len) {
		struct span segment = until(p, at + 1, "/");

		if (is_dots(segment))
			return false;
		at += 1 + segment.len;
	}
	return true;
}

/* ---- kinds ---- */
static enum uri_kind
web_kind(struct span u, enum uri_kind kind)
{
	struct span a = authority(u), h = uri_host(u);
	bool ours = span_is(h, "127.0.0.1") || span_is(h, "[::1]") || span_is(h, "localhost");

	if (!host_ok(h) || !port_ok(SPAN(h.p + h.len, a.len - h.len)) || !path_ok(path(u)))
		return URI_BAD;
	if (kind == URI_HTTPS)
		return span_is(h, "[::1]") ? URI_BAD : URI_HTTPS;
	return ours ? URI_LOOPBACK : URI_BAD;
}

/* "org.example.app:/path": a dot in the scheme, and no host (RFC 8252 7.1). */
static enum uri_kind
private_kind(struct span u)
{
	struct span scheme = until(u, 0, ":");
	bool dot = false;

	for (size_t i = 0; i < scheme.len; i++) {
		if (!is_in(scheme.p[i], "0123456789abcdefghijklmnopqrstuvwxyz.-+"))
			return URI_BAD;
		dot = dot || (i && scheme.p[i] == '.');
	}
	if (!dot || scheme.len + 2 > u.len || (scheme.p[0] >= '0' && scheme.p[0] <= '9'))
		return URI_BAD;
	return u.p[scheme.len + 1] == '/' &&
		!begins(SPAN(u.p + scheme.len, u.len - scheme.len), "://")
	    ? URI_PRIVATE
	    : URI_BAD;
}

enum uri_kind
uri_kind(struct span u)
{
	if (!u.len || u.len > URI_MAX || !chars_ok(u))
		return URI_BAD;
	if (begins(u, "https://"))
		return web_kind(u, URI_HTTPS);
	if (begins(u, "http://"))
		return web_kind(u, URI_LOOPBACK);
	return private_kind(u);
}

bool
uri_may(struct span u, bool application, bool local)
{
	enum uri_kind k = uri_kind(u);

	return k == URI_HTTPS || (k == URI_LOOPBACK && (application || local)) ||
	    (k == URI_PRIVATE && application);
}

/* ---- comparing ---- */
/* http://127.0.0.1 or http://[::1], any port, then the same to the last byte. */
static bool
same_but_port(struct span a, struct span b)
{
	struct span ha = uri_host(a), hb = uri_host(b), aa = authority(a), ab = authority(b);
	size_t ta = (size_t)(aa.p - a.p) + aa.len, tb = (size_t)(ab.p - b.p) + ab.len;

	if (!span_is(ha, "127.0.0.1") && !span_is(ha, "[::1]"))
		return false;
	return span_eq(ha, hb) && begins(a, "http://") && begins(b, "http://") &&
	    span_eq(SPAN(a.p + ta, a.len - ta), SPAN(b.p + tb, b.len - tb));
}

bool
uri_is_listed(struct span lines, struct span u, bool application)
{
	bool loopback = application && uri_kind(u) == URI_LOOPBACK;

	while (lines.len) {
		struct span line = until(lines, 0, "\n");
		size_t n = line.len < lines.len ? line.len + 1 : line.len;

		if (line.len && (span_eq(line, u) || (loopback && same_but_port(line, u))))
			return true;
		lines = SPAN(lines.p + n, lines.len - n);
	}
	return false;
}

/* ---- for responses ---- */
struct span
uri_origin(struct span u)
{
	struct span a = authority(u);

	return a.len ? SPAN(u.p, (size_t)(a.p - u.p) + a.len) : SPAN_NONE;
}

void
uri_put_query(struct buf *out, struct span u, struct span query)
{
	buf_put_span(out, u);
	buf_put_u8(out, memchr(u.p, '?', u.len) ? '&' : '?');
	buf_put_span(out, query);
}
