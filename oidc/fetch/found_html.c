/*
 * found_html.c - a page that says what its client is: the first h-app (or h-x-app) by the rules of
 * microformats2, as far as IndieAuth needs them, and <link rel="redirect_uri">.
 *
 * The tree is walked along its parents, never by recursion: its depth is a stranger's choice.
 */
#include <gumbo.h>

#include "lib/buf.h"
#include "oidc/fetch/found.h"
#include "oidc/fetch/linkheader.h"
#include "oidc/fetch/relative.h"

#define TEXT_MAX 1024 /* of a name, before white space is made one */

struct page {
	struct found *found;
	const struct weburl *url; /* references are resolved against it, or against <base> */
	char base_text[WEBURL_MAX + 1];
	struct weburl base;
	bool has_base;
	const GumboNode *app;
	bool has_name, has_logo, has_home;
};

/* ---- the tree ---- */
/* What is in a template is in no page. */
static const GumboVector *
children(const GumboNode *n)
{
	if (n->type == GUMBO_NODE_ELEMENT)
		return &n->v.element.children;
	return n->type == GUMBO_NODE_DOCUMENT ? &n->v.document.children : NULL;
}

/* The next in document order, below top; `into`: its children, too. */
static const GumboNode *
next(const GumboNode *n, const GumboNode *top, bool into)
{
	const GumboVector *c = children(n);

	if (into && c && c->length)
		return c->data[0];
	for (; n && n != top; n = n->parent) {
		const GumboVector *siblings = n->parent ? children(n->parent) : NULL;

		if (siblings && n->index_within_parent + 1 < siblings->length)
			return siblings->data[n->index_within_parent + 1];
	}
	return NULL;
}

static bool
is_element(const GumboNode *n)
{
	return n->type == GUMBO_NODE_ELEMENT;
}

static bool
is_tag(const GumboNode *n, GumboTag tag)
{
	return is_element(n) && n->v.element.tag == tag;
}

/* NULL: not there. */
static const char *
attribute(const GumboNode *n, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&n->v.element.attributes, name);

	return a ? a->value : NULL;
}

static bool
has_class(const GumboNode *n, const char *name)
{
	return linkheader_has(span_str(attribute(n, "class")), name);
}

/* Any "h-..." begins an object of its own. */
static bool
is_root(const GumboNode *n)
{
	const char *c = attribute(n, "class");

	for (; c && *c; c += strcspn(c, " \t\n\f\r")) {
		c += strspn(c, " \t\n\f\r");
		if (c[0] == 'h' && c[1] == '-' && c[2] >= 'a' && c[2] <= 'z')
			return true;
	}
	return false;
}

/* ---- values ---- */
static bool
resolve(const struct page *p, const char *reference, char *out)
{
	return relative_resolve(p->has_base ? &p->base : p->url, span_str(reference), out);
}

/* mf2 "parsing a u- property", the address of an element. */
static const char *
address_of(const GumboNode *n)
{
	switch (n->v.element.tag) {
	case GUMBO_TAG_A:
	case GUMBO_TAG_AREA:
	case GUMBO_TAG_LINK:
		return attribute(n, "href");
	case GUMBO_TAG_IMG:
	case GUMBO_TAG_AUDIO:
	case GUMBO_TAG_VIDEO:
	case GUMBO_TAG_SOURCE:
		return attribute(n, "src");
	case GUMBO_TAG_OBJECT:
		return attribute(n, "data");
	default:
		return NULL;
	}
}

static void
add_text(struct buf *b, const GumboNode *n)
{
	if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE)
		buf_put_str(b, n->v.text.text);
	else if (is_tag(n, GUMBO_TAG_IMG) && attribute(n, "alt"))
		buf_put_str(b, attribute(n, "alt"));
}

/* The text inside, without scripts and styles. */
static void
text_of(const GumboNode *top, struct buf *b)
{
	bool into = true;

	for (const GumboNode *n = next(top, top, true); n && b->len < TEXT_MAX;
	     n = next(n, top, into)) {
		into = !is_tag(n, GUMBO_TAG_SCRIPT) && !is_tag(n, GUMBO_TAG_STYLE);
		add_text(b, n);
	}
}

static void
set_name(struct page *p, const GumboNode *n)
{
	struct buf b = BUF_INIT;

	if (is_tag(n, GUMBO_TAG_IMG) || is_tag(n, GUMBO_TAG_AREA))
		buf_put_str(&b, attribute(n, "alt") ? attribute(n, "alt") : "");
	else if (is_tag(n, GUMBO_TAG_ABBR) && attribute(n, "title"))
		buf_put_str(&b, attribute(n, "title"));
	else if ((is_tag(n, GUMBO_TAG_DATA) || is_tag(n, GUMBO_TAG_INPUT)) && attribute(n, "value"))
		buf_put_str(&b, attribute(n, "value"));
	else
		text_of(n, &b);
	if (buf_err(&b) == ERR_OK)
		found_set_name(p->found, buf_span(&b));
	buf_done(&b);
}

static void
set_url(struct page *p, char *to, const char *reference)
{
	char uri[WEBURL_MAX + 1];

	if (reference && resolve(p, reference, uri))
		found_set_url(to, span_str(uri));
}

/* ---- h-app ---- */
static void
take_property(struct page *p, const GumboNode *n)
{
	if (!p->has_name && has_class(n, "p-name")) {
		p->has_name = true;
		set_name(p, n);
	}
	if (!p->has_logo && has_class(n, "u-logo")) {
		p->has_logo = true;
		set_url(p, p->found->logo, address_of(n));
	}
	if (!p->has_home && has_class(n, "u-url")) {
		p->has_home = true;
		set_url(p, p->found->home, address_of(n));
	}
}

/* The only link inside, for mf2's implied address. */
static const GumboNode *
only_link(const GumboNode *top)
{
	const GumboNode *found = NULL;

	for (const GumboNode *n = next(top, top, true); n; n = next(n, top, true)) {
		if (!is_tag(n, GUMBO_TAG_A) || !attribute(n, "href"))
			continue;
		if (found)
			return NULL;
		found = n;
	}
	return found;
}

static void
read_app(struct page *p)
{
	bool into = true;

	for (const GumboNode *n = next(p->app, p->app, true); n; n = next(n, p->app, into)) {
		into = !is_element(n) || !is_root(n);
		if (is_element(n) && into)
			take_property(p, n);
	}
	if (!p->has_name)
		set_name(p, p->app);
	if (!p->has_home) {
		const GumboNode *a = is_tag(p->app, GUMBO_TAG_A) ? p->app : only_link(p->app);

		if (a)
			set_url(p, p->found->home, attribute(a, "href"));
	}
}

/* ---- the page ---- */
static void
take_base(struct page *p, const GumboNode *n)
{
	const char *href = attribute(n, "href");

	if (p->has_base || !href || !relative_resolve(p->url, span_str(href), p->base_text))
		return;
	p->has_base = weburl_parse(span_str(p->base_text), &p->base) == WEBURL_OK;
}

static void
take_link(struct page *p, const GumboNode *n)
{
	const char *rel = attribute(n, "rel"), *href = attribute(n, "href");
	char uri[WEBURL_MAX + 1];

	if (rel && href && *href && linkheader_has(span_str(rel), "redirect_uri") &&
	    resolve(p, href, uri))
		(void)found_add_redirect(p->found, span_str(uri));
}

static void
take_element(struct page *p, const GumboNode *n)
{
	if (is_tag(n, GUMBO_TAG_LINK))
		take_link(p, n);
	if (!p->app && (has_class(n, "h-app") || has_class(n, "h-x-app")))
		p->app = n;
}

void
found_read_html(struct found *f, struct span text, const struct weburl *url)
{
	GumboOptions options = kGumboDefaultOptions;
	GumboOutput *out;
	struct page p = { .found = f, .url = url };
	const GumboNode *top;

	options.max_errors = 0; /* each would keep a copy of all open elements */
	out = gumbo_parse_with_options(&options, text.p ? (const char *)text.p : "", text.len);
	top = out ? out->document : NULL;
	f->source = FETCH_HTML;
	for (const GumboNode *n = top; n && !p.has_base; n = next(n, top, true))
		if (is_tag(n, GUMBO_TAG_BASE))
			take_base(&p, n);
	for (const GumboNode *n = top; n; n = next(n, top, true))
		if (is_element(n))
			take_element(&p, n);
	if (p.app)
		read_app(&p);
	if (out)
		gumbo_destroy_output(&options, out);
}
