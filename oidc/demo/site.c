/* site.c - what people see of the relying party. */
#include "oidc/demo/site.h"

#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "oidc/op/jose.h"
#include "oidc/op/metadata.h"
#include "oidc/page/fixed.h"
#include "oidc/page/html.h"
#include "oidc/web/web.h"

#define COOKIE "demo-site"
#define FLOWS  64
#define RANDOM 44 /* 32 bytes as base64url, and NUL */

/* A browser: on its way to the provider and back, or logged in. */
struct visit {
	char cookie[RANDOM], state[RANDOM], nonce[RANDOM], verifier[RANDOM];
	json_t *claims; /* NULL = not logged in */
	char *id_token;
};

struct demo_site {
	struct web *web;
	struct demo_provider provider;
	char base[64];
	struct visit visits[FLOWS]; /* the oldest goes */
	size_t next;
};

/* web_request.oidc is the provider's for everybody else; there is one site. */
static struct demo_site *site;

static void
random_text(char out[RANDOM])
{
	uint8_t raw[32];

	crypto_random(raw, sizeof raw);
	text_encode_raw(TEXT_BASE64URL, SPAN(raw, sizeof raw), out);
	out[RANDOM - 1] = '\0';
}

static void
forget(struct visit *v)
{
	json_decref(v->claims);
	free(v->id_token);
	*v = (struct visit){ .claims = NULL };
}

static struct visit *
visit_of(struct web_request *q)
{
	struct span cookie;

	if (!web_cookie(q, COOKIE, &cookie) || cookie.len != RANDOM - 1)
		return NULL;
	for (size_t i = 0; i < FLOWS; i++)
		if (site->visits[i].cookie[0] && span_is(cookie, site->visits[i].cookie))
			return &site->visits[i];
	return NULL;
}

/* ---- pages ---- */
static void
begin(struct web_response *a, const char *title)
{
	buf_putf(&a->body,
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	    "<title>%s</title><link rel=\"stylesheet\" href=\"/static/style.css\"></head>"
	    "<body><header><p>A site of the demo</p></header><main><h1>%s</h1>\n",
	    title, title);
}

static void
end(struct web_response *a, unsigned status)
{
	buf_put_str(&a->body, "</main></body></html>\n");
	web_page(a, status);
}

static void
put_claims(struct web_response *a, const json_t *claims)
{
	const char *name;
	json_t *v;

	buf_put_str(&a->body, "<dl>\n");
	json_object_foreach((json_t *)(uintptr_t)claims, name, v)
	{
		char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

		buf_put_str(&a->body, "<dt>");
		html_text(&a->body, span_str(name));
		buf_put_str(&a->body, "</dt><dd>");
		html_text(&a->body, json_is_string(v) ? jose_text(claims, name) : span_str(text));
		buf_put_str(&a->body, "</dd>\n");
		free(text);
	}
	buf_put_str(&a->body, "</dl>\n");
}

static void
show_home(struct web_request *q, struct web_response *a)
{
	struct visit *v = visit_of(q);

	if (!v || !v->claims) {
		begin(a, "Nobody is logged in");
		buf_put_str(&a->body,
		    "<p>This site knows nobody. It asks the provider who you are.</p>\n"
		    "<p><a href=\"/login\">Log in</a></p>\n");
		end(a, 200);
		return;
	}
	begin(a, "You are logged in");
	buf_put_str(&a->body, "<p>The provider says that you are <strong>");
	html_text(&a->body, jose_text(v->claims, "preferred_username"));
	buf_put_str(
	    &a->body, "</strong>. This is all that it says; the signature was right.</p>\n");
	put_claims(a, v->claims);
	buf_put_str(&a->body, "<p><a href=\"/logout\">Log out</a></p>\n");
	end(a, 200);
}

static void
show_failed(struct web_response *a, const char *why)
{
	begin(a, "You are not logged in");
	buf_put_str(&a->body, "<p>");
	html_text(&a->body, span_str(why));
	buf_put_str(&a->body, "</p>\n<p><a href=\"/\">Back</a></p>\n");
	end(a, 400);
}

/* ---- going there ---- */
static void
put_verifier(struct buf *to, const struct visit *v)
{
	uint8_t hash[32];
	char text[RANDOM];

	crypto_sha256(span_str(v->verifier), hash);
	text_encode_raw(TEXT_BASE64URL, SPAN(hash, sizeof hash), text);
	form_put(to, "code_challenge", SPAN(text, RANDOM - 1));
	form_put(to, "code_challenge_method", SPAN_LIT("S256"));
}

static void
put_address(struct buf *to, const char *name, const char *path)
{
	char uri[96];

	snprintf(uri, sizeof uri, "%s%s", site->base, path);
	form_put(to, name, span_str(uri));
}

static void
go_login(struct web_request *q, struct web_response *a)
{
	struct visit *v = &site->visits[site->next++ % FLOWS];
	struct buf query = BUF_INIT, to = BUF_INIT;

	(void)q;
	forget(v);
	random_text(v->cookie);
	random_text(v->state);
	random_text(v->nonce);
	random_text(v->verifier);
	form_put(&query, "response_type", SPAN_LIT("code"));
	form_put(&query, "client_id", SPAN_LIT(DEMO_CLIENT));
	form_put(&query, "scope", SPAN_LIT("openid profile email"));
	form_put(&query, "state", span_str(v->state));
	form_put(&query, "nonce", span_str(v->nonce));
	put_address(&query, "redirect_uri", DEMO_BACK);
	put_verifier(&query, v);
	buf_putf(&to, "%s" PATH_AUTHORIZE "?", site->provider.issuer);
	buf_put_span(&to, buf_span(&query));
	web_cookie_put(q, a, COOKIE, span_str(v->cookie), 0);
	web_redirect(a, buf_span(&to));
	buf_done(&query);
	buf_done(&to);
}

/* ---- and back ---- */
static enum err
redeem(const struct visit *v, struct span code, json_t **out)
{
	struct buf form = BUF_INIT;
	enum err e;

	form_put(&form, "grant_type", SPAN_LIT("authorization_code"));
	form_put(&form, "code", code);
	form_put(&form, "client_id", SPAN_LIT(DEMO_CLIENT));
	form_put(&form, "code_verifier", span_str(v->verifier));
	put_address(&form, "redirect_uri", DEMO_BACK);
	if (!(e = buf_err(&form)))
		e = demo_ask(&site->provider, PATH_TOKEN, SPAN_NONE, buf_span(&form), out);
	buf_done(&form);
	return e;
}

static enum err
take_code(struct visit *v, struct span code)
{
	json_t *tokens = NULL, *claims = NULL, *more = NULL;
	enum err e = redeem(v, code, &tokens);

	if (!e)
		e = demo_check(
		    &site->provider, jose_text(tokens, "id_token"), DEMO_CLIENT, v->nonce, &claims);
	if (!e)
		e = demo_ask(&site->provider, PATH_USERINFO, jose_text(tokens, "access_token"),
		    SPAN_NONE, &more);
	if (!e && !span_eq(jose_text(more, "sub"), jose_text(claims, "sub")))
		e = ERR_FORMAT;
	if (!e &&
	    (json_object_update_missing(claims, more) ||
		!(v->id_token = strdup(json_string_value(json_object_get(tokens, "id_token"))))))
		e = ERR_NOMEM;
	if (!e)
		v->claims = json_incref(claims);
	json_decref(tokens);
	json_decref(claims);
	json_decref(more);
	return e;
}

/* RFC 9207: whose answer it is, before anything else of it is believed. */
static void
come_back(struct web_request *q, struct web_response *a)
{
	struct visit *v = visit_of(q);
	struct span code = form_value(&q->query, "code");
	enum err e;

	if (!v || !v->state[0] || !span_is(form_value(&q->query, "state"), v->state) ||
	    !span_is(form_value(&q->query, "iss"), site->provider.issuer)) {
		show_failed(a, "This is no answer to what this browser asked.");
		return;
	}
	v->state[0] = '\0';
	if (!code.len) {
		show_failed(a, "The provider said no, or you did.");
		return;
	}
	if ((e = take_code(v, code))) {
		show_failed(a, err_text(e));
		return;
	}
	web_redirect(a, SPAN_LIT("/"));
}

static void
go_logout(struct web_request *q, struct web_response *a)
{
	struct visit *v = visit_of(q);
	struct buf query = BUF_INIT, to = BUF_INIT;

	if (!v || !v->claims) {
		web_redirect(a, SPAN_LIT("/"));
		return;
	}
	form_put(&query, "id_token_hint", span_str(v->id_token));
	put_address(&query, "post_logout_redirect_uri", "/");
	buf_putf(&to, "%s" PATH_LOGOUT "?", site->provider.issuer);
	buf_put_span(&to, buf_span(&query));
	web_redirect(a, buf_span(&to));
	forget(v);
	buf_done(&query);
	buf_done(&to);
}

/* ---- beginning and end ---- */
static const struct web_route routes[] = {
	{ "/", WEB_GET, show_home, 0 },
	{ "/login", WEB_GET, go_login, 0 },
	{ DEMO_BACK, WEB_GET, come_back, 0 },
	{ "/logout", WEB_GET, go_logout, 0 },
	{ "/static/", WEB_GET, page_fixed, WEB_CACHED },
	{ NULL, 0, NULL, 0 },
};

enum err
demo_site_new(
    struct demo_site **out, struct loop *l, const struct demo_provider *p, uint16_t port, int fd)
{
	struct web_listener at = { .fd = fd, .door = WEB_DOOR_PUBLIC };
	struct demo_site *s = calloc(1, sizeof *s);
	struct web_conf conf = { .routes = routes, .loop = l, .connections = 64 };
	enum err e;

	if (!s)
		return ERR_NOMEM;
	s->provider = *p;
	snprintf(s->base, sizeof s->base, "http://localhost:%u", (unsigned)port);
	conf.issuer = s->base;
	if (!(e = web_new(&s->web, &conf)))
		e = web_listen(s->web, &at);
	if (e) {
		demo_site_done(s);
		return e;
	}
	*out = site = s;
	return ERR_OK;
}

void
demo_site_done(struct demo_site *s)
{
	if (!s)
		return;
	web_done(s->web);
	for (size_t i = 0; i < FLOWS; i++)
		forget(&s->visits[i]);
	free(s);
}
