/*
 * Each case is a request that differs in one way from a good one.  Names of modules of the OpenID
 * conformance suite stand where one asks for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/op/authreq.h"
#include "oidc/op/pkce.h"
#include "oidc/op/scope.h"
#include "tests/unit/oidc_place.h"

#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636 B */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define BASE	  "client_id=rp&redirect_uri=https%3A%2F%2Frp.example%2Fcb"
#define GOOD	  BASE "&response_type=code&scope=openid+email"
#define PKCE	  "&code_challenge=" CHALLENGE "&code_challenge_method=S256"

/* error NULL: it is good; page: the error leads nowhere. */
static const struct row {
	const char *name, *text, *error;
	bool page;
} rows[] = {
	{ "oidcc-server", GOOD PKCE "&state=x&nonce=y", NULL, false },
	{ "oidcc-ensure-request-without-nonce-succeeds-for-code-flow", GOOD PKCE "&state=x", NULL,
	    false },
	{ "oidcc-ensure-request-with-unknown-parameter-succeeds", GOOD PKCE "&extra=foobar", NULL,
	    false },
	{ "oidcc-display-page", GOOD PKCE "&display=page", NULL, false },
	{ "oidcc-display-popup", GOOD PKCE "&display=popup", NULL, false },
	{ "oidcc-ui-locales", GOOD PKCE "&ui_locales=se", NULL, false },
	{ "oidcc-claims-locales", GOOD PKCE "&claims_locales=se", NULL, false },
	{ "oidcc-ensure-request-with-acr-values-succeeds", GOOD PKCE "&acr_values=1+2", NULL,
	    false },
	{ "oidcc-login-hint", GOOD PKCE "&login_hint=bob%40example.org", NULL, false },
	{ "oidcc-claims-essential",
	    GOOD PKCE
	    "&claims=%7B%22userinfo%22%3A%7B%22name%22%3A%7B%22essential%22%3Atrue%7D%7D%7D",
	    NULL, false },
	{ "oidcc-prompt-login", GOOD PKCE "&prompt=login", NULL, false },
	{ "oidcc-prompt-none-logged-in", GOOD PKCE "&prompt=none", NULL, false },
	{ "oidcc-max-age-1", GOOD PKCE "&max_age=1", NULL, false },
	{ "oidcc-scope-all", BASE "&response_type=code&scope=openid+profile+email" PKCE, NULL,
	    false },
	{ "resource twice (RFC 8707)", GOOD PKCE "&resource=a&resource=b", "invalid_target",
	    false },
	{ "resource that is a client", GOOD PKCE "&resource=rp", "invalid_target", false },
	{ "resource that is not known", GOOD PKCE "&resource=a", "invalid_target", false },
	{ "oidcc-response-type-missing", BASE "&scope=openid" PKCE, "invalid_request", false },
	{ "response_type token", BASE "&scope=openid&response_type=token" PKCE,
	    "unsupported_response_type", false },
	{ "response_type code id_token", BASE "&scope=openid&response_type=code+id_token" PKCE,
	    "unsupported_response_type", false },
	{ "oidcc-ensure-registered-redirect-uri",
	    "client_id=rp&redirect_uri=https%3A%2F%2Frp.example%2Fcb2&response_type=code"
	    "&scope=openid" PKCE,
	    "invalid_request", true },
	{ "no redirect_uri", "client_id=rp&response_type=code&scope=openid" PKCE, "invalid_request",
	    true },
	{ "redirect_uri twice", GOOD PKCE "&redirect_uri=https%3A%2F%2Frp.example%2Fcb",
	    "invalid_request", true },
	{ "redirect_uri[]",
	    "client_id=rp&redirect_uri%5B%5D=https%3A%2F%2Frp.example%2Fcb&response_type=code"
	    "&scope=openid" PKCE,
	    "invalid_request", true },
	{ "client_id missing",
	    "redirect_uri=https%3A%2F%2Frp.example%2Fcb&response_type=code&scope=openid" PKCE,
	    "invalid_request", true },
	{ "client_id twice", GOOD PKCE "&client_id=rp", "invalid_request", true },
	{ "client_id unknown",
	    "client_id=rq&redirect_uri=https%3A%2F%2Frp.example%2Fcb&response_type=code"
	    "&scope=openid" PKCE,
	    "invalid_request", true },
	{ "a resource server",
	    "client_id=api&redirect_uri=https%3A%2F%2Frp.example%2Fcb&response_type=code"
	    "&scope=openid" PKCE,
	    "invalid_request", true },
	{ "state twice", GOOD PKCE "&state=a&state=b", "invalid_request", false },
	{ "scope twice", GOOD PKCE "&scope=openid", "invalid_request", false },
	{ "an unknown parameter twice", GOOD PKCE "&x=1&x=2", "invalid_request", false },
	{ "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
	    GOOD PKCE "&request=eyJhbGciOiJub25lIn0.e30.", "request_not_supported", false },
	{ "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
	    GOOD PKCE "&request_uri=https%3A%2F%2Frp.example%2Freq", "request_uri_not_supported",
	    false },
	{ "registration", GOOD PKCE "&registration=%7B%7D", "registration_not_supported", false },
	{ "response_mode fragment", GOOD PKCE "&response_mode=fragment", "invalid_request", false },
	{ "no scope", BASE "&response_type=code" PKCE, "invalid_scope", false },
	{ "scope that it may not have", BASE "&response_type=code&scope=phone" PKCE,
	    "invalid_scope", false },
	{ "scope with a quote", BASE "&response_type=code&scope=openid+%22" PKCE, "invalid_scope",
	    false },
	{ "scope with two spaces", BASE "&response_type=code&scope=openid++email" PKCE,
	    "invalid_scope", false },
	/* PKCE: authentik CVE-2023-48228, CVE-2024-23647 */
	{ "challenge stripped", GOOD, "invalid_request", false },
	{ "method stripped", GOOD "&code_challenge=" CHALLENGE, "invalid_request", false },
	{ "challenge stripped, method not", GOOD "&code_challenge_method=S256", "invalid_request",
	    false },
	{ "plain", GOOD "&code_challenge=" VERIFIER "&code_challenge_method=plain",
	    "invalid_request", false },
	{ "s256", GOOD "&code_challenge=" CHALLENGE "&code_challenge_method=s256",
	    "invalid_request", false },
	{ "a challenge of 42",
	    GOOD "&code_challenge_method=S256&code_challenge="
		 "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
	    "invalid_request", false },
	{ "a challenge with padding",
	    GOOD "&code_challenge_method=S256&code_challenge=" CHALLENGE "%3D", "invalid_request",
	    false },
	{ "prompt none and login", GOOD PKCE "&prompt=none+login", "invalid_request", false },
	{ "prompt none twice", GOOD PKCE "&prompt=none+none", "invalid_request", false },
	{ "max_age that is no number", GOOD PKCE "&max_age=1x", "invalid_request", false },
	{ "max_age below zero", GOOD PKCE "&max_age=-1", "invalid_request", false },
	{ "max_age of 11 digits", GOOD PKCE "&max_age=10000000000", "invalid_request", false },
};

static void
register_clients(void)
{
	struct db_client c = { .id = SPAN_LIT("rp"),
		.name = SPAN_LIT("RP"),
		.redirects = SPAN_LIT("https://rp.example/cb"),
		.scopes = SPAN_LIT("openid profile email"),
		.algorithm = SPAN_LIT("RS256") };

	assert_int_equal(db_client_add(s, &c), ERR_OK);
	c.id = SPAN_LIT("api");
	c.auth = DB_AUTH_BASIC;
	c.flags = DB_RESOURCE;
	assert_int_equal(db_client_add(s, &c), ERR_OK);
	c.id = SPAN_LIT("web");
	c.flags = 0;
	assert_int_equal(db_client_add(s, &c), ERR_OK);
	c.id = SPAN_LIT("old");
	c.flags = DB_NO_PKCE;
	assert_int_equal(db_client_add(s, &c), ERR_OK);
}

static enum err
judge(const char *text, bool always, struct authreq *r, struct form *f, struct authreq_wrong *w)
{
	const struct authreq_rules rules = { .db = s, .pkce_always = always };

	*f = (struct form){ .n = 0 };
	*r = (struct authreq){ .known = false };
	assert_int_equal(form_parse(span_str(text), f), ERR_OK);
	return authreq_judge(r, f, &rules, w);
}

static void
test_rows(void **state)
{
	struct authreq_wrong w;
	struct authreq r;
	struct form f;

	(void)state;
	register_clients();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err e = judge(rows[i].text, true, &r, &f, &w);

		if (!rows[i].error ? e != ERR_OK
				   : e != ERR_FORMAT || strcmp(w.error, rows[i].error) != 0)
			fail_msg("%s: %s %s", rows[i].name, err_name(e), e ? w.error : "");
		if (r.known == rows[i].page)
			fail_msg("%s: %s", rows[i].name, r.known ? "told the client" : "a page");
		authreq_done(&r);
		form_done(&f);
	}
}

/* Who must send a challenge: all; or, when the owner says so, those without a secret. */
static void
test_pkce_rules(void **state)
{
	static const struct {
		const char *client;
		bool always;
		enum err e;
	} must[] = { { "rp", true, ERR_FORMAT }, { "rp", false, ERR_FORMAT },
		{ "web", true, ERR_FORMAT }, { "web", false, ERR_OK }, { "old", true, ERR_OK } };
	struct authreq_wrong w;
	struct authreq r;
	struct form f;
	char text[256];

	(void)state;
	register_clients();
	for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
		(void)snprintf(text, sizeof text,
		    "client_id=%s&redirect_uri=https%%3A%%2F%%2Frp.example%%2Fcb"
		    "&response_type=code&scope=openid",
		    must[i].client);
		assert_int_equal(judge(text, must[i].always, &r, &f, &w), must[i].e);
		authreq_done(&r);
		form_done(&f);
	}
}

static void
test_what_it_says(void **state)
{
	struct authreq_wrong w;
	struct authreq r;
	struct form f;

	(void)state;
	register_clients();
	assert_int_equal(
	    judge(BASE
		"&response_type=code&scope=email+nonsense+openid+email&state=a%26b&nonce=n"
		"&prompt=consent+select_account+other&max_age=0&response_mode=form_post" PKCE,
		true, &r, &f, &w),
	    ERR_OK);
	assert_true(span_is(buf_span(&r.scopes), "email openid"));
	assert_true(span_is(r.state, "a&b") && span_is(r.nonce, "n"));
	assert_int_equal(r.prompt, AUTHREQ_PROMPT_CONSENT | AUTHREQ_PROMPT_SELECT);
	assert_true(r.form_post && r.has_max_age && r.max_age == 0);
	assert_true(span_is(r.challenge, CHALLENGE));
	authreq_done(&r);
	form_done(&f);
}

/* RFC 7636 appendix B, and verifiers that are none (fosite, authentik). */
static void
test_pkce(void **state)
{
	char big[130];

	(void)state;
	assert_true(pkce_fits(SPAN_LIT(CHALLENGE), SPAN_LIT(VERIFIER)));
	assert_false(pkce_fits(SPAN_LIT(CHALLENGE), SPAN_LIT(CHALLENGE)));
	assert_false(pkce_fits(SPAN_LIT(CHALLENGE), SPAN_NONE));
	assert_false(pkce_fits(SPAN_NONE, SPAN_LIT(VERIFIER)));
	assert_false(pkce_fits(SPAN_NONE, SPAN_NONE));
	memset(big, 'a', sizeof big);
	assert_true(pkce_is_verifier(SPAN(big, 128)) && pkce_is_verifier(SPAN(big, 43)));
	assert_false(pkce_is_verifier(SPAN(big, 129)) || pkce_is_verifier(SPAN(big, 42)));
	big[20] = '+';
	assert_false(pkce_is_verifier(SPAN(big, 50)));
	big[20] = '\0';
	assert_false(pkce_is_verifier(SPAN(big, 50)));
}

static void
test_scopes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_true(scope_is_set(SPAN_LIT("a b:c/d")));
	assert_false(scope_is_set(SPAN_NONE) || scope_is_set(SPAN_LIT(" a")) ||
	    scope_is_set(SPAN_LIT("a ")) || scope_is_set(SPAN_LIT("a\\b")) ||
	    scope_is_set(SPAN_LIT("a\tb")) || scope_is_set(SPAN_LIT("\xc3\xa4")));
	assert_true(scope_has(SPAN_LIT("openid email"), "email"));
	assert_false(scope_has(SPAN_LIT("openid email"), "mail"));
	assert_false(scope_has(SPAN_LIT("openid email"), ""));
	assert_true(scope_is_within(SPAN_LIT("b"), SPAN_LIT("a b c")));
	assert_true(scope_is_within(SPAN_NONE, SPAN_NONE));
	assert_false(scope_is_within(SPAN_LIT("b d"), SPAN_LIT("a b c")));
	scope_put_allowed(&b, SPAN_LIT("c a a x"), SPAN_LIT("a b c"));
	assert_string_equal(buf_cstr(&b), "c a");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rows),
		T(test_pkce_rules),
		T(test_what_it_says),
		cmocka_unit_test(test_pkce),
		cmocka_unit_test(test_scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
