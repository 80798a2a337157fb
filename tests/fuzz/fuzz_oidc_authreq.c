/*
 * An authorization request as a whole, from the query to the answer of the table of checks.
 * Whatever was asked: what is sent back goes to an address that the client registered, byte by
 * byte, and a good request has what its client must have.
 */
#include <stdlib.h>

#include "oidc/op/authreq.h"
#include "oidc/op/pkce.h"
#include "oidc/op/scope.h"
#include "oidc/op/uri.h"

#define SCOPES "openid email offline_access"

static const struct {
	const char *id, *redirects;
	enum db_auth auth;
	uint64_t flags;
} clients[] = {
	{ "rp", "https://rp.example/cb\nhttps://rp.example/cb?x=1", DB_AUTH_BASIC, 0 },
	{ "open", "https://rp.example/cb", DB_AUTH_NONE, DB_REFRESH },
	{ "app", "http://127.0.0.1/cb\nhttp://[::1]:1/cb\norg.example.app:/cb", DB_AUTH_NONE,
	    DB_NATIVE },
	{ "old", "https://rp.example/cb", DB_AUTH_POST, DB_NO_PKCE },
	{ "api", "", DB_AUTH_BASIC, DB_RESOURCE },
};

/* Instead of a database. */
enum err
db_client_get(struct db *s, struct span id, struct db_client *out)
{
	(void)s;
	*out = (struct db_client){ .bytes = BUF_INIT };
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		if (!span_is(id, clients[i].id))
			continue;
		out->id = span_str(clients[i].id);
		out->auth = clients[i].auth;
		out->flags = clients[i].flags;
		out->redirects = span_str(clients[i].redirects);
		out->scopes = SPAN_LIT(SCOPES);
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

static void
must(bool b)
{
	if (!b)
		abort();
}

/* Whether or not it is good, this is where an answer goes. */
static void
look_where(const struct authreq *r)
{
	const struct db_client *c = &r->client;
	struct span host = uri_host(r->redirect_uri);
	bool loopback = span_is(host, "127.0.0.1") || span_is(host, "[::1]");

	must(c->id.len && !(c->flags & DB_RESOURCE));
	must(uri_is_listed(c->redirects, r->redirect_uri, false) ||
	    ((c->flags & DB_NATIVE) && loopback));
	for (size_t i = 0; i < r->redirect_uri.len; i++)
		must(r->redirect_uri.p[i] > ' ' && r->redirect_uri.p[i] < 0x7f);
	must(r->state.len <= AUTHREQ_STATE);
}

static void
look_good(const struct authreq *r)
{
	must(r->known && r->scopes.len && scope_is_within(buf_span(&r->scopes), SPAN_LIT(SCOPES)));
	must(r->challenge.len ? pkce_is_challenge(r->challenge)
			      : r->client.flags & DB_NO_PKCE && r->client.auth != DB_AUTH_NONE);
	must(!r->audience.len || span_is(r->audience, "api"));
	must(!(r->prompt & AUTHREQ_PROMPT_NONE) || r->prompt == AUTHREQ_PROMPT_NONE);
	must(r->nonce.len <= AUTHREQ_NONCE && r->max_age <= 9999999999);
	must(form_get(r->form, "request", NULL) == FORM_ABSENT);
	must(form_get(r->form, "request_uri", NULL) == FORM_ABSENT);
}

/* What the page of every stranger lists. */
#define LISTED "https://cb.example/"

static struct indie_met
met(void)
{
	static const uint8_t list[] = "\x53" LISTED;
	struct indie_met m = { .fetched = true };

	m.got.a.source = FETCH_HTML;
	m.got.a.redirects = (struct wire_list){ .n = 1, .raw = SPAN(list, sizeof list - 1) };
	return m;
}

/* Of a client that nobody registered: on its own host, or on the list. */
static void
look_stranger(const struct authreq *r)
{
	struct weburl c, to;

	must(r->client.auth == DB_AUTH_NONE && !weburl_parse(r->client.id, &c));
	must(c.is_https || weburl_is_local(&c));
	if (span_is(r->redirect_uri, LISTED))
		return;
	must(!weburl_parse(r->redirect_uri, &to) && to.port == c.port && to.is_https == c.is_https);
	must(to.host.len == c.host.len && !to.has_fragment && uri_kind(r->redirect_uri) != URI_BAD);
	for (size_t i = 0; i < c.host.len; i++)
		must((to.host.p[i] | 0x20) == (c.host.p[i] | 0x20));
}

static void
judge_as_indieauth(const struct form *f, const struct indie_met *known)
{
	const struct authreq_rules rules = { .pkce_always = true, .indieauth = true, .met = known };
	struct authreq_wrong wrong;
	struct authreq r = { .known = false };
	enum err e = authreq_judge(&r, f, &rules, &wrong);

	must(e == ERR_OK || (e == ERR_FORMAT && wrong.error && wrong.text));
	if (r.client.flags & DB_STRANGER) {
		must(known || !r.known);
		if (r.known)
			look_stranger(&r);
		if (!e)
			must(pkce_is_challenge(r.challenge) &&
			    !scope_has(buf_span(&r.scopes), "openid"));
	}
	authreq_done(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct authreq_rules rules = { .pkce_always = true };
	const struct indie_met known = met();
	struct authreq_wrong wrong;
	struct authreq r = { .known = false };
	struct form f = { .n = 0 };
	enum err e;

	if (form_parse(SPAN(p, n), &f))
		return 0;
	judge_as_indieauth(&f, NULL);
	judge_as_indieauth(&f, &known);
	e = authreq_judge(&r, &f, &rules, &wrong);
	must(e == ERR_OK || (e == ERR_FORMAT && wrong.error && wrong.text));
	if (r.known)
		look_where(&r);
	if (!e)
		look_good(&r);
	authreq_done(&r);
	form_done(&f);
	return 0;
}
