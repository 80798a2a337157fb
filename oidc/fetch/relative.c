/* relative.c - a reference in a document becomes an address. */
#include "oidc/fetch/relative.h"

struct text {
	char *p;
	size_t n;
	bool full;
};

static void
put(struct text *t, struct span s)
{
	if (t->full || s.len > WEBURL_MAX - t->n) {
		t->full = true;
		return;
	}
	if (s.len)
		memcpy(t->p + t->n, s.p, s.len);
	t->n += s.len;
}

static struct span
trim(struct span s)
{
	while (s.len && (s.p[0] <= ' '))
		s = SPAN(s.p + 1, s.len - 1);
	while (s.len && s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\"<>\\^`{|}", s.p[i]))
			return false;
	return true;
}

/* RFC 3986 3.1; a colon behind a slash belongs to a path. */
static bool
has_scheme(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i], low = c | 0x20;

		if (c == ':')
			return i > 0;
		if (low >= 'a' && low <= 'z')
			continue;
		if (!i || !c || !strchr("0123456789+-.", c))
			return false;
	}
	return false;
}

static bool
is_segment(struct span path, size_t at, const char *s)
{
	size_t n = strlen(s);

	return path.len - at == n
	    ? memcmp(path.p + at, s, n) == 0
	    : path.len - at > n && memcmp(path.p + at, s, n) == 0 && path.p[at + n] == '/';
}

/* 5.2.4.  path begins with a slash; what was put before `floor` stays. */
static void
put_path(struct text *t, struct span path)
{
	size_t floor = t->n, at = 0;

	while (at < path.len && !t->full) {
		bool up = is_segment(path, at, "/.."), stay = is_segment(path, at, "/.");
		size_t n = 1;

		if (up)
			while (t->n > floor && t->p[--t->n] != '/')
				;
		if (up || stay) {
			at += up ? 3 : 2;
			if (at == path.len)
				put(t, SPAN_LIT("/"));
			continue;
		}
		while (at + n < path.len && path.p[at + n] != '/')
			n++;
		put(t, SPAN(path.p + at, n));
		at += n;
	}
}

/* 5.2.3: the reference's path below the base's folder. */
static bool
merge(const struct weburl *base, struct span path, char *to, size_t *n)
{
	size_t folder = base->path.len;

	while (folder && base->path.p[folder - 1] != '/')
		folder--;
	if (folder + path.len + 1 > WEBURL_MAX)
		return false;
	*n = 0;
	if (folder)
		memcpy(to, base->path.p, *n = folder);
	else
		to[(*n)++] = '/';
	memcpy(to + *n, path.p, path.len);
	*n += path.len;
	return true;
}

static void
put_relative(struct text *t, const struct weburl *base, struct span path, struct span rest)
{
	char merged[WEBURL_MAX];
	size_t n = 0;

	if (path.len && path.p[0] == '/')
		put_path(t, path);
	else if (path.len && merge(base, path, merged, &n))
		put_path(t, SPAN(merged, n));
	else if (path.len)
		t->full = true;
	else
		put_path(t, base->path.len ? base->path : SPAN_LIT("/"));
	if (!path.len && (!rest.len || rest.p[0] != '?') && base->has_query) {
		put(t, SPAN_LIT("?"));
		put(t, base->query);
	}
	put(t, rest);
}

static void
put_below(struct text *t, const struct weburl *base, struct span ref)
{
	size_t n = 0;

	put(t, base->scheme);
	put(t, SPAN_LIT(":"));
	if (ref.len >= 2 && ref.p[0] == '/' && ref.p[1] == '/') {
		put(t, ref);
		return;
	}
	put(t, SPAN_LIT("//"));
	put(t, base->authority);
	while (n < ref.len && ref.p[n] != '?' && ref.p[n] != '#')
		n++;
	put_relative(t, base, SPAN(ref.p, n), SPAN(ref.p + n, ref.len - n));
}

bool
relative_resolve(const struct weburl *base, struct span reference, char *out)
{
	struct text t = { .p = out };
	struct span ref = trim(reference);

	*out = '\0';
	if (!is_plain(ref))
		return false;
	if (has_scheme(ref))
		put(&t, ref);
	else
		put_below(&t, base, ref);
	out[t.full ? 0 : t.n] = '\0';
	return !t.full;
}
