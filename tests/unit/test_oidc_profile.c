/* Profile URLs and client ids of IndieAuth: every rule, by what breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "oidc/op/profile.h"

struct row {
	const char *url;
	enum profile_wrong person, client;
	const char *canonical; /* NULL: as it is */
};

/* clang-format off */
static const struct row rows[] = {
	/* examples of the standard, 3.2 and 3.3 */
	{ "https://example.com/", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://example.com/username", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://example.com/users?id=100", PROFILE_OK, PROFILE_OK, NULL },
	{ "http://example.com/", PROFILE_OK, PROFILE_OK, NULL },
	{ "example.com", PROFILE_URL, PROFILE_URL, NULL },
	{ "mailto:user@example.com", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/foo/../bar", PROFILE_DOTS, PROFILE_DOTS, NULL },
	{ "https://example.com/#me", PROFILE_FRAGMENT, PROFILE_FRAGMENT, NULL },
	{ "https://user:pass@example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:8443/", PROFILE_PORT, PROFILE_OK, NULL },
	{ "https://172.28.92.51/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "http://127.0.0.1:8000/", PROFILE_PORT, PROFILE_OK, NULL },
	{ "http://127.0.0.1/", PROFILE_ADDRESS, PROFILE_OK, NULL },
	{ "http://[::1]:8000/", PROFILE_PORT, PROFILE_OK, NULL },
	{ "http://[::1]/", PROFILE_ADDRESS, PROFILE_OK, NULL },
	{ "http://localhost:8000/", PROFILE_PORT, PROFILE_OK, NULL },
	{ "http://localhost/", PROFILE_ALONE, PROFILE_OK, NULL },
	{ "https://intranet/", PROFILE_ALONE, PROFILE_OK, NULL },
	/* canonical form, 3.4: case of scheme and host, a path; nothing else */
	{ "https://example.com", PROFILE_OK, PROFILE_OK, "https://example.com/" },
	{ "https://example.com?a=B", PROFILE_OK, PROFILE_OK, "https://example.com/?a=B" },
	{ "HTTPS://EXAMPLE.com/ME", PROFILE_OK, PROFILE_OK, "https://example.com/ME" },
	{ "https://example.com/a%2Fb", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://example.com//", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://Example.com:443/", PROFILE_PORT, PROFILE_OK, "https://example.com:443/" },
	{ "https://xn--bcher-kva.example/", PROFILE_OK, PROFILE_OK, NULL },
	/* dot segments, encoded */
	{ "https://example.com/.", PROFILE_DOTS, PROFILE_DOTS, NULL },
	{ "https://example.com/%2e%2E/a", PROFILE_DOTS, PROFILE_DOTS, NULL },
	{ "https://example.com/.%2e", PROFILE_DOTS, PROFILE_DOTS, NULL },
	{ "https://example.com/...", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://example.com/.well-known/a", PROFILE_OK, PROFILE_OK, NULL },
	{ "https://example.com/?a=/../b", PROFILE_OK, PROFILE_OK, NULL },
	/* addresses in every notation that a resolver takes */
	{ "https://127.1/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://0x7f.1/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://0X7F.0x1/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://2130706433/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://0177.0.0.1/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://0/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://0.0.0.0/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://[::]/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://[::ffff:127.0.0.1]/", PROFILE_ADDRESS, PROFILE_ADDRESS, NULL },
	{ "https://[fe80::1%25eth0]/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://[::1/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://[::1]x/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://a.1a/", PROFILE_OK, PROFILE_OK, NULL },
	/* hosts that are none */
	{ "https:///a", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://", PROFILE_URL, PROFILE_URL, NULL },
	{ "https:/example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https:example.com", PROFILE_URL, PROFILE_URL, NULL },
	{ "//example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com./", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://localhost./", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example..com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://.example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://-a.example/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://a_b.example/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://ex%61mple.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://b\xc3\xbc" "cher.example/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com@evil.example/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com\\@evil.example/", PROFILE_URL, PROFILE_URL, NULL },
	/* ports that are none */
	{ "https://example.com:/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:0/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:0443/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:65536/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:99999999999/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com:4 3/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://localhost:80@evil.example/", PROFILE_URL, PROFILE_URL, NULL },
	/* schemes and characters */
	{ "", PROFILE_URL, PROFILE_URL, NULL },
	{ "javascript://example.com/%0aalert(1)", PROFILE_URL, PROFILE_URL, NULL },
	{ "ftp://example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/a b", PROFILE_URL, PROFILE_URL, NULL },
	{ " https://example.com/", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/\r\n", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/\t", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/%", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/%4", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/%zz", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/\"", PROFILE_URL, PROFILE_URL, NULL },
	{ "https://example.com/<>", PROFILE_URL, PROFILE_URL, NULL },
};
/* clang-format on */

static void
check(enum profile_wrong got, enum profile_wrong want, const struct row *r, struct buf *out)
{
	if (got != want)
		fail_msg("%s: %s", r->url, profile_text(got));
	if (want)
		assert_int_equal(out->len, 0);
	else
		assert_string_equal(buf_cstr(out), r->canonical ? r->canonical : r->url);
	buf_done(out);
}

static void
rules(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];

		check(profile_check_person(span_str(r->url), &out), r->person, r, &out);
		check(profile_check_client(span_str(r->url), &out), r->client, r, &out);
	}
}

static void
nul_and_length(void **state)
{
	char url[WEBURL_MAX + 2];

	(void)state;
	assert_int_equal(
	    profile_check_client(SPAN_LIT("https://example.com/\0"), NULL), PROFILE_URL);
	memset(url, 'a', sizeof url);
	memcpy(url, "https://example.com/", 20);
	assert_int_equal(profile_check_client(SPAN(url, WEBURL_MAX), NULL), PROFILE_OK);
	assert_int_equal(profile_check_client(SPAN(url, WEBURL_MAX + 1), NULL), PROFILE_URL);
	memset(url + 8, 'a', 64);
	memcpy(url + 72, ".example/", 9);
	assert_int_equal(profile_check_client(SPAN(url, 81), NULL), PROFILE_URL);
	url[71] = '.';
	url[72] = 'b';
	assert_int_equal(profile_check_client(SPAN(url, 81), NULL), PROFILE_OK);
}

/* A canonical form is its own. */
static void
twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf one = BUF_INIT, two = BUF_INIT;

		if (profile_check_client(span_str(rows[i].url), &one))
			continue;
		assert_int_equal(profile_check_client(buf_span(&one), &two), PROFILE_OK);
		assert_true(span_eq(buf_span(&one), buf_span(&two)));
		buf_done(&one);
		buf_done(&two);
	}
}

static void
fetched(void **state)
{
	(void)state;
	assert_true(profile_is_fetched(SPAN_LIT("https://app.example/")));
	assert_false(profile_is_fetched(SPAN_LIT("http://app.example/")));
	assert_false(profile_is_fetched(SPAN_LIT("https://127.0.0.1/")));
	assert_false(profile_is_fetched(SPAN_LIT("https://[::1]:8443/")));
	assert_false(profile_is_fetched(SPAN_LIT("https://LocalHost/")));
	assert_false(profile_is_fetched(SPAN_LIT("https://a.localhost/")));
}

static void
own_redirects(void **state)
{
	const struct span c = SPAN_LIT("https://app.example/app");

	(void)state;
	assert_true(profile_is_own(c, SPAN_LIT("https://app.example/back")));
	assert_true(profile_is_own(c, SPAN_LIT("https://APP.example:443/?x")));
	assert_false(profile_is_own(c, SPAN_LIT("http://app.example/back")));
	assert_false(profile_is_own(c, SPAN_LIT("https://app.example:444/back")));
	assert_false(profile_is_own(c, SPAN_LIT("https://app.example.evil.example/")));
	assert_false(profile_is_own(c, SPAN_LIT("https://app.example@evil.example/")));
	assert_false(profile_is_own(c, SPAN_LIT("https://b.app.example/")));
	assert_false(profile_is_own(c, SPAN_LIT("https://app.example/back#a")));
	assert_false(profile_is_own(c, SPAN_LIT("app:/back")));
}

static void
texts(void **state)
{
	(void)state;
	for (int w = PROFILE_URL; w <= PROFILE_ALONE; w++)
		assert_true(strlen(profile_text((enum profile_wrong)w)) > 10);
	for (int w = WEBURL_EMPTY; w <= WEBURL_PORT; w++)
		assert_true(strlen(weburl_text((enum weburl_wrong)w)) > 10);
	assert_string_equal(profile_text(PROFILE_OK), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(nul_and_length),
		cmocka_unit_test(twice),
		cmocka_unit_test(fetched),
		cmocka_unit_test(own_redirects),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
