/* cli/age: stanzas as they go over a pipe, identities as lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/age/convert.h"
#include "cli/age/ident.h"
#include "cli/age/machine.h"
#include "lib/age_plugin.h"
#include "lib/crypto.h"

static struct stanza_in in;

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(STANZA_ARENA + 65536, true, true);
}

static int
fresh(void **state)
{
	(void)state;
	return stanza_in_init(&in) != ERR_OK;
}

static int
done(void **state)
{
	(void)state;
	stanza_in_done(&in);
	return sec_arena_used() != 0;
}

static void
feed(struct span s)
{
	size_t room;
	uint8_t *at = stanza_in_room(&in, &room);

	assert_true(room >= s.len);
	memcpy(at, s.p, s.len);
	stanza_in_add(&in, s.len);
}

/* Each body that fills its lines, and one more and one less; read byte by byte. */
static void
test_round_trip(void **state)
{
	static const size_t lens[] = { 0, 1, 2, 16, 32, 47, 48, 49, 95, 96, 97, 1000 };
	struct sec out = { 0 }, body = { 0 };
	struct stanza s;

	(void)state;
	assert_int_equal(sec_init(&out, 4096), ERR_OK);
	assert_int_equal(sec_init(&body, 1000), ERR_OK);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		sec_wipe(&out);
		assert_int_equal(sec_random(&body, lens[i]), ERR_OK);
		assert_int_equal(stanza_put(&out, SPAN_LIT("a b-1 c"), sec_span(&body)), ERR_OK);
		for (size_t n = 0; n < out.len; n++) {
			assert_int_equal(stanza_next(&in, &s), ERR_TRUNCATED);
			feed(SPAN(out.p + n, 1));
		}
		assert_int_equal(stanza_next(&in, &s), ERR_OK);
		assert_int_equal(s.nargs, 3);
		assert_true(span_is(s.arg[0], "a") && span_is(s.arg[1], "b-1"));
		assert_true(span_eq(s.body, sec_span(&body)));
		assert_false(stanza_in_waits(&in));
	}
	sec_done(&out);
	sec_done(&body);
}

/* Two in one piece; what was taken is nowhere any more. */
static void
test_taken(void **state)
{
	struct stanza s;

	(void)state;
	feed(SPAN_LIT("-> one\nc2VjcmV0\n-> two\n\n-> th"));
	assert_int_equal(stanza_next(&in, &s), ERR_OK);
	assert_true(span_is(s.body, "secret") && sec_arena_has(s.body.p));
	assert_true(stanza_in_waits(&in));
	assert_int_equal(stanza_next(&in, &s), ERR_OK);
	assert_true(span_is(s.arg[0], "two") && s.body.len == 0);
	assert_int_equal(stanza_next(&in, &s), ERR_TRUNCATED);
	assert_null(memmem(in.text.p, in.text.cap, "c2Vj", 4));
	assert_null(memmem(in.body.p, in.body.cap, "secret", 6));
}

static void
test_many_arguments(void **state)
{
	struct stanza s;

	(void)state;
	feed(SPAN_LIT("-> 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n\n"));
	assert_int_equal(stanza_next(&in, &s), ERR_OK);
	assert_int_equal(s.nargs, 15);
	assert_true(span_is(s.arg[STANZA_ARGS - 1], "12"));
}

static void
test_malformed(void **state)
{
	const struct span rows[] = { SPAN_LIT("x"), SPAN_LIT("-x"), SPAN_LIT("-> \n\n"),
		SPAN_LIT("->\n\n"), SPAN_LIT("-> a \n\n"), SPAN_LIT("->  a\n\n"),
		SPAN_LIT("-> a  b\n\n"), SPAN_LIT("-> a\0b\n\n"), SPAN_LIT("-> a\r\n\n"),
		SPAN_LIT("-> a\x7f\n\n"), SPAN_LIT("-> a\n=\n"), SPAN_LIT("-> a\nQQ==\n"),
		SPAN_LIT("-> a\nQR\n"), SPAN_LIT("-> a\nQ\n"), SPAN_LIT("-> a\nQUI\r\n"),
		SPAN_LIT("-> a\n"
			 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n") };
	struct stanza s;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		feed(rows[i]);
		assert_int_equal(stanza_next(&in, &s), ERR_AGE_PLUGIN);
		stanza_in_done(&in);
		assert_int_equal(stanza_in_init(&in), ERR_OK);
	}
}

static void
test_too_long(void **state)
{
	struct stanza s;
	size_t room;
	uint8_t *at = stanza_in_room(&in, &room);

	(void)state;
	assert_int_equal(room, STANZA_TEXT);
	memset(at, 'a', room);
	memcpy(at, "-> ", 3);
	stanza_in_add(&in, room - 1);
	assert_int_equal(stanza_next(&in, &s), ERR_TRUNCATED);
	stanza_in_add(&in, 1);
	assert_int_equal(stanza_next(&in, &s), ERR_TOOBIG);
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = { "", "00", "01", "-1", "+1", " 1", "1 ", "0x1", "1a",
		"1234567890", "99999999999999999999" };
	size_t v;

	(void)state;
	assert_int_equal(machine_number(SPAN_LIT("0"), &v), ERR_OK);
	assert_int_equal(v, 0);
	assert_int_equal(machine_number(SPAN_LIT("123456789"), &v), ERR_OK);
	assert_int_equal(v, 123456789);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(machine_number(span_str(bad[i]), &v), ERR_AGE_PLUGIN);
}

/* What is written is read; every letter of it counts. */
static void
test_identity_lines(void **state)
{
	struct buf line = BUF_INIT;
	struct ident id;

	(void)state;
	assert_int_equal(
	    age_plugin_identity(AGE_PLUGIN_LABEL, SPAN_LIT("age/me/identity"), &line), ERR_OK);
	assert_int_equal(ident_parse(buf_span(&line), &id), ERR_OK);
	assert_int_equal(id.kind, IDENT_LABEL);
	assert_true(span_is(id.label, "age/me/identity"));
	ident_done(&id);
	for (size_t i = 0; i < line.len; i++) {
		line.p[i] ^= 1;
		assert_int_not_equal(ident_parse(buf_span(&line), &id), ERR_OK);
		line.p[i] ^= 1;
	}
	buf_done(&line);
}

/* One of another plugin in one of ours is what it was. */
static void
test_foreign_line(void **state)
{
	static const char text[] = "AGE-PLUGIN-FIDO2-HMAC-1VE5KGMEJ945X6CTRM2TF76";
	struct buf line = BUF_INIT;
	struct ident id;
	size_t at;

	(void)state;
	assert_int_equal(convert_text(span_str(text), &line, &at), ERR_OK);
	assert_true(line.len > sizeof text && line.p[line.len - 1] == '\n');
	assert_int_equal(ident_parse(SPAN(line.p, line.len - 1), &id), ERR_OK);
	assert_int_equal(id.kind, IDENT_HMAC);
	assert_true(id.cred.len == 0 && span_is(id.rp, IDENT_RP));
	ident_done(&id);
	buf_done(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, fresh, done),
		cmocka_unit_test_setup_teardown(test_taken, fresh, done),
		cmocka_unit_test_setup_teardown(test_many_arguments, fresh, done),
		cmocka_unit_test_setup_teardown(test_malformed, fresh, done),
		cmocka_unit_test_setup_teardown(test_too_long, fresh, done),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_identity_lines),
		cmocka_unit_test(test_foreign_line),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
