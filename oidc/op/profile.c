/* profile.c - the URLs that people and clients are named by in IndieAuth. */
#include "oidc/op/profile.h"

static void
put_lower(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		buf_put_u8(out, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
}

static void
put_canonical(struct buf *out, const struct weburl *u)
{
	const uint8_t *behind = u->authority.p + u->authority.len;

	if (!out)
		return;
	put_lower(out, u->scheme);
	buf_put_str(out, "://");
	put_lower(out, u->authority);
	if (!u->path.len)
		buf_put_u8(out, '/');
	buf_put(out, behind, (size_t)(u->all.p + u->all.len - behind));
}

/* What holds for both. */
static enum profile_wrong
parse(struct span url, struct weburl *u)
{
	if (weburl_parse(url, u))
		return PROFILE_URL;
	if (u->has_fragment)
		return PROFILE_FRAGMENT;
	return weburl_has_dots(u->path) ? PROFILE_DOTS : PROFILE_OK;
}

enum profile_wrong
profile_check_person(struct span url, struct buf *out)
{
	enum profile_wrong w;
	struct weburl u;

	if ((w = parse(url, &u)))
		return w;
	if (u.has_port)
		return PROFILE_PORT;
	if (u.kind != WEBURL_DOMAIN)
		return PROFILE_ADDRESS;
	if (!memchr(u.host.p, '.', u.host.len) || weburl_is_local(&u))
		return PROFILE_ALONE;
	put_canonical(out, &u);
	return PROFILE_OK;
}

enum profile_wrong
profile_check_client(struct span url, struct buf *out)
{
	enum profile_wrong w;
	struct weburl u;

	if ((w = parse(url, &u)))
		return w;
	if (u.kind != WEBURL_DOMAIN && !weburl_is_local(&u))
		return PROFILE_ADDRESS;
	put_canonical(out, &u);
	return PROFILE_OK;
}

const char *
profile_text(enum profile_wrong w)
{
	static const char *const texts[] = {
		[PROFILE_OK] = "",
		[PROFILE_URL] = "it is no web address",
		[PROFILE_FRAGMENT] = "it has a # in it",
		[PROFILE_DOTS] = "it has . or .. as a part of its path",
		[PROFILE_PORT] = "it has a port",
		[PROFILE_ADDRESS] = "its host is a number, not a name",
		[PROFILE_ALONE] = "its host means something else on each machine",
	};

	return (size_t)w < sizeof texts / sizeof *texts ? texts[w] : "";
}

bool
profile_is_fetched(struct span client)
{
	struct weburl u;

	return !weburl_parse(client, &u) && u.is_https && !weburl_is_local(&u);
}

/* Case alone does not make it another host. */
static bool
is_same_host(struct span a, struct span b)
{
	for (size_t i = 0; i < a.len && a.len == b.len; i++) {
		uint8_t x = a.p[i], y = b.p[i];

		if ((x >= 'A' && x <= 'Z' ? x | 0x20 : x) != (y >= 'A' && y <= 'Z' ? y | 0x20 : y))
			return false;
	}
	return a.len == b.len;
}

bool
profile_is_own(struct span client, struct span redirect)
{
	struct weburl c, r;

	return !weburl_parse(client, &c) && !weburl_parse(redirect, &r) && !r.has_fragment &&
	    c.is_https == r.is_https && c.port == r.port && c.kind == r.kind &&
	    is_same_host(c.host, r.host);
}
