/* found.c - what a client says about itself, and what of it is kept. */
#include "oidc/fetch/found.h"

#include "lib/text.h"
#include "oidc/fetch/linkheader.h"
#include "oidc/fetch/relative.h"

/* One character of valid UTF-8. */
static uint32_t
take(struct span *s, size_t *len)
{
	uint8_t c = s->p[0];
	uint32_t v = c;

	*len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (*len > 1)
		v = c & (0x7fU >> *len);
	for (size_t i = 1; i < *len; i++)
		v = v << 6 | (s->p[i] & 0x3fU);
	*s = SPAN(s->p + *len, s->len - *len);
	return v;
}

static bool
is_white(uint32_t v)
{
	return v <= ' ' || v == 0x7f || (v >= 0x80 && v <= 0xa0) || v == 0x1680 ||
	    (v >= 0x2000 && v <= 0x200a) || v == 0x2028 || v == 0x2029 || v == 0x202f ||
	    v == 0x205f || v == 0x3000;
}

/* Seen by nobody, or what turns around the text behind it (UAX 9). */
static bool
is_unseen(uint32_t v)
{
	return v == 0xad || v == 0x34f || v == 0x61c || v == 0x180e ||
	    (v >= 0x115f && v <= 0x1160) || (v >= 0x200b && v <= 0x200f) ||
	    (v >= 0x202a && v <= 0x202e) || (v >= 0x2060 && v <= 0x206f) || v == 0x3164 ||
	    (v >= 0xfe00 && v <= 0xfe0f) || v == 0xfeff || v == 0xffa0 ||
	    (v >= 0xfff0 && v <= 0xfffb) || v >= 0xe0000;
}

void
found_set_name(struct found *f, struct span name)
{
	size_t n = 0, len;

	if (!text_is_utf8(name))
		return;
	while (name.len) {
		const uint8_t *p = name.p;
		uint32_t v = take(&name, &len);
		bool gap = is_white(v);

		if (is_unseen(v) || (gap && (!n || f->name[n - 1] == ' ')))
			continue;
		if (n + len > FETCH_NAME_MAX)
			break;
		if (gap)
			f->name[n++] = ' ';
		else
			memcpy(f->name + n, p, len), n += len;
	}
	while (n && f->name[n - 1] == ' ')
		n--;
	f->name[n] = '\0';
}

void
found_set_url(char *to, struct span url)
{
	struct weburl u;

	if (weburl_parse(url, &u) || !u.is_https || u.kind != WEBURL_DOMAIN || weburl_is_local(&u))
		return;
	memcpy(to, url.p, url.len);
	to[url.len] = '\0';
}

bool
found_add_redirect(struct found *f, struct span uri)
{
	size_t colon = 0;

	if (!uri.len || uri.len > WEBURL_MAX)
		return false;
	for (size_t i = 0; i < uri.len; i++)
		if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f)
			return false;
	while (colon < uri.len && uri.p[colon] != ':')
		colon++;
	if (!colon || colon == uri.len || f->nredirects == FETCH_REDIRECTS)
		return false;
	memcpy(f->redirect[f->nredirects], uri.p, uri.len);
	f->redirect[f->nredirects++][uri.len] = '\0';
	return true;
}

struct links {
	struct found *found;
	const struct weburl *url;
};

static void
on_link(void *arg, struct span target)
{
	char uri[WEBURL_MAX + 1];
	struct links *l = arg;

	if (relative_resolve(l->url, target, uri))
		(void)found_add_redirect(l->found, span_str(uri));
}

void
found_read_link(struct found *f, struct span value, const struct weburl *url)
{
	struct links l = { f, url };

	linkheader_each(value, "redirect_uri", on_link, &l);
}

void
found_answer(const struct found *f, struct span *redirects, struct fetch_answer *a)
{
	a->source = f->source;
	a->name = span_str(f->name);
	a->home = span_str(f->home);
	a->logo = span_str(f->logo);
	a->policy = span_str(f->policy);
	a->terms = span_str(f->terms);
	for (size_t i = 0; i < f->nredirects; i++)
		redirects[i] = span_str(f->redirect[i]);
	a->redirects = (struct wire_list){ .v = redirects, .n = f->nredirects };
}
