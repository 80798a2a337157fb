#include "oidc/oidc.h"
#include "oidc/page/consent.h"
#include "oidc/page/html.h"
#include "oidc/page/page.h"
#include "oidc/page/stranger.h"

#define NAME_MOST 100 /* characters of a name that a client gave itself */

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

static void
put_scopes(struct web_response *a, const struct page_consent *c)
{
	put(a, "<ul>");
	for (size_t i = 0; i < c->nscope; i++) {
		put(a, "<li>");
		html_text(&a->body, c->scope[i].says);
		put(a, c->scope[i].fresh ? " <strong>(new)</strong></li>" : "</li>");
	}
	if (c->service.len) {
		put(a, "<li>use <code>");
		html_text(&a->body, c->service);
		put(a, "</code> in your name</li>");
	}
	put(a, "</ul>");
}

/* The answer to a form leads there; unless the page says so, Chromium stops it (form-action). */
static void
allow_form(struct web_response *a, struct span to)
{
	const uint8_t *colon = to.len ? memchr(to.p, ':', to.len) : NULL;

	/* a scheme of an application's own has no origin: "org.example.app:" (CSP 2.3.1) */
	if (colon && span_sub(to, (size_t)(colon - to.p), 3).len == 3 &&
	    memcmp(colon, "://", 3) != 0)
		to.len = (size_t)(colon - to.p) + 1;
	if (!to.len || to.len >= sizeof a->form_action)
		return;
	memcpy(a->form_action, to.p, to.len);
	a->form_action[to.len] = '\0';
}

/* Who asks: the name is the client's own word, the address is where the answer really goes. */
static void
put_client(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	if (c->stranger) {
		page_put_stranger(q, a, c);
		return;
	}
	put(a, "<p><strong>");
	html_text_short(&a->body, c->client->name.len ? c->client->name : c->client->id, NAME_MOST);
	put(a, "</strong> at <code>");
	html_text(&a->body, c->to);
	put(a, "</code> asks to:</p>");
}

static void
put_pages(struct web_response *a, const struct page_consent *c)
{
	struct span policy = c->stranger ? c->stranger->policy : c->client->policy;
	struct span terms = c->stranger ? c->stranger->terms : c->client->terms;

	if (policy.len) {
		put(a, "<p>");
		html_link(&a->body, policy, SPAN_LIT("What it does with your data"));
		put(a, "</p>");
	}
	if (terms.len) {
		put(a, "<p>");
		html_link(&a->body, terms, SPAN_LIT("Its terms"));
		put(a, "</p>");
	}
}

void
page_consent(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	page_begin(q, a, "Log in with this account?");
	put_client(q, a, c);
	put_scopes(a, c);
	put_pages(a, c);
	put(a, "<p>You are <strong>");
	html_text(&a->body, c->account->name);
	put(a, "</strong>");
	if (c->stranger) {
		put(a, ", known there as <code>");
		html_text(&a->body, c->account->me);
		put(a, "</code>");
	}
	put(a, ".</p>");
	page_form(q, a, c->path, c->token);
	page_hidden(a, "go", span_str(c->go));
	put(a,
	    "<p><button name=\"decision\" value=\"yes\">Yes, log in</button> "
	    "<button class=\"quiet\" name=\"decision\" value=\"no\">No</button></p></form>");
	allow_form(a, c->to);
	page_end(q, a, 200);
}

void
page_form_post(struct web_request *q, struct web_response *a, struct span redirect_uri,
    struct span to, const struct form *f)
{
	page_begin_with(q, a, "One step more", "post.js");
	put(a, "<form method=\"post\" id=\"answer\" action=\"");
	html_text(&a->body, redirect_uri);
	put(a, "\">");
	for (size_t i = 0; i < f->n; i++) {
		put(a, "<input type=\"hidden\" name=\"");
		html_text(&a->body, f->at[i].name);
		put(a, "\" value=\"");
		html_text(&a->body, f->at[i].value);
		put(a, "\">");
	}
	put(a, "<p><button>Go on</button></p></form>");
	allow_form(a, to);
	page_end(q, a, 200);
}
