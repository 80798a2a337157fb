/* oidc.conf: what is taken, what is refused, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/conf.h"

static void
has_defaults(void **state)
{
	struct oidc_conf_wrong w;
	struct oidc_conf c;

	(void)state;
	assert_int_equal(
	    oidc_conf_parse(span_str("issuer = https://id.example.org\n"), &c, &w), ERR_OK);
	assert_int_equal(c.nlisten, 1);
	assert_int_equal(c.code_lifetime, 60);
	assert_int_equal(c.subject, OIDC_PAIRWISE);
	assert_int_equal(c.algorithms, OIDC_ES256 | OIDC_EDDSA | OIDC_RS256);
	assert_string_equal(oidc_conf_path(c.issuer), "");
	assert_string_equal(oidc_conf_path("https://a.example:8443/x/y"), "/x/y");
}

static void
knows_issuers(void **state)
{
	static const char *const good[] = { "https://id.example.org", "https://id.example.org:8443",
		"https://id.example.org/idp", "https://a.example/a/b-c_d.e~f",
		"http://localhost:8480", "http://127.0.0.1", "http://[::1]:8480/x",
		"https://x.onion" };
	static const char *const bad[] = { "", "id.example.org", "http://id.example.org",
		"https://", "https:///x", "https://id.example.org/", "https://a.example//b",
		"https://a.example/../b", "https://a.example/.", "https://a.example?x",
		"https://a.example#x", "https://u@a.example", "https://u:p@a.example",
		"https://A.example", "https://a.example:0", "https://a.example:x",
		"https://a.example:99999", "https://a.example:", "https://a b",
		"https://a.example/%41", "http://localhost.evil.example",
		"http://127.0.0.1.evil.example", "ftp://a.example", "https://[2001:db8::1]",
		"HTTPS://a.example", "https://a.example:443", "http://localhost:80" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(oidc_conf_is_issuer(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(oidc_conf_is_issuer(bad[i]));
}

static void
refuses(void **state)
{
	static const struct {
		const char *text, *says;
		size_t line;
	} rows[] = {
		{ "", "issuer is missing", 0 },
		{ "issuer = https://a.example\nlisten = 0.0.0.0:80\n", "the value of listen", 2 },
		{ "\nfoo = 1\n", "'foo' is no option", 2 },
		{ "issuer = https://a.example\nissuer = https://b.example\n", "issuer", 2 },
		{ "issuer = https://a.example\nlisten = unix:/a\nmetrics = unix:/a\n", "the same",
		    0 },
		{ "issuer = https://a.example\nsession_idle = 8d\n", "session_idle", 0 },
		{ "issuer = https://a.example\nalgorithms = none\n", "algorithms", 0 },
		{ "issuer = https://x.onion\nindieauth = yes\n", "proxy", 0 },
		{ "issuer = https://a.example\ntrusted_proxy = example.org\n", "trusted_proxy", 2 },
		{ "issuer = https://a.example\ncode_lifetime = never\n", "code_lifetime", 2 },
	};
	struct oidc_conf c = { .nlisten = 77 };
	struct oidc_conf_wrong w;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(oidc_conf_parse(span_str(rows[i].text), &c, &w), ERR_CONFIG);
		assert_int_equal(w.line, rows[i].line);
		assert_non_null(strstr(w.text, rows[i].says));
		assert_int_equal(c.nlisten, 77);
	}
	assert_int_equal(oidc_conf_load("/nonexistent/x", &c, &w), ERR_NOTFOUND);
	assert_int_not_equal(oidc_conf_load("/dev/null", &c, &w), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(knows_issuers),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("oidc_conf", tests, NULL, NULL);
}
