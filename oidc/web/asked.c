/* asked.c - what handlers ask of a request. */
#include "oidc/web/parts.h"

struct looked_for {
	const char *name;
	size_t times;
	struct span value;
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static enum MHD_Result
on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct looked_for *l = arg;
	size_t i = 0;

	(void)kind;
	while (name[i] && lower(name[i]) == lower(l->name[i]))
		i++;
	if (!name[i] && !l->name[i] && l->times++ == 0)
		l->value = span_str(value);
	return MHD_YES;
}

enum form_got
web_header(const struct web_request *q, const char *name, struct span *value)
{
	struct looked_for l = { .name = name };

	MHD_get_connection_values(q->answer->mhd, MHD_HEADER_KIND, on_header, &l);
	*value = l.value;
	if (l.times > 1)
		return FORM_TWICE;
	return l.times ? FORM_ONE : FORM_ABSENT;
}

const struct form *
web_params(const struct web_request *q)
{
	return q->method == WEB_POST ? &q->form : &q->query;
}

enum err
web_authorization(const struct web_request *q, struct header_credentials *out)
{
	struct span value;

	*out = (struct header_credentials){ .kind = HEADER_AUTH_NONE };
	if (web_header(q, "Authorization", &value) == FORM_ABSENT)
		return ERR_OK;
	return header_authorization(value, out);
}

bool
web_cookie(const struct web_request *q, const char *name, struct span *value)
{
	struct span all;

	if (q->route->flags & WEB_API || web_header(q, "Cookie", &all) != FORM_ONE)
		return false;
	return header_cookie(all, name, value);
}

const char *
web_language(const struct web_request *q, const char *const *have)
{
	struct span value = form_value(web_params(q), "ui_locales");
	const char *got = header_locales(value, have);

	if (got || web_header(q, "Accept-Language", &value) != FORM_ONE)
		return got ? got : have[0];
	return header_language(value, have);
}

bool
web_is_same_origin(const struct web_request *q)
{
	struct span value;

	switch (web_header(q, "Origin", &value)) {
	case FORM_ONE:
		return span_is(value, q->answer->web->origin);
	case FORM_TWICE:
		return false;
	case FORM_ABSENT:
		break;
	}
	return web_header(q, "Sec-Fetch-Site", &value) == FORM_ABSENT ||
	    span_is(value, "same-origin");
}
