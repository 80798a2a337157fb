#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/worker/jsonsplit.h"

static const struct jsonsplit_want wants[] = { { "a", false }, { "list", true } };

static char got[512];

static enum err
take(void *arg, size_t i, struct span piece)
{
	size_t n = strlen(got);

	(void)arg;
	snprintf(got + n, sizeof got - n, "%zu:%.*s;", i, (int)piece.len, (const char *)piece.p);
	return ERR_OK;
}

/* In pieces of n characters. */
static enum err
cut(const char *text, size_t n, size_t room_size)
{
	struct sec room = { 0 };
	struct jsonsplit s;
	struct span in = span_str(text);
	enum err e;

	got[0] = '\0';
	assert_int_equal(sec_init(&room, room_size), ERR_OK);
	jsonsplit_init(&s, &room);
	s.want = wants;
	s.nwant = 2;
	s.take = take;
	e = ERR_OK;
	while (!e && in.len > 0) {
		size_t k = in.len < n ? in.len : n;

		e = jsonsplit_push(&s, SPAN(in.p, k));
		in = SPAN(in.p + k, in.len - k);
	}
	if (!e)
		e = jsonsplit_end(&s);
	for (size_t i = 0; i < room.cap; i++)
		assert_true(e || room.p[i] == 0);
	sec_done(&room);
	return e;
}

static void
test_pieces(void **state)
{
	static const struct {
		const char *text, *pieces;
	} rows[] = {
		{ "{}", "" },
		{ " { \"a\" : 1 } \n", "0:1;" },
		{ "{\"a\":{\"a\":[1,2]},\"b\":3}", "0:{\"a\":[1,2]};" },
		{ "{\"list\":[]}", "" },
		{ "{\"list\":[1, \"]\" ,{\"a\":\"\\\"}\"},[],true ]}",
		    "1:1;1:\"]\";1:{\"a\":\"\\\"}\"};1:[];1:true;" },
		{ "{\"x\":[\"a\",{\"list\":[1]}],\"a\":\"\\\\\"}", "0:\"\\\\\";" },
		{ "{\"a\\\"\":1,\"\":2,\"aa\":3}", "" },
		{ "{\"a-name-that-is-longer-than-there-is-room-for-in-all-of-it\":1}", "" },
		{ "{\"list\":[1],\"a\":null}", "1:1;0:null;" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t n = 1; n < 9; n++) {
			assert_int_equal(cut(rows[i].text, n, 64), ERR_OK);
			assert_string_equal(got, rows[i].pieces);
		}
}

static void
test_refused(void **state)
{
	static const char *const rows[] = { "", "[]", "1", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1",
		"{\"a\":1,}", "{\"list\":[1,]}", "{\"list\":[,1]}", "{\"list\":{}}", "{\"list\":1}",
		"{}x", "{}{}", "{\"a\":1,\"a\":2}", "{\"list\":[],\"list\":[]}", "{\"a\":1]",
		"{\"list\":[1}", "{a:1}", "{\"a\" 1}", "{\"a\":\"", "{\"list\":[1]" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t n = 1; n < 5; n++)
			assert_int_equal(cut(rows[i], n, 64), ERR_FORMAT);
}

static void
test_limits(void **state)
{
	static char deep[4 * JSONSPLIT_DEPTH];

	(void)state;
	assert_int_equal(cut("{\"a\":\"12345\"}", 3, 7), ERR_OK);
	assert_int_equal(cut("{\"a\":\"123456\"}", 3, 7), ERR_TOOBIG);
	assert_int_equal(cut("{\"b\":\"123456789\"}", 3, 7), ERR_OK);
	strcpy(deep, "{\"b\":");
	memset(deep + 5, '[', JSONSPLIT_DEPTH + 1);
	assert_int_equal(cut(deep, 100, 64), ERR_TOOBIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_limits) };

	if (sec_arena_open(4096, true, true) != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
