#include "lib/weburl.h"
#include "oidc/oidc.h"
#include "oidc/page/html.h"
#include "oidc/page/stranger.h"

#define NAME_MOST 60 /* characters */

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
put_name(struct web_response *a, const struct page_consent *c)
{
	const struct page_stranger *s = c->stranger;

	put(a, "<p><strong><code>");
	html_text(&a->body, host_of(c->client->id));
	put(a, "</code></strong> wants to know who you are. ");
	if (s->name.len) {
		put(a, "It calls itself <q>");
		html_text_short(&a->body, s->name, NAME_MOST);
		put(a, "</q>. ");
	}
	put(a, "Its address: <code>");
	html_text(&a->body, c->client->id);
	put(a, "</code>");
	if (s->home.len) {
		put(a, " (");
		html_link(&a->body, s->home, SPAN_LIT("about it"));
		put(a, ")");
	}
	put(a, ".</p>");
}

/* Where the answer goes, if that is elsewhere. */
static void
put_where(struct web_response *a, const struct page_consent *c)
{
	if (span_eq(host_of(c->to), host_of(c->client->id)))
		return;
	put(a, "<p>The answer goes to <strong><code>");
	html_text(&a->body, c->to);
	put(a, "</code></strong>, which it says is its own.</p>");
}

static void
put_warnings(struct web_response *a, const struct page_stranger *s)
{
	if (s->is_local)
		put(a,
		    "<p role=\"alert\"><strong>It says that it is a program on this computer. Any "
		    "program here could say so: go on only if you have just started it "
		    "yourself.</strong></p>");
	if (s->no_pkce)
		put(a,
		    "<p role=\"alert\"><strong>It logs people in in an old way, in which others "
		    "may catch the answer. Go on only if you need it.</strong></p>");
}

void
page_put_stranger(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	put_logo(q, a, c);
	put_name(a, c);
	put_where(a, c);
	put_warnings(a, c->stranger);
	put(a,
	    c->nscope ? "<p>It is told your page, and asks for:</p>"
		      : "<p>It is told your page.</p>");
}
