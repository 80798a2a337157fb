/* linkheader.c - the value of a Link header. */
#include "oidc/fetch/linkheader.h"

#include "lib/weburl.h"

#define REL_MAX 256

struct reader {
	const uint8_t *p, *end;
};

struct link {
	struct span target;
	char rel[REL_MAX]; /* of a quoted string without its backslashes */
	size_t rel_len;
	bool has_rel, has_anchor;
};

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void
skip(struct reader *r)
{
	while (r->p < r->end && is_space(*r->p))
		r->p++;
}

static bool
take(struct reader *r, uint8_t c)
{
	skip(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static struct span
take_until(struct reader *r, const char *ends)
{
	const uint8_t *from = r->p;

	while (r->p < r->end && !is_space(*r->p) && !strchr(ends, *r->p))
		r->p++;
	return SPAN(from, (size_t)(r->p - from));
}

/* to NULL: read over it.  What does not fit is cut off. */
static bool
take_quoted(struct reader *r, char *to, size_t *n)
{
	for (*n = 0; r->p < r->end && *r->p != '"'; r->p++) {
		if (*r->p == '\\' && ++r->p == r->end)
			return false;
		if (*n < REL_MAX)
			to[(*n)++] = (char)*r->p;
	}
	if (r->p == r->end)
		return false;
	r->p++;
	return true;
}

static bool
take_value(struct reader *r, char *to, size_t *n)
{
	struct span token;

	skip(r);
	if (r->p < r->end && *r->p == '"') {
		r->p++;
		return take_quoted(r, to, n);
	}
	token = take_until(r, ";,");
	*n = token.len < REL_MAX ? token.len : REL_MAX;
	memcpy(to, token.p, *n);
	return true;
}

/* Only the first rel of a link counts (RFC 8288 3.3). */
static bool
take_parameter(struct reader *r, struct link *l)
{
	char value[REL_MAX];
	struct span name;
	size_t n = 0;

	skip(r);
	name = take_until(r, "=;,");
	if (take(r, '=') && !take_value(r, value, &n))
		return false;
	if (weburl_same(name, "anchor"))
		l->has_anchor = true;
	if (weburl_same(name, "rel") && !l->has_rel) {
		l->has_rel = true;
		memcpy(l->rel, value, n);
		l->rel_len = n;
	}
	return true;
}

static bool
take_link(struct reader *r, struct link *l)
{
	const uint8_t *from;

	l->has_rel = l->has_anchor = false;
	l->rel_len = 0;
	if (!take(r, '<'))
		return false;
	for (from = r->p; r->p < r->end && *r->p != '>'; r->p++)
		;
	l->target = SPAN(from, (size_t)(r->p - from));
	if (!take(r, '>'))
		return false;
	while (take(r, ';'))
		if (!take_parameter(r, l))
			return false;
	return true;
}

bool
linkheader_has(struct span words, const char *word)
{
	struct reader r = { words.p, words.len ? words.p + words.len : words.p };

	for (;;) {
		struct span s;

		skip(&r);
		if (r.p == r.end)
			return false;
		s = take_until(&r, "");
		if (weburl_same(s, word))
			return true;
		if (!s.len)
			r.p++; /* a NUL: no end for strchr */
	}
}

void
linkheader_each(struct span value, const char *rel, linkheader_fn *fn, void *arg)
{
	struct reader r = { value.p, value.len ? value.p + value.len : value.p };
	struct link l;

	do {
		while (take(&r, ','))
			;
		if (!take_link(&r, &l))
			return;
		if (!l.has_anchor && linkheader_has(SPAN(l.rel, l.rel_len), rel))
			fn(arg, l.target);
	} while (take(&r, ','));
}
