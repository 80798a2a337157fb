#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/op/uri.h"

static const struct {
	const char *uri;
	enum uri_kind kind;
} kinds[] = {
	{ "https://ok.example/cb", URI_HTTPS },
	{ "https://ok.example", URI_HTTPS },
	{ "https://ok.example:8443/cb?x=1&y=%20", URI_HTTPS },
	{ "https://xn--bcher-kva.example/", URI_HTTPS },
	{ "https://192.0.2.1/cb", URI_HTTPS },
	{ "http://localhost:3000/cb", URI_LOOPBACK },
	{ "http://127.0.0.1/cb", URI_LOOPBACK },
	{ "http://[::1]:5/cb", URI_LOOPBACK },
	{ "org.example.app:/back", URI_PRIVATE },
	/* hosts that only look like another: Keycloak CVE-2024-8883, fosite CVE-2020-15233 */
	{ "http://localhost:80@evil.example/", URI_BAD },
	{ "http://localhost.evil.example/", URI_BAD },
	{ "http://127.0.0.1.evil.example/", URI_BAD },
	{ "http://ok.example/cb", URI_BAD },
	{ "https://ok.example@evil.example/", URI_BAD },
	{ "https://ok:pw@evil.example/", URI_BAD },
	{ "http://localhost:8090%25@evil.example/", URI_BAD },
	{ "https://ok.example\\@evil.example/", URI_BAD },
	{ "\\\\evil.example", URI_BAD },
	{ "/\\evil.example", URI_BAD },
	{ "https:evil.example", URI_BAD },
	{ "https:/evil.example", URI_BAD },
	{ "//evil.example/cb", URI_BAD },
	{ "https:///evil.example", URI_BAD },
	{ "https://", URI_BAD },
	{ "https://?x", URI_BAD },
	{ "https://OK.example/cb", URI_BAD },
	{ "HTTPS://ok.example/cb", URI_BAD },
	{ "https://ok.example./cb", URI_BAD },
	{ "https://ok..example/cb", URI_BAD },
	{ "https://*.ok.example/cb", URI_BAD },
	{ "https://ok.example:/cb", URI_BAD },
	{ "https://ok.example:0/cb", URI_BAD },
	{ "https://ok.example:080/cb", URI_BAD },
	{ "https://ok.example:65536/cb", URI_BAD },
	{ "https://ok.example:443x/cb", URI_BAD },
	{ "https://ok.example/cb#frag", URI_BAD },
	{ "https://ok.example/cb#", URI_BAD },
	{ "https://ok.example/a/../cb", URI_BAD },
	{ "https://ok.example/a/%2e%2E/cb", URI_BAD },
	{ "https://ok.example/a/.%2e", URI_BAD },
	{ "https://ok.example/./cb", URI_BAD },
	{ "https://ok.example/..", URI_BAD },
	{ "https://ok.example/a..b/...", URI_HTTPS },
	{ "https://ok.example/%", URI_BAD },
	{ "https://ok.example/%g0", URI_BAD },
	{ "https://ok.example/a b", URI_BAD },
	{ "https://ok.example/\r\nx", URI_BAD },
	{ "https://ok.example/\"", URI_BAD },
	{ "https://ok.example/<x>", URI_BAD },
	{ "https://b\xc3\xbc"
	  "cher.example/",
	    URI_BAD },
	{ "https://[fe80::1%25eth0]/", URI_BAD },
	{ "https://[::1]/", URI_BAD },
	{ "http://[::1]x/", URI_BAD },
	{ "http://[::1/", URI_BAD },
	/* schemes: workers-oauth-provider#97, authentik CVE-2024-21637 */
	{ "javascript:alert(1)", URI_BAD },
	{ "JavaScript:/alert(1)", URI_BAD },
	{ "data:text/html,x", URI_BAD },
	{ "myapp:/back", URI_BAD },
	{ "org.example.app://host/back", URI_BAD },
	{ "org.example.app:back", URI_BAD },
	{ "org.example.app:", URI_BAD },
	{ ".org:/back", URI_BAD },
	{ "1.org:/back", URI_BAD },
	{ "ftp://ok.example/", URI_BAD },
	{ "", URI_BAD },
};

static void
test_kinds(void **state)
{
	static uint8_t big[URI_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (uri_kind(span_str(kinds[i].uri)) != kinds[i].kind)
			fail_msg("%s: %d", kinds[i].uri, uri_kind(span_str(kinds[i].uri)));
	memset(big, 'a', sizeof big);
	memcpy(big, "https://a.b/", 12);
	assert_int_equal(uri_kind(SPAN(big, URI_MAX)), URI_HTTPS);
	assert_int_equal(uri_kind(SPAN(big, URI_MAX + 1)), URI_BAD);
	/* a NUL is a character like others, and none that may be there */
	assert_int_equal(uri_kind(SPAN("https://a.b/\0c", 14)), URI_BAD);
}

static void
test_may(void **state)
{
	(void)state;
	assert_true(uri_may(SPAN_LIT("https://a.b/"), false, false));
	assert_false(uri_may(SPAN_LIT("http://localhost/"), false, false));
	assert_true(uri_may(SPAN_LIT("http://localhost/"), false, true));
	assert_true(uri_may(SPAN_LIT("http://127.0.0.1/"), true, false));
	assert_false(uri_may(SPAN_LIT("a.b:/c"), false, true));
	assert_true(uri_may(SPAN_LIT("a.b:/c"), true, false));
}

static bool
listed(const char *lines, const char *uri, bool application)
{
	return uri_is_listed(span_str(lines), span_str(uri), application);
}

/* notes/oidc.md 5, redirect_uri: each differs from what is registered in one way. */
static void
test_listed(void **state)
{
	static const char two[] = "https://ok.example/cb\nhttps://ok.example/other?x=1";
	static const char *const evil[] = { "https://ok.example.evil.com/cb",
		"https://ok.example@evil.com/cb", "https://ok.example/cb/",
		"https://ok.example/cb?", "https://ok.example/cb?x=1", "https://ok.example/CB",
		"https://OK.example/cb", "https://ok.example:443/cb", "http://ok.example/cb",
		"https://ok.example/c", "https://ok.example/cb#", "https://ok.example/%63b",
		"https://ok.example/x/../cb", "https://ok.example/cb\n",
		"https://ok.example/cb\nhttps://ok.example/other?x=1", "", "\n",
		"https://ok.example/other", "https://ok.example/other?x=1&y=2",
		"https://ok.example./cb" };

	(void)state;
	assert_true(listed(two, "https://ok.example/cb", false));
	assert_true(listed(two, "https://ok.example/other?x=1", false));
	for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
		if (listed(two, evil[i], false) || listed(two, evil[i], true))
			fail_msg("%s", evil[i]);
	}
	assert_false(listed("", "", false));
}

/* RFC 8252 7.3, and what fosite CVE-2020-15233 got wrong. */
static void
test_loopback(void **state)
{
	static const char app[] = "http://127.0.0.1/cb\nhttp://[::1]:9/cb\nhttp://localhost/cb";

	(void)state;
	assert_true(listed(app, "http://127.0.0.1:49152/cb", true));
	assert_true(listed(app, "http://127.0.0.1/cb", true));
	assert_true(listed(app, "http://[::1]/cb", true));
	assert_true(listed(app, "http://[::1]:1/cb", true));
	/* not for servers; not for a name; not across; not with more */
	assert_false(listed(app, "http://127.0.0.1:49152/cb", false));
	assert_false(listed(app, "http://localhost:49152/cb", true));
	assert_true(listed(app, "http://localhost/cb", true));
	assert_false(listed("http://127.0.0.1/cb", "http://[::1]/cb", true));
	assert_false(listed(app, "https://127.0.0.1:1/cb", true));
	assert_false(listed(app, "http://127.0.0.1:1/cb?x=1", true));
	assert_false(listed(app, "http://127.0.0.1:1/cb/", true));
	assert_false(listed(app, "http://127.0.0.1:70000/cb", true));
	assert_false(listed(app, "http://127.0.0.1:1@evil.example/cb", true));
	assert_false(listed(app, "http://127.0.0.1.evil.example/cb", true));
	assert_false(listed("https://127.0.0.1/cb", "http://127.0.0.1:1/cb", true));
}

static void
test_parts(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_true(span_is(uri_origin(SPAN_LIT("https://a.b:8/c?d")), "https://a.b:8"));
	assert_true(span_is(uri_origin(SPAN_LIT("http://[::1]:8?d")), "http://[::1]:8"));
	assert_int_equal(uri_origin(SPAN_LIT("a.b:/c")).len, 0);
	assert_true(span_is(uri_host(SPAN_LIT("https://a.b:8/c")), "a.b"));
	assert_true(span_is(uri_host(SPAN_LIT("http://[::1]:8/c")), "[::1]"));
	uri_put_query(&b, SPAN_LIT("https://a.b/c"), SPAN_LIT("x=1"));
	assert_string_equal(buf_cstr(&b), "https://a.b/c?x=1");
	buf_reset(&b);
	uri_put_query(&b, SPAN_LIT("https://a.b/c?d"), SPAN_LIT("x=1"));
	assert_string_equal(buf_cstr(&b), "https://a.b/c?d&x=1");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_may),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
