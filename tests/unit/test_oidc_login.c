/* Whom tokens sign for, fields of answers, and how often something may be tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "oidc/db/memo.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/rate.h"
#include "oidc/oidc.h"
#include "oidc/web/parts.h"

static void
test_relying(void **state)
{
	static const char *const cases[][3] = {
		{ "https://id.example", "https://id.example", "id.example" },
		{ "https://id.example/idp", "https://id.example", "id.example" },
		{ "https://id.example:8443/a/b", "https://id.example:8443", "id.example" },
		{ "http://localhost:1234", "http://localhost:1234", "localhost" },
	};
	struct relying r;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		relying_of(cases[i][0], &r);
		assert_string_equal(r.origin, cases[i][1]);
		assert_string_equal(r.id, cases[i][2]);
	}
}

static enum err
read_two(const char *body, struct span *one, struct span *two, struct buf *keep)
{
	const struct ceremony_field fields[] = { { "one", 4, one }, { "two", 2, two } };
	struct form f = { .n = 0 };
	enum err e = form_parse(span_str(body), &f);

	assert_int_equal(e, ERR_OK);
	e = ceremony_read(&f, fields, 2, keep);
	form_done(&f);
	return e;
}

static void
test_fields(void **state)
{
	static const char *const bad[] = { "one=AAAAAAA&two=", "one=AA==", "one=A", "two=AAAA",
		"one=AB", "one=A%2B%2F%2B", "one=AA+AA" };
	struct span one, two;
	struct buf keep = BUF_INIT;

	(void)state;
	assert_int_equal(read_two("one=AQIDBA&two=_w", &one, &two, &keep), ERR_OK);
	assert_true(span_eq(one, SPAN_LIT("\1\2\3\4")) && span_eq(two, SPAN_LIT("\xff")));
	buf_done(&keep);
	assert_int_equal(read_two("two=_w", &one, &two, &keep), ERR_OK);
	assert_int_equal(one.len, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		buf_done(&keep);
		assert_int_equal(read_two(bad[i], &one, &two, &keep), ERR_FORMAT);
	}
	buf_done(&keep);
}

/* May this address try again? */
static bool
tries(struct oidc *o, const char *address)
{
	static const struct rate rate = { "test", 0, 3 };
	static const struct web_route route = { .flags = WEB_API };
	static struct web web;
	static struct web_answer answer = { .web = &web };
	struct web_request q = { .oidc = o, .route = &route, .answer = &answer };
	struct web_response a = { .status = 0 };
	bool ok;

	(void)snprintf(q.address, sizeof q.address, "%s", address);
	ok = rate_take(&q, &a, &rate);
	assert_int_equal(a.status, ok ? 0 : 429);
	buf_done(&a.body);
	buf_done(&a.headers);
	return ok;
}

static void
test_rates(void **state)
{
	static struct oidc o;

	(void)state;
	assert_non_null(o.rates = rate_table());
	for (int i = 0; i < 3; i++)
		assert_true(tries(&o, "192.0.2.1"));
	assert_false(tries(&o, "192.0.2.1"));
	assert_true(tries(&o, "192.0.2.2"));
	/* a house has 64 bits to choose from */
	assert_true(tries(&o, "2001:db8::1"));
	assert_true(tries(&o, "2001:db8::2"));
	assert_true(tries(&o, "2001:db8:0:0:ffff::3"));
	assert_false(tries(&o, "2001:db8::4"));
	assert_true(tries(&o, "2001:db8:0:1::1"));
	/* who is not known is not counted as one: else one stranger shuts out all behind a proxy */
	for (int i = 0; i < 9; i++) {
		assert_true(tries(&o, ""));
		assert_true(tries(&o, "127.0.0.1"));
		assert_true(tries(&o, "::1"));
		assert_true(tries(&o, "::ffff:127.0.0.1"));
	}
	/* IPv4 as a listener for both has it: by address, not all of it together */
	assert_false(tries(&o, "::ffff:192.0.2.1"));
	for (int i = 0; i < 9; i++)
		assert_int_equal(tries(&o, "::ffff:192.0.2.3"), i < 3);
	assert_true(tries(&o, "::ffff:192.0.2.4"));
	memo_free(o.rates);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relying),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
