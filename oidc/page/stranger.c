#include "lib/weburl.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"
#include "oidc/page/stranger.h"

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

static struct span
host_of(struct span url)
{
	struct weburl u;

	return weburl_parse(url, &u) ? url : u.authority;
}

/* From here: its own server is told nothing (no address, no time) by the browser. */
static void
put_logo(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	if (!c->stranger->logo)
		return;
	buf_putf(&a->body,
	    "<p><img class=\"logo\" alt=\"\" width=\"64\" height=\"64\" src=\"%s%s?go=%s\"></p>",
	    oidc_conf_path(q->oidc->conf.issuer), c->stranger->logo, c->go);
}

static void
put_name(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	const struct page_stranger *s = c->stranger;

	page_put_with(q, a, "p class=\"who\"", SAY_STRANGER_WHO,
	    PAGE_PARTS(PAGE_PART_NAME(host_of(c->client->id))));
	if (s->name.len)
		page_put_with(q, a, "p", SAY_STRANGER_NAME, PAGE_PARTS(PAGE_PART_NAME(s->name)));
	page_put_with(q, a, "p", SAY_STRANGER_ADDRESS, PAGE_PARTS(PAGE_PART_CODE(c->client->id)));
	if (s->home.len) {
		put(a, "<p>");
		html_link(
		    &a->body, s->home, span_str(say_text(page_language(q), SAY_STRANGER_ABOUT)));
		put(a, "</p>\n");
	}
}

/* Where the answer goes, if that is elsewhere. */
static void
put_where(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	if (!span_eq(host_of(c->to), host_of(c->client->id)))
		page_put_with(q, a, "p", SAY_STRANGER_WHERE, PAGE_PARTS(PAGE_PART_CODE(c->to)));
}

static void
put_warnings(struct web_request *q, struct web_response *a, const struct page_stranger *s)
{
	if (s->is_local)
		page_put(q, a, "p class=\"notice\" role=\"alert\"", SAY_STRANGER_LOCAL);
	if (s->no_pkce)
		page_put(q, a, "p class=\"notice\" role=\"alert\"", SAY_STRANGER_OLD);
}

void
page_put_stranger(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	put_logo(q, a, c);
	put_name(q, a, c);
	put_where(q, a, c);
	put_warnings(q, a, c->stranger);
	page_put(q, a, "p", SAY_STRANGER_TOLD);
}
