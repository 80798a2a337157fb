#include <setjmp.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/text.h"

static void
latin(const char *in, const char *want, size_t lost)
{
	struct buf b = BUF_INIT;

	assert_int_equal(text_latin(span_str(in), &b), lost);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
ascii(const char *in, const char *want, size_t lost)
{
	struct buf b = BUF_INIT;

	assert_int_equal(text_ascii(span_str(in), &b), lost);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_kept(void **state)
{
	(void)state;
	latin("", "", 0);
	latin("Alice (1) \\ ~", "Alice (1) \\ ~", 0);
	latin("Müller ß Æ", "M\xfcller \xdf \xc6", 0);
	latin("“€…–” Š", "\x93\x80\x85\x96\x94 \x8a", 0);
	/* an accent that stands behind its letter */
	latin("Mu\xcc\x88ller", "M\xfcller", 0);
	latin("a\xc2\xa0"
	      "b",
	    "a b", 0);
}

static void
test_transliterated(void **state)
{
	(void)state;
	latin("Łucja Żółtowska née Đặng",
	    "Lucja Z\xf3ltowska n\xe9"
	    "e Dang",
	    0);
	latin("Ирина Щербакова", "Irina Shcherbakova", 0);
	latin("Їжак Ґанок", "Yizhak Ganok", 0);
	latin("Ελένη Θωμά", "Eleni Thoma", 0);
	latin("ﬁne ①", "fine 1", 0);
	ascii("Müller ß Æ øre Œ", "Muller ss AE ore OE", 0);
	ascii("“a” – ‘b’…", "\"a\" - 'b'...", 0);
	ascii("Łucja", "Lucja", 0);
}

static void
test_lost(void **state)
{
	(void)state;
	latin("李小龍", "???", 3);
	latin("a\x1b[2Jb\n", "a?[2Jb?", 2);
	latin("\xff\xc3", "??", 2);
	latin("x\xc2\x81y", "x?y", 1);
	/* a mark that turns the line around is dropped without a trace */
	latin("a\xe2\x80\xae"
	      "b",
	    "ab", 0);
	ascii("€", "?", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_transliterated),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
