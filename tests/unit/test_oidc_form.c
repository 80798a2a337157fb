/* Forms and queries: what is understood, and what is refused (notes: request parsing). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/web/form.h"

static void
takes(void **state)
{
	static const char text[] =
	    "client_id=a+b&state=%C3%A9%0A&empty=&bare&&x%5B%5D=1&state2=%26%3D";
	struct form f = { .n = 0 };
	struct span v;

	(void)state;
	assert_int_equal(form_parse(span_str(text), &f), ERR_OK);
	assert_int_equal(f.n, 6);
	assert_true(span_is(form_value(&f, "client_id"), "a b"));
	assert_true(span_is(form_value(&f, "state"), "\xc3\xa9\n"));
	assert_true(span_is(form_value(&f, "x[]"), "1"));
	assert_true(span_is(form_value(&f, "state2"), "&="));
	/* without a value is not there (RFC 6749 3.1) */
	assert_int_equal(form_get(&f, "empty", &v), FORM_ABSENT);
	assert_int_equal(form_get(&f, "bare", &v), FORM_ABSENT);
	assert_int_equal(form_get(&f, "x", &v), FORM_ABSENT);
	form_done(&f);
}

static void
sees_duplicates(void **state)
{
	static const char *const may[] = { "resource", NULL };
	struct form f = { .n = 0 };
	struct span v;

	(void)state;
	assert_int_equal(form_parse(span_str("a=1&resource=x&resource=y&%61=2"), &f), ERR_OK);
	assert_int_equal(form_get(&f, "a", &v), FORM_TWICE);
	assert_true(span_is(v, "1"));
	assert_int_equal(form_value(&f, "a").len, 0);
	assert_true(form_repeats(&f, may, &v));
	assert_true(span_is(v, "a"));
	form_done(&f);
	assert_int_equal(form_parse(span_str("resource=x&resource=y"), &f), ERR_OK);
	assert_false(form_repeats(&f, may, &v));
	assert_true(form_repeats(&f, NULL, &v));
	form_done(&f);
	/* one of them empty is still twice */
	assert_int_equal(form_parse(span_str("a=&a=1"), &f), ERR_OK);
	assert_int_equal(form_get(&f, "a", &v), FORM_TWICE);
	form_done(&f);
}

static void
refuses(void **state)
{
	static const char *const bad[] = { "a=%", "a=%2", "a=%zz", "a=%0g", "a=%00", "%00=1", "=1",
		"a=b c", "a=\n", "a=\x7f", "a=%C0%80", "a=%ED%A0%80", "a=%F5%80%80%80", "a=%FF",
		"a=\xff", "a=%E2%82", "a=1&b=%e9" };
	struct form f = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(form_parse(span_str(bad[i]), &f), ERR_FORMAT);
		assert_int_equal(f.n, 0);
		assert_null(f.at);
	}
	assert_int_equal(form_parse(SPAN("a=\0", 3), &f), ERR_FORMAT);
}

static void
is_bounded(void **state)
{
	struct buf b = BUF_INIT;
	struct form f = { .n = 0 };

	(void)state;
	for (int i = 0; i < FORM_FIELDS; i++)
		buf_putf(&b, "%sa=1", i ? "&" : "");
	assert_int_equal(form_parse(buf_span(&b), &f), ERR_OK);
	assert_int_equal(f.n, FORM_FIELDS);
	form_done(&f);
	buf_put_str(&b, "&a=1");
	assert_int_equal(form_parse(buf_span(&b), &f), ERR_LIMIT);
	buf_reset(&b);
	for (int i = 0; i <= FORM_NAME; i++)
		buf_put_str(&b, "n");
	assert_int_equal(form_parse(buf_span(&b), &f), ERR_LIMIT);
	buf_done(&b);
}

static void
round_trip(void **state)
{
	struct buf b = BUF_INIT;
	struct form f = { .n = 0 };
	uint8_t all[128];
	size_t n = 0;

	(void)state;
	for (int c = 1; c < 128; c++)
		all[n++] = (uint8_t)c;
	form_put(&b, "a", SPAN(all, n));
	form_put(&b, "b c", span_str("\xe2\x82\xac"));
	assert_int_equal(form_parse(buf_span(&b), &f), ERR_OK);
	assert_true(span_eq(form_value(&f, "a"), SPAN(all, n)));
	assert_true(span_is(form_value(&f, "b c"), "\xe2\x82\xac"));
	form_done(&f);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),
		cmocka_unit_test(sees_duplicates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests_name("oidc_form", tests, NULL, NULL);
}
