#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/assuan.h"

static enum err
parse(const char *line, struct assuan_reply *r)
{
	return assuan_parse(span_str(line), r);
}

static void
test_parse(void **state)
{
	static const struct {
		const char *line;
		enum assuan_kind kind;
		unsigned code;
		const char *rest;
	} rows[] = {
		{ "OK", ASSUAN_OK, 0, "" },
		{ "OK Pleased to meet you\r", ASSUAN_OK, 0, "Pleased to meet you" },
		{ "D 1234", ASSUAN_DATA, 0, "1234" },
		{ "D  ", ASSUAN_DATA, 0, " " },
		{ "D", ASSUAN_DATA, 0, "" },
		{ "S PIN_REPEATED", ASSUAN_STATUS, 0, "PIN_REPEATED" },
		{ "# hello", ASSUAN_COMMENT, 0, "" },
		{ "#", ASSUAN_COMMENT, 0, "" },
		{ "ERR 83886179 Operation cancelled <Pinentry>", ASSUAN_ERR, ASSUAN_CANCELED,
		    NULL },
		{ "ERR 83886194", ASSUAN_ERR, ASSUAN_NOT_CONFIRMED, NULL },
		{ "ERR 83886142 x", ASSUAN_ERR, ASSUAN_TIMEOUT, NULL },
		{ "ERR 0", ASSUAN_ERR, 0, NULL },
	};
	struct assuan_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(parse(rows[i].line, &r), ERR_OK);
		assert_int_equal(r.kind, rows[i].kind);
		assert_int_equal(r.code, rows[i].code);
		if (rows[i].rest != NULL)
			assert_true(span_is(r.rest, rows[i].rest));
	}
}

static void
test_parse_bad(void **state)
{
	static const char *const bad[] = { "", "\r", "OKAY", "ok", " OK", "DATA", "ERR", "ERR ",
		"ERR x", "ERR 1x", "ERR -1", "ERR 9999999999", "INQUIRE PIN", "END", "CAN", "BYE" };
	char line[ASSUAN_LINE_MAX + 2];
	struct assuan_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse(bad[i], &r), ERR_FORMAT);
	assert_int_equal(assuan_parse(SPAN_LIT("D 1\0002"), &r), ERR_FORMAT);
	memset(line, 'x', sizeof(line));
	memcpy(line, "D ", 2);
	assert_int_equal(assuan_parse(SPAN(line, ASSUAN_LINE_MAX), &r), ERR_OK);
	assert_int_equal(assuan_parse(SPAN(line, ASSUAN_LINE_MAX + 1), &r), ERR_TOOBIG);
}

static void
test_unescape(void **state)
{
	struct sec s = { 0 };

	(void)state;
	assert_int_equal(sec_init(&s, 8), ERR_OK);
	assert_int_equal(assuan_unescape(SPAN_LIT("a%25%0a%0D%00%FF+"), &s), ERR_OK);
	assert_int_equal(s.len, 7);
	assert_memory_equal(s.p, "a%\n\r\0\xff+", 7);
	assert_int_equal(assuan_unescape(SPAN_LIT("bc"), &s), ERR_TOOBIG);
	sec_wipe(&s);
	assert_int_equal(assuan_unescape(SPAN_LIT("%"), &s), ERR_FORMAT);
	assert_int_equal(assuan_unescape(SPAN_LIT("%4"), &s), ERR_FORMAT);
	assert_int_equal(assuan_unescape(SPAN_LIT("%4g"), &s), ERR_FORMAT);
	assert_int_equal(assuan_unescape(SPAN_LIT("% 41"), &s), ERR_FORMAT);
	sec_done(&s);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_command(void **state)
{
	char text[3000];
	struct buf b = BUF_INIT;

	(void)state;
	assuan_command("GETPIN", SPAN_NONE, &b);
	assert_string_equal(buf_cstr(&b), "GETPIN\n");
	buf_reset(&b);
	assuan_command("SETDESC ", SPAN_LIT("50%\r\n\tz\xc3\xa4\x7f"), &b);
	assert_string_equal(buf_cstr(&b), "SETDESC 50%25%0D%0A%09z\xc3\xa4%7F\n");
	/* exactly full, then one too many: cut at a whole character */
	memset(text, '%', sizeof(text));
	buf_reset(&b);
	assuan_command("SETDESC ", SPAN(text, 330), &b);
	assert_int_equal(b.len, 8 + 990 + 1);
	buf_reset(&b);
	assuan_command("SETDESC ", SPAN(text, 331), &b);
	assert_int_equal(b.len, 8 + 3 * 329 + 3 + 1);
	assert_memory_equal(b.p + b.len - 7, "%25...\n", 7);
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	buf_reset(&b);
	assuan_command("SETDESC x", SPAN(text, sizeof(text)), &b);
	assert_true(b.len <= ASSUAN_LINE_MAX + 1);
	assert_memory_equal(b.p + b.len - 6, "\xc3\xa4...\n", 6);
	buf_done(&b);
}

/* D lines: as few as fit, no escape cut in two, and the way back. */
static void
test_data(void **state)
{
	struct sec lines = { 0 }, again = { 0 };
	uint8_t all[1024];
	struct span rest;

	(void)state;
	assert_int_equal(sec_init(&lines, ASSUAN_DATA_ROOM(sizeof(all))), ERR_OK);
	assert_int_equal(sec_init(&again, sizeof(all)), ERR_OK);
	assert_int_equal(assuan_put_data(SPAN_LIT("a b%\n\xc3\xa4"), &lines), ERR_OK);
	assert_int_equal(lines.len, 14);
	assert_memory_equal(lines.p, "D a b%25%0A\xc3\xa4\n", 14);
	for (int kind = 0; kind < 3; kind++) {
		for (size_t i = 0; i < sizeof(all); i++)
			all[i] = kind == 0 ? 'x' : kind == 1 ? '%' : (uint8_t)(i * 7);
		sec_wipe(&lines);
		sec_wipe(&again);
		assert_int_equal(assuan_put_data(SPAN(all, sizeof(all)), &lines), ERR_OK);
		for (rest = sec_span(&lines); rest.len;) {
			size_t n =
			    (size_t)((const uint8_t *)memchr(rest.p, '\n', rest.len) - rest.p);

			assert_true(n <= ASSUAN_LINE_MAX && n > 2);
			assert_int_equal(assuan_unescape(span_sub(rest, 2, n - 2), &again), ERR_OK);
			rest = span_sub(rest, n + 1, rest.len - n - 1);
		}
		assert_int_equal(again.len, sizeof(all));
		assert_memory_equal(again.p, all, sizeof(all));
	}
	sec_done(&lines);
	sec_done(&again);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(16384, true, true) != ERR_OK;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_data),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
