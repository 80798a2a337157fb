/* weburl.c - http and https addresses, taken apart strictly. */
#include "lib/weburl.h"

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* RFC 3986 2.2, 2.3, and the percent sign. */
static bool
is_allowed(uint8_t c)
{
	return is_letter(c) || is_digit(c) || (c && strchr("-._~:/?#[]@!$&'()*+,;=%", c));
}

static struct span
from(struct span s, size_t at)
{
	return SPAN(s.p + at, s.len - at);
}

/* Where one of these is, or the end. */
static size_t
find(struct span s, const char *any)
{
	size_t i = 0;

	while (i < s.len && !strchr(any, s.p[i]))
		i++;
	return i;
}

static enum weburl_wrong
check_characters(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_allowed(s.p[i]))
			return WEBURL_CHARACTER;
		if (s.p[i] == '%' && (s.len - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])))
			return WEBURL_PERCENT;
	}
	return WEBURL_OK;
}

bool
weburl_same(struct span a, const char *b)
{
	if (strlen(b) != a.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		uint8_t x = a.p[i], y = (uint8_t)b[i];

		if ((is_letter(x) ? x | 0x20 : x) != (is_letter(y) ? y | 0x20 : y))
			return false;
	}
	return true;
}

bool
weburl_ends(struct span host, const char *end)
{
	size_t n = strlen(end);

	return host.len > n && weburl_same(from(host, host.len - n), end);
}

static bool
is_label(struct span s)
{
	if (!s.len || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* WHATWG URL 3.5, "ends in a number": what inet_aton would take is no name. */
static bool
is_number(struct span label)
{
	size_t i = 0;

	if (label.len >= 2 && label.p[0] == '0' && (label.p[1] | 0x20) == 'x')
		return true;
	while (i < label.len && is_digit(label.p[i]))
		i++;
	return i == label.len;
}

static enum weburl_wrong
take_name(struct weburl *u)
{
	struct span rest = u->host, label = SPAN_NONE;

	if (!rest.len || rest.len > WEBURL_HOST_MAX)
		return WEBURL_HOST;
	for (;;) {
		size_t n = find(rest, ".");

		label = SPAN(rest.p, n);
		if (!is_label(label))
			return WEBURL_HOST;
		if (n == rest.len)
			break;
		rest = from(rest, n + 1);
	}
	u->kind = is_number(label) ? WEBURL_NUMBER : WEBURL_DOMAIN;
	return WEBURL_OK;
}

static enum weburl_wrong
take_bracket(struct weburl *u, size_t end)
{
	u->host = SPAN(u->authority.p + 1, end - 1);
	u->kind = WEBURL_BRACKET;
	if (u->host.len < 2)
		return WEBURL_HOST;
	/* no zone (%eth0), nothing that the resolver of another program would read otherwise */
	for (size_t i = 0; i < u->host.len; i++)
		if (!is_hex(u->host.p[i]) && u->host.p[i] != ':' && u->host.p[i] != '.')
			return WEBURL_HOST;
	return WEBURL_OK;
}

static enum weburl_wrong
take_port(struct weburl *u, struct span s)
{
	unsigned long n = 0;

	if (!s.len || s.len > 5 || s.p[0] == '0')
		return WEBURL_PORT;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]))
			return WEBURL_PORT;
		n = n * 10 + (s.p[i] - (unsigned)'0');
	}
	u->has_port = true;
	u->port = (uint16_t)n;
	return n > 65535 ? WEBURL_PORT : WEBURL_OK;
}

static enum weburl_wrong
take_authority(struct weburl *u)
{
	struct span a = u->authority;
	size_t end = find(a, ":");
	enum weburl_wrong w;

	if (find(a, "@") < a.len)
		return WEBURL_USER;
	if (a.len && a.p[0] == '[') {
		if ((end = find(a, "]")) == a.len)
			return WEBURL_HOST;
		w = take_bracket(u, end++);
	} else {
		u->host = SPAN(a.p, end);
		w = take_name(u);
	}
	if (w || end == a.len)
		return w;
	return a.p[end] == ':' ? take_port(u, from(a, end + 1)) : WEBURL_HOST;
}

static void
take_rest(struct weburl *u, struct span rest)
{
	size_t n = find(rest, "#");

	if ((u->has_fragment = n < rest.len))
		u->fragment = from(rest, n + 1);
	rest.len = n;
	n = find(rest, "?");
	if ((u->has_query = n < rest.len))
		u->query = from(rest, n + 1);
	u->path = SPAN(rest.p, n);
}

enum weburl_wrong
weburl_parse(struct span text, struct weburl *u)
{
	enum weburl_wrong w;
	struct span rest;
	size_t n;

	memset(u, 0, sizeof *u);
	u->all = text;
	if (!text.len || text.len > WEBURL_MAX)
		return text.len ? WEBURL_LONG : WEBURL_EMPTY;
	if ((w = check_characters(text)))
		return w;
	n = find(text, ":");
	u->scheme = SPAN(text.p, n);
	u->is_https = weburl_same(u->scheme, "https");
	if ((!u->is_https && !weburl_same(u->scheme, "http")) || text.len - n < 3 ||
	    memcmp(text.p + n, "://", 3) != 0)
		return WEBURL_SCHEME;
	rest = from(text, n + 3);
	n = find(rest, "/?#");
	u->authority = SPAN(rest.p, n);
	u->port = u->is_https ? 443 : 80;
	take_rest(u, from(rest, n));
	return take_authority(u);
}

const char *
weburl_text(enum weburl_wrong w)
{
	static const char *const texts[] = {
		[WEBURL_OK] = "",
		[WEBURL_EMPTY] = "there is no address",
		[WEBURL_LONG] = "the address is too long",
		[WEBURL_CHARACTER] = "a character in it may not be in an address",
		[WEBURL_PERCENT] = "a percent sign in it is not followed by two hex digits",
		[WEBURL_SCHEME] = "it begins with neither https:// nor http://",
		[WEBURL_USER] = "it has a user or a password in it",
		[WEBURL_HOST] = "its host is none",
		[WEBURL_PORT] = "its port is none",
	};

	return (size_t)w < sizeof texts / sizeof *texts ? texts[w] : "";
}

/* Length of the dot that begins here, 0 = none. */
static size_t
dot(struct span s)
{
	if (s.len && s.p[0] == '.')
		return 1;
	if (s.len >= 3 && s.p[0] == '%' && s.p[1] == '2' && (s.p[2] | 0x20) == 'e')
		return 3;
	return 0;
}

static bool
is_dots(struct span segment)
{
	size_t n, count = 0;

	while ((n = dot(segment)) > 0) {
		segment = from(segment, n);
		count++;
	}
	return !segment.len && (count == 1 || count == 2);
}

bool
weburl_has_dots(struct span path)
{
	while (path.len) {
		size_t n;

		path = from(path, 1); /* the slash */
		n = find(path, "/");
		if (is_dots(SPAN(path.p, n)))
			return true;
		path = from(path, n);
	}
	return false;
}

bool
weburl_is_local(const struct weburl *u)
{
	if (u->kind == WEBURL_BRACKET)
		return span_is(u->host, "::1");
	return span_is(u->host, "127.0.0.1") || weburl_same(u->host, "localhost") ||
	    weburl_ends(u->host, ".localhost");
}
