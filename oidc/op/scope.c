#include "oidc/op/scope.h"

bool
scope_next(struct span *rest, struct span *name)
{
	size_t n = 0;

	while (rest->len && *rest->p == ' ')
		*rest = SPAN(rest->p + 1, rest->len - 1);
	while (n < rest->len && rest->p[n] != ' ')
		n++;
	*name = SPAN(rest->p, n);
	*rest = SPAN(rest->p + n, rest->len - n);
	return n > 0;
}

bool
scope_is_set(struct span s)
{
	if (!s.len || s.len > SCOPE_MAX || s.p[0] == ' ' || s.p[s.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\')
			return false;
		if (s.p[i] == ' ' && s.p[i - 1] == ' ')
			return false;
	}
	return true;
}

static bool
has(struct span s, struct span name)
{
	struct span one;

	while (scope_next(&s, &one))
		if (span_eq(one, name))
			return true;
	return false;
}

bool
scope_has(struct span s, const char *name)
{
	return has(s, span_str(name));
}

bool
scope_is_within(struct span inner, struct span outer)
{
	struct span one;

	while (scope_next(&inner, &one))
		if (!has(outer, one))
			return false;
	return true;
}

void
scope_put_allowed(struct buf *out, struct span asked, struct span allowed)
{
	size_t at = out->len;
	struct span one;

	while (scope_next(&asked, &one)) {
		if (!has(allowed, one) || has(SPAN(out->p + at, out->len - at), one))
			continue;
		if (out->len > at)
			buf_put_u8(out, ' ');
		buf_put_span(out, one);
	}
}
