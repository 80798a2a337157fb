#include "oidc/page/consent.h"

#include "oidc/page/html.h"
#include "oidc/page/page.h"
#include "oidc/page/stranger.h"

#define VALUE_MOST 200 /* characters of what a scope tells */

static void
put(struct web_response *a, const char *text)
{
	buf_put_str(&a->body, text);
}

/* ---- what it gets ---- */
void
page_put_scope(struct web_request *q, struct web_response *a, struct span scope)
{
	static const struct {
		const char *name;
		enum say says;
	} known[] = {
		{ "openid", SAY_SCOPE_OPENID },
		{ "profile", SAY_SCOPE_PROFILE },
		{ "email", SAY_SCOPE_EMAIL },
		{ "address", SAY_SCOPE_ADDRESS },
		{ "phone", SAY_SCOPE_PHONE },
		{ "groups", SAY_SCOPE_GROUPS },
		{ "offline_access", SAY_SCOPE_OFFLINE },
		/* of Micropub, which clients of IndieAuth ask for */
		{ "create", SAY_SCOPE_CREATE },
		{ "draft", SAY_SCOPE_DRAFT },
		{ "update", SAY_SCOPE_UPDATE },
		{ "delete", SAY_SCOPE_DELETE },
		{ "undelete", SAY_SCOPE_UNDELETE },
		{ "media", SAY_SCOPE_MEDIA },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!span_is(scope, known[i].name))
			continue;
		page_say(q, a, known[i].says);
		return;
	}
	page_say_with(q, a, SAY_SCOPE_OTHER, PAGE_PARTS(PAGE_PART_NAME(scope)));
}

static void
put_value(struct web_response *a, const struct page_consent *c, struct span scope)
{
	struct buf value = BUF_INIT;

	if (c->value)
		c->value(c->account, scope, &value);
	if (value.len) {
		put(a, "<br><bdi class=\"faint\">");
		html_text_short(&a->body, buf_span(&value), VALUE_MOST);
		put(a, "</bdi>");
	}
	buf_done(&value);
}

static void
put_scopes(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	if (!c->nscope && !c->service.len)
		return;
	page_put(q, a, "p", SAY_CONSENT_GETS);
	put(a, "<ul class=\"gets\">");
	for (size_t i = 0; i < c->nscope; i++) {
		put(a, "<li>");
		page_put_scope(q, a, c->scope[i].name);
		if (c->scope[i].fresh) {
			put(a, " ");
			page_put(q, a, "strong class=\"new\"", SAY_CONSENT_NEW);
		}
		put_value(a, c, c->scope[i].name);
		put(a, "</li>");
	}
	if (c->service.len)
		page_put_with(
		    q, a, "li", SAY_CONSENT_SERVICE, PAGE_PARTS(PAGE_PART_CODE(c->service)));
	put(a, "</ul>\n");
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

/* ---- who asks ---- */
/* The name is the client's own word, the address is where the answer really goes. */
static void
put_client(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	const struct db_client *x = c->client;

	if (c->stranger) {
		page_put_stranger(q, a, c);
		page_put_with(q, a, "p", SAY_CONSENT_AS_PAGE,
		    PAGE_PARTS(PAGE_PART_NAME(c->account->name), PAGE_PART_CODE(c->account->me)));
		return;
	}
	page_put_with(q, a, "p class=\"who\"", SAY_CONSENT_WHO,
	    PAGE_PARTS(PAGE_PART_NAME(x->name.len ? x->name : x->id)));
	page_put_with(q, a, "p", SAY_CONSENT_AS, PAGE_PARTS(PAGE_PART_NAME(c->account->name)));
}

static void
put_link(struct web_request *q, struct web_response *a, struct span uri, enum say what)
{
	if (!uri.len)
		return;
	put(a, "<li>");
	html_link(&a->body, uri, span_str(say_text(page_language(q), what)));
	put(a, "</li>");
}

static void
put_links(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	struct span policy = c->stranger ? c->stranger->policy : c->client->policy;
	struct span terms = c->stranger ? c->stranger->terms : c->client->terms;

	put(a, "<ul class=\"links\"><li>");
	page_link(q, a, c->other, SAY_CONSENT_OTHER);
	put(a, "</li>");
	put_link(q, a, policy, SAY_CONSENT_POLICY);
	put_link(q, a, terms, SAY_CONSENT_TERMS);
	put(a, "</ul>\n");
}

static void
put_decision(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	page_form(q, a, c->path, c->token);
	page_hidden(a, "go", span_str(c->go));
	put(a, "<p class=\"choice\"><button name=\"decision\" value=\"yes\">");
	page_say(q, a, SAY_CONSENT_YES);
	put(a, "</button> <button class=\"quiet\" name=\"decision\" value=\"no\">");
	page_say(q, a, SAY_CONSENT_NO);
	put(a, "</button></p></form>\n");
}

void
page_consent(struct web_request *q, struct web_response *a, const struct page_consent *c)
{
	page_open(q, a, SAY_CONSENT);
	put_client(q, a, c);
	put_scopes(q, a, c);
	page_put_with(
	    q, a, "p class=\"notice\"", SAY_CONSENT_TO, PAGE_PARTS(PAGE_PART_CODE(c->to)));
	put_decision(q, a, c);
	page_put(q, a, "p class=\"faint\"", SAY_CONSENT_LATER);
	put_links(q, a, c);
	allow_form(a, c->to);
	page_end(q, a, 200);
}

/* ---- back by a form ---- */
void
page_form_post(struct web_request *q, struct web_response *a, struct span redirect_uri,
    struct span to, const struct form *f)
{
	page_open_with(q, a, SAY_ONE_STEP, "post.js");
	page_put(q, a, "p", SAY_ONE_STEP_HOW);
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
	page_button(q, a, "", SAY_GO_ON);
	put(a, "</form>\n");
	allow_form(a, to);
	page_end(q, a, 200);
}
