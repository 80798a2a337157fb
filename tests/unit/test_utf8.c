#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include <utf8proc.h>

#include "lib/text.h"

/* libutf8proc's opinion */
static bool
valid(const uint8_t *p, size_t len)
{
	utf8proc_int32_t cp;
	utf8proc_ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = utf8proc_iterate(p, (utf8proc_ssize_t)len, &cp)) <= 0)
			return false;
	return true;
}

static void
test_utf8(void **state)
{
	uint8_t p[4];
	uint32_t i, good = 0;

	(void)state;
	for (i = 0; i < 1u << 24; i++) {
		p[0] = (uint8_t)(i >> 16);
		p[1] = (uint8_t)(i >> 8);
		p[2] = (uint8_t)i;
		if (text_is_utf8(SPAN(p, 3)) != valid(p, 3))
			fail_msg("%06x", i);
	}
	for (i = 0; i < 1u << 24; i++) { /* every start of four bytes, four ends */
		p[0] = (uint8_t)(0xf0 | (i >> 20 & 15));
		p[1] = (uint8_t)(i >> 12);
		p[2] = (uint8_t)(i >> 4);
		p[3] = (uint8_t)("\x7f\x80\xbf\xc0"[i & 3]);
		if (text_is_utf8(SPAN(p, 4)) != valid(p, 4))
			fail_msg("%02x%02x%02x%02x", p[0], p[1], p[2], p[3]);
		good += text_is_utf8(SPAN(p, 4));
	}
	assert_true(good > 0);
	assert_true(text_is_utf8(SPAN_NONE));
	assert_false(text_is_utf8(SPAN_LIT("\xf4\x90\x80\x80")));
}

static void
test_names(void **state)
{
	static const char *const good[] = { "", "alice", "@alice:example.org", "J\xc3\xbcrgen",
		"\xe6\xb0\xb4", "a b", "\xc2\xa0", "\xf0\x9f\x91\x8d", "\xcc\x81" };
	static const char *const bad[] = { "\n", "a\tb", "\x7f", "\x1b[0m", "\xc2\x80", "\xc2\x9f",
		"Ju\xcc\x88rgen", "\xff", "\xc3", "\xe2\x84\xab", "\xed\xa0\x80", "\xc0\x80" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!text_is_name(span_str(good[i])))
			fail_msg("good %zu", i);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_is_name(span_str(bad[i])))
			fail_msg("bad %zu", i);
	assert_false(text_is_name(SPAN("a\0b", 3)));
}

static void
test_nfc(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(text_nfc(SPAN_LIT("Ju\xcc\x88rgen"), &b), ERR_OK);
	assert_string_equal(buf_cstr(&b), "J\xc3\xbcrgen");
	assert_int_equal(text_nfc(SPAN("\xe2\x84\xab\0x", 5), &b), ERR_OK);
	assert_true(span_eq(buf_span(&b), SPAN("J\xc3\xbcrgen\xc3\x85\0x", 11)));
	assert_int_equal(text_nfc(SPAN_NONE, &b), ERR_OK);
	assert_int_equal(text_nfc(SPAN_LIT("\xc3("), &b), ERR_TEXT);
	assert_int_equal(b.len, 11);
	buf_done(&b);
	/* what is compatible only stays: a ligature is no f and i */
	assert_int_equal(text_nfc(SPAN_LIT("\xef\xac\x81"), &b), ERR_OK);
	assert_string_equal(buf_cstr(&b), "\xef\xac\x81");
	buf_done(&b);
}

static void
test_printable(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	text_printable(SPAN_LIT("a\x1b[31m\n\xc3\xbc\xc3(\xc2\x9b\x7f\xff\xe6\xb0\xb4"), &b);
	assert_string_equal(buf_cstr(&b), "a?[31m?\xc3\xbc?(???\xe6\xb0\xb4");
	buf_reset(&b);
	text_printable(SPAN("x\0y\xe6\xb0", 5), &b); /* a sequence cut off */
	assert_string_equal(buf_cstr(&b), "x?y??");
	buf_reset(&b);
	text_printable(SPAN_LIT("pay \xe2\x80\xae"
				"001\xe2\x81\xa6.\xe2\x80\xa8"),
	    &b);
	assert_string_equal(buf_cstr(&b), "pay ?001?.?");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nfc),
		cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
