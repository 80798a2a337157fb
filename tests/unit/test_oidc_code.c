/* Codes: taken once, whoever comes a second time is noticed, and nobody shuts others out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oidc/op/code.h"

static void
put(struct codes *c, uint64_t now, char text[HANDLE_TEXT])
{
	struct code code = { .client = SPAN_LIT("rp"), .nonce = SPAN_LIT("n") };

	assert_int_equal(codes_put(c, &code, now, text), ERR_OK);
}

static void
once(void **state)
{
	struct codes *c = codes_new(60);
	char text[HANDLE_TEXT];
	uint8_t family[DB_ID];
	struct code *got;

	(void)state;
	put(c, 1, text);
	assert_false(codes_was_spent(c, span_str(text), 2, family));
	assert_non_null(got = codes_take(c, span_str(text), 2));
	assert_true(span_is(got->client, "rp") && span_is(got->nonce, "n"));
	assert_null(codes_take(c, span_str(text), 2));
	assert_int_equal(codes_spent(c, span_str(text), 3), ERR_OK);
	assert_true(codes_was_spent(c, span_str(text), CODE_STONE, family));
	assert_memory_equal(family, got->family, DB_ID);
	assert_false(codes_was_spent(c, span_str(text), CODE_STONE + 2, family));
	code_free(got);
	put(c, 1, text);
	assert_null(codes_take(c, span_str(text), 60001));
	codes_free(c);
}

/* Who comes while the first still waits for its signature is as much a thief as who comes later. */
static void
meanwhile(void **state)
{
	struct codes *c = codes_new(60);
	char text[HANDLE_TEXT];
	uint8_t family[DB_ID];
	struct code *got;

	(void)state;
	put(c, 1, text);
	assert_non_null(got = codes_take(c, span_str(text), 2));
	assert_null(codes_take(c, span_str(text), 3));
	assert_true(codes_was_spent(c, span_str(text), 3, family));
	assert_int_equal(codes_spent(c, span_str(text), 4), ERR_EXISTS);
	code_free(got);
	codes_free(c);
}

static void
flood(void **state)
{
	struct codes *c = codes_new(60);
	char first[HANDLE_TEXT], text[HANDLE_TEXT];
	struct code *got;

	(void)state;
	put(c, 1, first);
	for (int i = 0; i < CODE_MOST; i++)
		put(c, 1, text);
	assert_null(codes_take(c, span_str(first), 2));
	assert_non_null(got = codes_take(c, span_str(text), 2));
	code_free(got);
	codes_free(c);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
		cmocka_unit_test(meanwhile),
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
