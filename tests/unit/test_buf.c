#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/sec.h"

/* The sanitizer would rather abort than let malloc fail. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static size_t wiped;

/* Takes the place of lib/sec.c's, so that the wiping can be seen. */
void
sec_zero(void *p, size_t n)
{
	memset(p, 0, n);
	wiped += n;
}

static void
test_puts(void **state)
{
	static const uint8_t want[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
				      "abcdef\0\0\0\0\x02hi";
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_u8(&b, 1);
	buf_put_u16(&b, 0x0203);
	buf_put_u32(&b, 0x04050607);
	buf_put_u64(&b, 0x08090a0b0c0d0e0f);
	buf_put_str(&b, "abc");
	buf_put_span(&b, SPAN_LIT("def"));
	buf_put_span(&b, SPAN_NONE);
	buf_put(&b, NULL, 0);
	buf_put_zero(&b, 3);
	buf_put_zero(&b, 0);
	buf_put_lp(&b, SPAN_LIT("hi"));
	assert_int_equal(buf_err(&b), ERR_OK);
	assert_int_equal(b.len, sizeof(want) - 1);
	assert_memory_equal(b.p, want, b.len);
	buf_done(&b);
	assert_null(b.p);
	buf_done(&b);
}

static void
test_loads(void **state)
{
	uint8_t p[8];

	(void)state;
	put_be64(p, 0xfedcba9876543210);
	assert_memory_equal(p, "\xfe\xdc\xba\x98\x76\x54\x32\x10", 8);
	assert_int_equal(be16(p), 0xfedc);
	assert_int_equal(be32(p), 0xfedcba98);
	assert_true(be64(p) == 0xfedcba9876543210);
}

static void
test_growth_keeps_and_wipes(void **state)
{
	struct buf b = BUF_INIT;
	size_t i, first;

	(void)state;
	buf_put_u8(&b, 0);
	first = b.cap;
	wiped = 0;
	for (i = 1; i < 5000; i++)
		buf_put_u8(&b, (uint8_t)i);
	assert_int_equal(wiped, b.cap - first); /* all that was left behind */
	for (i = 0; i < 5000; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
	wiped = 0;
	first = b.cap;
	buf_done(&b);
	assert_int_equal(wiped, first);
}

static void
test_reset_drop_cut(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_put_str(&b, "secret stuff");
	buf_drop(&b, 7);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.p, "stuff\0\0\0\0\0\0\0", 12);
	buf_drop(&b, 0);
	buf_cut(&b, 2);
	assert_memory_equal(b.p, "st\0\0\0", 5);
	buf_drop(&b, 2);
	assert_int_equal(b.len, 0);
	buf_put_str(&b, "again");
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_memory_equal(b.p, "\0\0\0\0\0", 5);
	buf_done(&b);
	buf_drop(&b, 0);
	buf_cut(&b, 0);
	buf_reset(&b);
	assert_null(b.p);
}

static void
test_max_sticks(void **state)
{
	struct buf b = { .max = 10 };

	(void)state;
	buf_put_str(&b, "0123456789");
	assert_int_equal(buf_err(&b), ERR_OK);
	assert_string_equal(buf_cstr(&b), "0123456789");
	buf_put_u8(&b, 'x');
	assert_int_equal(buf_err(&b), ERR_TOOBIG);
	assert_int_equal(b.len, 10);
	buf_drop(&b, 5);
	buf_put_u8(&b, 'x'); /* there is room now, but a part is missing */
	assert_int_equal(b.len, 5);
	assert_null(buf_room(&b, 1));
	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	buf_put_u8(&b, 'x');
	assert_int_equal(buf_err(&b), ERR_OK);
	assert_string_equal(buf_cstr(&b), "x");
	buf_done(&b);
}

static void
test_no_memory(void **state)
{
	struct buf b = { .max = SIZE_MAX };

	(void)state;
	buf_put_str(&b, "kept");
	assert_null(buf_room(&b, SIZE_MAX / 8));
	assert_int_equal(buf_err(&b), ERR_NOMEM);
	assert_memory_equal(b.p, "kept", 4);
	buf_put_str(&b, "more");
	assert_int_equal(b.len, 4);
	buf_reset(&b);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_int_equal(buf_err(&b), ERR_TOOBIG);
	buf_done(&b);
}

static void
test_default_max(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_null(buf_room(&b, ((size_t)1 << 30) + 1));
	assert_int_equal(buf_err(&b), ERR_TOOBIG);
	assert_null(b.p);
}

static void
test_lp(void **state)
{
	struct buf b = BUF_INIT;
	uint8_t *p = calloc(1, 65536);

	(void)state;
	buf_put_lp(&b, SPAN(p, 65535));
	assert_int_equal(buf_err(&b), ERR_OK);
	assert_int_equal(b.len, 65537);
	assert_int_equal(be16(b.p), 65535);
	buf_put_lp(&b, SPAN(p, 65536));
	assert_int_equal(buf_err(&b), ERR_TOOBIG);
	assert_int_equal(b.len, 65537);
	buf_done(&b);
	free(p);
}

static void
test_format(void **state)
{
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i < 40; i++)
		buf_putf(&b, "%d-%s,", i, "x");
	assert_int_equal(strncmp(buf_cstr(&b), "0-x,1-x,", 8), 0);
	assert_int_equal(strlen(buf_cstr(&b)), b.len);
	assert_string_equal(buf_cstr(&b) + b.len - 5, "39-x,");
	i = (int)b.len;
	buf_putf(&b, "%s", "");
	assert_int_equal(b.len, i);
	buf_done(&b);
	assert_string_equal(buf_cstr(&b), "");
}

static void
test_room(void **state)
{
	struct buf b = BUF_INIT;
	uint8_t *p = buf_room(&b, 100);

	(void)state;
	assert_non_null(p);
	memset(p, 'a', 100);
	buf_add(&b, 60);
	assert_int_equal(b.len, 60);
	assert_ptr_equal(buf_room(&b, 1), b.p + 60);
	assert_int_equal(strlen(buf_cstr(&b)), 60);
	buf_done(&b);
}

static void
test_span(void **state)
{
	struct span s = SPAN_LIT("abcdef");

	(void)state;
	assert_true(span_is(span_sub(s, 2, 3), "cde"));
	assert_true(span_is(span_sub(s, 6, 0), ""));
	assert_null(span_sub(s, 7, 0).p);
	assert_null(span_sub(s, 1, SIZE_MAX).p);
	assert_int_equal(span_str(NULL).len, 0);
	assert_true(span_eq(SPAN_NONE, SPAN_LIT("")));
	assert_false(span_is(s, "abcdeg"));
	assert_false(span_is(s, "abcde"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_puts),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_growth_keeps_and_wipes),
		cmocka_unit_test(test_reset_drop_cut),
		cmocka_unit_test(test_max_sticks),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_default_max),
		cmocka_unit_test(test_lp),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
