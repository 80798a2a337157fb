/* Headers: credentials, cookies, types, languages, addresses; and JSON that we write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/text.h"
#include "oidc/web/header.h"
#include "oidc/web/jput.h"

static enum err
basic(const char *pair, struct header_credentials *c)
{
	struct buf b = BUF_INIT;
	enum err e;

	buf_put_str(&b, "Basic ");
	text_encode(TEXT_BASE64, span_str(pair), &b);
	e = header_authorization(buf_span(&b), c);
	buf_done(&b);
	return e;
}

static void
takes_basic(void **state)
{
	struct header_credentials c;

	(void)state;
	/* RFC 6749 2.3.1: form-encoded before base64; a colon in the secret is %3A */
	assert_int_equal(basic("id%3A1:s%25e%3Ac+r", &c), ERR_OK);
	assert_int_equal(c.kind, HEADER_AUTH_BASIC);
	assert_true(span_is(c.id, "id:1"));
	assert_true(span_is(c.secret, "s%e:c r"));
	header_credentials_done(&c);
	/* clients that do not encode: the first colon divides */
	assert_int_equal(basic("id:a:b", &c), ERR_OK);
	assert_true(span_is(c.id, "id"));
	assert_true(span_is(c.secret, "a:b"));
	header_credentials_done(&c);
	assert_int_equal(basic("id:", &c), ERR_OK);
	assert_int_equal(c.secret.len, 0);
	header_credentials_done(&c);
}

static void
refuses_credentials(void **state)
{
	static const char *const bad[] = { "", " ", "Basic", "Basic ", "Basic ####",
		"Basic YTpi=", "Basic YQ==", "Bearer", "Bearer ", "Bearer a b", "Bearer a,b",
		"Bearer a=b", "Bearer \x01", "Basic YTolMDA=" /* a:%00 */,
		"Basic YTr/" /* a:\xff */ };
	struct header_credentials c;
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(header_authorization(span_str(bad[i]), &c), ERR_FORMAT);
	buf_put_str(&b, "Bearer ");
	for (int i = 0; i < 5000; i++)
		buf_put_u8(&b, 'a');
	assert_int_equal(header_authorization(buf_span(&b), &c), ERR_FORMAT);
	buf_done(&b);
}

static void
takes_bearer(void **state)
{
	struct header_credentials c;

	(void)state;
	assert_int_equal(header_authorization(span_str("bEARER  okat_a-b.c~+/=="), &c), ERR_OK);
	assert_int_equal(c.kind, HEADER_AUTH_BEARER);
	assert_true(span_is(c.token, "okat_a-b.c~+/=="));
	header_credentials_done(&c);
	assert_int_equal(header_authorization(span_str("DPoP abc"), &c), ERR_OK);
	assert_int_equal(c.kind, HEADER_AUTH_OTHER);
	header_credentials_done(&c);
}

static bool
cookie(const char *value, const char *want)
{
	struct span v;

	if (!header_cookie(span_str(value), "__Host-ownkey", &v))
		return want == NULL;
	return want && span_is(v, want);
}

static void
takes_cookies(void **state)
{
	(void)state;
	assert_true(cookie("a=b; __Host-ownkey=xyz; c=d", "xyz"));
	assert_true(cookie("__Host-ownkey=", ""));
	assert_true(cookie("x__Host-ownkey=1", NULL));
	assert_true(cookie("__host-ownkey=1", NULL));
	assert_true(cookie("__Host-ownkey", NULL));
	assert_true(cookie("", NULL));
	assert_true(cookie("__Host-ownkey=1; __Host-ownkey=2", NULL));
	assert_true(cookie("__Host-ownkey=\"1\"", NULL));
	assert_true(cookie("__Host-ownkey=1\x01", NULL));
	assert_true(cookie(";;; ;=; __Host-ownkey=a=b", "a=b"));
}

static void
takes_types(void **state)
{
	static const char form[] = "application/x-www-form-urlencoded";

	(void)state;
	assert_true(header_is_type(span_str("application/x-www-form-urlencoded"), form));
	assert_true(
	    header_is_type(span_str("Application/X-WWW-form-urlencoded ; charset=UTF-8"), form));
	assert_true(
	    header_is_type(span_str("application/x-www-form-urlencoded;charset=\"utf-8\""), form));
	assert_false(
	    header_is_type(span_str("application/x-www-form-urlencoded;charset=utf-16"), form));
	assert_false(header_is_type(span_str("multipart/form-data; boundary=x"), form));
	assert_false(header_is_type(span_str("application/json"), form));
	assert_false(header_is_type(span_str(""), form));
	assert_false(header_is_type(span_str("application/x-www-form-urlencodedx"), form));
}

static void
finds_languages(void **state)
{
	static const char *const have[] = { "en", "de", "pt-BR", NULL };

	(void)state;
	assert_string_equal(header_language(span_str("de-AT, en;q=0.5"), have), "de");
	assert_string_equal(header_language(span_str("en;q=0.2, DE;q=0.9"), have), "de");
	assert_string_equal(header_language(span_str("fr, *"), have), "en");
	assert_string_equal(header_language(span_str("de;q=0, en"), have), "en");
	assert_string_equal(header_language(span_str("pt-br"), have), "pt-BR");
	assert_string_equal(header_language(span_str(",,;;q=,de;q=zz"), have), "en");
	assert_string_equal(header_locales(span_str("fr-CA fr de"), have), "de");
	assert_null(header_locales(span_str("fr"), have));
}

static bool
trusts_ten(void *arg, const char *address)
{
	(void)arg;
	return strncmp(address, "10.", 3) == 0;
}

static bool
forwarded(const char *value, const char *want)
{
	char out[64];

	if (!header_forwarded_for(span_str(value), trusts_ten, NULL, out))
		return want == NULL;
	return want && strcmp(out, want) == 0;
}

static void
finds_addresses(void **state)
{
	(void)state;
	assert_true(forwarded("1.2.3.4", "1.2.3.4"));
	/* what the client itself wrote stands to the left of what the proxy saw */
	assert_true(forwarded("9.9.9.9, 1.2.3.4", "1.2.3.4"));
	assert_true(forwarded("1.2.3.4, 10.0.0.1", "1.2.3.4"));
	assert_true(forwarded("1.2.3.4:567", "1.2.3.4"));
	assert_true(forwarded("[2001:DB8::1]:80", "2001:db8::1"));
	assert_true(forwarded("2001:db8::1", "2001:db8::1"));
	assert_true(forwarded("10.0.0.1", NULL));
	assert_true(forwarded("1.2.3.4, unknown", NULL));
	assert_true(forwarded("1.2.3.4, 127.1", NULL));
	assert_true(forwarded("", NULL));
	assert_true(forwarded("1.2.3.4,", NULL));
}

static void
writes_json(void **state)
{
	struct buf b = BUF_INIT;
	struct jput j = jput_into(&b);

	(void)state;
	jput_object(&j, NULL);
	jput_text(&j, "a", span_str("\"\\\n</script>\xc3\xa9"));
	jput_words(&j, "w", span_str("x  y"));
	jput_list(&j, "l");
	jput_object(&j, NULL);
	jput_uint(&j, "n", 7);
	jput_end(&j);
	jput_bool(&j, NULL, true);
	jput_end(&j);
	jput_text(&j, "bad", span_str("\xff"));
	jput_end(&j);
	assert_string_equal(buf_cstr(&b),
	    "{\"a\":\"\\\"\\\\\\u000a\\u003c/script\\u003e\xc3\xa9\",\"w\":[\"x\",\"y\"],"
	    "\"l\":[{\"n\":7},true],\"bad\":\"\xef\xbf\xbd\"}");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_basic),
		cmocka_unit_test(refuses_credentials),
		cmocka_unit_test(takes_bearer),
		cmocka_unit_test(takes_cookies),
		cmocka_unit_test(takes_types),
		cmocka_unit_test(finds_languages),
		cmocka_unit_test(finds_addresses),
		cmocka_unit_test(writes_json),
	};

	return cmocka_run_group_tests_name("oidc_header", tests, NULL, NULL);
}
