#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/link.h"

static void
test_frames(void **state)
{
	struct buf out = BUF_INIT;
	enum link_type type;
	struct span payload;
	uint32_t conn;

	(void)state;
	link_put(&out, LINK_REQUEST, 0x12345678, SPAN_LIT("abc"));
	assert_int_equal(be32(out.p), LINK_HEAD + 3);
	assert_int_equal(link_get(SPAN(out.p + 4, out.len - 4), &type, &conn, &payload), ERR_OK);
	assert_int_equal(type, LINK_REQUEST);
	assert_int_equal(conn, 0x12345678);
	assert_true(span_is(payload, "abc"));
	buf_done(&out);
}

static void
test_refused(void **state)
{
	const uint8_t above[8] = { LINK_TYPES + 1 };
	const struct span bad[] = { SPAN_LIT(""), SPAN_LIT("\1\0\0\0\0\0\0"),
		SPAN_LIT("\0\0\0\0\0\0\0\1"), SPAN(above, sizeof above),
		SPAN_LIT("\1\1\0\0\0\0\0\1"), SPAN_LIT("\1\0\1\0\0\0\0\1"),
		SPAN_LIT("\1\0\0\1\0\0\0\1") };
	enum link_type type;
	struct span payload;
	uint32_t conn;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(link_get(bad[i], &type, &conn, &payload), ERR_FORMAT);
}

static void
test_messages(void **state)
{
	struct file_request q = { .op = FILE_READ, .previous = true }, back;
	struct buf out = BUF_INIT;
	enum link_type type;
	struct span payload;
	uint32_t conn;

	(void)state;
	wire_mark(&file_request_map, &q);
	assert_int_equal(link_put_msg(&out, LINK_FILE, 0, &file_request_map, &q), ERR_OK);
	assert_int_equal(be32(out.p), out.len - 4);
	assert_int_equal(link_get(SPAN(out.p + 4, out.len - 4), &type, &conn, &payload), ERR_OK);
	assert_int_equal(wire_decode(&file_request_map, payload, &back), ERR_OK);
	assert_true(back.op == FILE_READ && back.previous);
	buf_done(&out);
}

/* Whole or not at all: half a frame would make noise of all that follows. */
static void
test_all_or_nothing(void **state)
{
	struct file_request q = { .op = FILE_APPEND, .expect = SPAN_LIT("too short") };
	struct buf out = { .max = 40 };
	size_t before;

	(void)state;
	link_put(&out, LINK_REPLY, 1, SPAN_LIT("first"));
	before = out.len;
	wire_mark(&file_request_map, &q);
	assert_int_not_equal(link_put_msg(&out, LINK_FILE, 0, &file_request_map, &q), ERR_OK);
	assert_int_equal(out.len, before);
	link_put(&out, LINK_REPLY, 2, SPAN_LIT("there is no room for this one"));
	assert_int_equal(out.len, before);
	assert_int_equal(buf_err(&out), ERR_TOOBIG);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
