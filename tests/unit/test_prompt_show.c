#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/prompt/pinentry.h"
#include "agent/prompt/show.h"
#include "agent/prompt/tty.h"

static void
test_wrapped(void **state)
{
	static const struct {
		size_t columns;
		const char *text;
		const char *want;
	} rows[] = {
		{ 10, "", "" },
		{ 10, "short", "short" },
		{ 10, "exactly 10", "exactly 10" },
		{ 10, "exactly 10 and more", "exactly 10\nand more" },
		{ 10, "one two three four", "one two\nthree four" },
		{ 10, "one two  three", "one two\nthree" },
		{ 10, "one       two", "one\ntwo" },
		{ 10, "a\n\nb\n", "a\n\nb\n" },
		{ 10, "0123456789abcdef", "0123456789\nabcdef" },
		{ 10, "x 0123456789abc", "x\n0123456789\nabc" },
		{ 4, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
		    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n\xc3\xa4" },
		/* CJK counts double */
		{ 5, "\xe9\xbe\x8d\xe9\xbe\x8d\xe9\xbe\x8d",
		    "\xe9\xbe\x8d\xe9\xbe\x8d\n\xe9\xbe\x8d" },
		{ 2, "\xf0\x9f\x94\x91\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91\n\xf0\x9f\x94\x91" },
		{ 10, "\x1b[2J\r\x07", "?[2J??" },
		{ 10, "\xff\xfe", "??" },
		{ 10, "   ", "   " },
		{ 2, "   x", "\nx" },
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_reset(&b);
		show_wrapped(span_str(rows[i].text), rows[i].columns, &b);
		assert_int_equal(buf_err(&b), ERR_OK);
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	buf_done(&b);
}

/* Only the width counts here, whatever the bytes. */
static void
test_random(void **state)
{
	static const char alphabet[] = "a \n\xc3\xa4\xe9\xbe\x8d\x1b";
	char text[64];
	struct buf b = BUF_INIT;
	size_t len, width;

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		buf_reset(&b);
		show_wrapped(SPAN(text, sizeof(text)), 7, &b);
		width = 0;
		for (size_t i = 0; i < b.len; i += len) {
			width += show_columns(b.p + i, b.len - i, &len);
			if (b.p[i] == '\n')
				width = 0;
			assert_true(width <= 7);
		}
	}
	buf_done(&b);
}

static void
test_find(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(pinentry_find(SPAN_LIT("sh"), "/x::bin:/bin", out, sizeof(out)), ERR_OK);
	assert_string_equal(out, "/bin/sh");
	assert_int_equal(pinentry_find(SPAN_LIT("/bin/sh"), NULL, out, sizeof(out)), ERR_OK);
	assert_int_equal(pinentry_find(SPAN_LIT("sh"), NULL, out, sizeof(out)), ERR_NOTFOUND);
	assert_int_equal(pinentry_find(SPAN_LIT("sh"), "/bin", out, 7), ERR_NOTFOUND);
	assert_int_equal(pinentry_find(SPAN_LIT("/bin/sh"), NULL, out, 7), ERR_NOTFOUND);
	assert_int_equal(pinentry_find(SPAN_LIT("bin/sh"), "/", out, sizeof(out)), ERR_NOTFOUND);
	assert_int_equal(pinentry_find(SPAN_LIT("none"), "/bin", out, sizeof(out)), ERR_NOTFOUND);
	assert_int_equal(pinentry_find(SPAN_NONE, "/nonexistent", out, sizeof(out)), ERR_NOTFOUND);
}

static void
test_tty_unfit(void **state)
{
	static const char *const bad[] = { "", "x", "/", "/dev/null", "/etc/passwd",
		"/nonexistent" };
	char longest[300];
	struct tty t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(tty_open(&t, span_str(bad[i])), ERR_NOPROMPT);
		assert_int_equal(t.fd, -1);
	}
	memset(longest, '/', sizeof(longest));
	assert_int_equal(tty_open(&t, SPAN(longest, sizeof(longest))), ERR_NOPROMPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_tty_unfit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
