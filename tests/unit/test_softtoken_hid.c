/*
 * CTAPHID of the software token, report by report, in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "tests/softtoken/softtoken.h"

#define BROADCAST 0xffffffffu
#define R	  SOFTTOKEN_REPORT

static struct softtoken *
token(enum softtoken_touch touch)
{
	struct softtoken_config c = { .touch = touch };
	struct softtoken *t;

	assert_int_equal(crypto_init(), ERR_OK);
	assert_int_equal(softtoken_new(&c, &t), ERR_OK);
	return t;
}

static void
send_first(struct softtoken *t, uint32_t cid, uint8_t cmd, size_t len, struct span data)
{
	uint8_t r[R] = { 0 };

	put_be32(r, cid);
	r[4] = 0x80 | cmd;
	put_be16(r + 5, (uint16_t)len);
	if (data.len > 0)
		memcpy(r + 7, data.p, data.len);
	softtoken_feed(t, r);
}

static void
send_next(struct softtoken *t, uint32_t cid, uint8_t seq, struct span data)
{
	uint8_t r[R] = { 0 };

	put_be32(r, cid);
	r[4] = seq;
	if (data.len > 0)
		memcpy(r + 5, data.p, data.len);
	softtoken_feed(t, r);
}

static void
send_message(struct softtoken *t, uint32_t cid, uint8_t cmd, struct span msg)
{
	size_t n = msg.len < 57 ? msg.len : 57, at;
	uint8_t seq = 0;

	send_first(t, cid, cmd, msg.len, SPAN(msg.p, n));
	for (at = n; at < msg.len; at += n) {
		n = msg.len - at < 59 ? msg.len - at : 59;
		send_next(t, cid, seq++, SPAN(msg.p + at, n));
	}
}

static void
expect_none(struct softtoken *t)
{
	uint8_t r[R];

	assert_false(softtoken_pop(t, r));
}

/* One report with this head and these bytes. */
static void
expect_short(struct softtoken *t, uint32_t cid, uint8_t cmd, struct span data)
{
	uint8_t r[R];

	assert_true(softtoken_pop(t, r));
	assert_int_equal(be32(r), cid);
	assert_int_equal(r[4], 0x80 | cmd);
	assert_int_equal(be16(r + 5), data.len);
	assert_memory_equal(r + 7, data.p, data.len);
}

static void
expect_error(struct softtoken *t, uint32_t cid, uint8_t code)
{
	expect_short(t, cid, 0x3f, SPAN(&code, 1));
	expect_none(t);
}

static uint32_t
init(struct softtoken *t, uint32_t cid)
{
	static const uint8_t nonce[8] = "nonce123";
	uint8_t r[R];

	send_first(t, cid, 0x06, 8, SPAN(nonce, 8));
	assert_true(softtoken_pop(t, r));
	assert_int_equal(be32(r), cid);
	assert_int_equal(r[4], 0x86);
	assert_int_equal(be16(r + 5), 17);
	assert_memory_equal(r + 7, nonce, 8);
	assert_int_equal(r[19], 2);
	assert_int_equal(r[23], 0x0d);
	return be32(r + 15);
}

static void
channels_are_made(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST), b = init(t, BROADCAST);

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, 0);
	assert_int_equal(init(t, a), a);
	expect_none(t);
	softtoken_free(t);
}

static void
unknown_channels_are_refused(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST);

	(void)state;
	send_first(t, 0, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, 0, 0x0b);
	send_first(t, BROADCAST, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, BROADCAST, 0x0b);
	send_first(t, a + 1, 0x06, 8, SPAN_LIT("nonce123"));
	expect_error(t, a + 1, 0x0b);
	send_first(t, a - 1, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, a - 1, 0x0b);
	send_next(t, a + 1, 0, SPAN_LIT("x"));
	expect_none(t);
	softtoken_unplug(t);
	softtoken_plug(t);
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, a, 0x0b);
	softtoken_free(t);
}

static void
messages_of_every_length(void **state)
{
	static const size_t lengths[] = { 0, 1, 56, 57, 58, 115, 116, 117, 7608, 7609 };
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST);
	uint8_t msg[7609], r[R];
	size_t i, at, n;
	uint8_t seq;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		crypto_random(msg, sizeof(msg));
		send_message(t, a, 0x01, SPAN(msg, lengths[i]));
		assert_true(softtoken_pop(t, r));
		assert_int_equal(be16(r + 5), lengths[i]);
		n = lengths[i] < 57 ? lengths[i] : 57;
		assert_memory_equal(r + 7, msg, n);
		for (at = n, seq = 0; at < lengths[i]; at += n, seq++) {
			n = lengths[i] - at < 59 ? lengths[i] - at : 59;
			assert_true(softtoken_pop(t, r));
			assert_int_equal(r[4], seq);
			assert_memory_equal(r + 5, msg + at, n);
		}
		expect_none(t);
	}
	send_first(t, a, 0x01, 7610, SPAN_LIT("x"));
	expect_error(t, a, 0x03);
	send_first(t, a, 0x06, 7, SPAN_LIT("nonce12"));
	expect_error(t, a, 0x03);
	softtoken_free(t);
}

static void
sequence_is_checked(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST);

	(void)state;
	send_first(t, a, 0x01, 200, SPAN_LIT("x"));
	send_next(t, a, 1, SPAN_LIT("x"));
	expect_error(t, a, 0x04);
	send_next(t, a, 0, SPAN_LIT("x"));
	expect_none(t);
	send_first(t, a, 0x01, 200, SPAN_LIT("x"));
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, a, 0x04);
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	expect_short(t, a, 0x01, SPAN_LIT("x"));
	softtoken_free(t);
}

static void
slow_messages_time_out(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST);

	(void)state;
	send_first(t, a, 0x01, 200, SPAN_LIT("x"));
	softtoken_tick(t, softtoken_next(t) - 1);
	expect_none(t);
	softtoken_tick(t, softtoken_next(t));
	expect_error(t, a, 0x05);
	assert_true(softtoken_next(t) == UINT64_MAX);
	softtoken_free(t);
}

static void
others_find_it_busy(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_AUTO);
	uint32_t a = init(t, BROADCAST), b = init(t, BROADCAST), c;
	uint8_t r[R];

	(void)state;
	send_first(t, a, 0x01, 60, SPAN_LIT("x"));
	send_first(t, b, 0x01, 1, SPAN_LIT("y"));
	expect_error(t, b, 0x06);
	c = init(t, BROADCAST);
	assert_int_not_equal(c, b);
	send_next(t, b, 0, SPAN_LIT("y"));
	expect_none(t);
	send_next(t, a, 0, SPAN_LIT("x"));
	assert_true(softtoken_pop(t, r));
	assert_int_equal(be32(r), a);
	assert_int_equal(be16(r + 5), 60);
	softtoken_free(t);
}

/* selection, which needs a touch */
static void
select_begin(struct softtoken *t, uint32_t cid)
{
	send_first(t, cid, 0x10, 1, SPAN_LIT("\x0b"));
	expect_short(t, cid, 0x3b, SPAN_LIT("\x02"));
	expect_none(t);
	assert_true(softtoken_is_waiting(t));
}

static void
keepalives_come_until_the_touch(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_SIGNAL);
	uint32_t a = init(t, BROADCAST);
	int i;

	(void)state;
	assert_false(softtoken_touch(t));
	select_begin(t, a);
	for (i = 1; i <= 10; i++) {
		softtoken_tick(t, (uint64_t)i * 100);
		expect_short(t, a, 0x3b, SPAN_LIT("\x02"));
		expect_none(t);
	}
	assert_true(softtoken_touch(t));
	expect_short(t, a, 0x10, SPAN("\0", 1));
	expect_none(t);
	assert_false(softtoken_is_waiting(t));
	softtoken_free(t);
}

static void
a_touch_can_be_cancelled(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_NEVER);
	uint32_t a = init(t, BROADCAST), b = init(t, BROADCAST);

	(void)state;
	send_first(t, a, 0x11, 0, SPAN_NONE);
	expect_none(t);
	select_begin(t, a);
	send_first(t, b, 0x11, 0, SPAN_NONE);
	expect_none(t);
	assert_true(softtoken_is_waiting(t));
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	expect_error(t, a, 0x06);
	send_first(t, a, 0x11, 0, SPAN_NONE);
	expect_short(t, a, 0x10, SPAN_LIT("\x2d"));
	expect_none(t);
	softtoken_free(t);
}

/* INIT on its own channel ends what it was doing without a word. */
static void
init_resynchronises(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_NEVER);
	uint32_t a = init(t, BROADCAST);

	(void)state;
	select_begin(t, a);
	assert_int_equal(init(t, a), a);
	assert_false(softtoken_is_waiting(t));
	send_first(t, a, 0x01, 200, SPAN_LIT("x"));
	assert_int_equal(init(t, a), a);
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	expect_short(t, a, 0x01, SPAN_LIT("x"));
	softtoken_free(t);
}

static void
nobody_touches_it(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_NEVER);
	uint32_t a = init(t, BROADCAST);
	uint8_t r[R];
	int n = 0;

	(void)state;
	select_begin(t, a);
	do {
		assert_true(softtoken_wait(t, 1000, r));
		n++;
	} while (r[4] == 0xbb);
	assert_int_equal(r[7], 0x3a);
	assert_int_equal(softtoken_now(t), 30000);
	assert_in_range(n, 299, 301);
	softtoken_free(t);
}

static void
late_touch(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_NEVER);
	uint32_t a = init(t, BROADCAST);
	uint8_t r[R];

	(void)state;
	softtoken_touch_mode(t, SOFTTOKEN_TOUCH_DELAY, 1234);
	select_begin(t, a);
	do
		assert_true(softtoken_wait(t, 1000, r));
	while (r[4] == 0xbb);
	assert_int_equal(r[7], 0);
	assert_int_equal(softtoken_now(t), 1234);
	softtoken_free(t);
}

static void
unplugged_it_is_silent(void **state)
{
	struct softtoken *t = token(SOFTTOKEN_TOUCH_NEVER);
	uint32_t a = init(t, BROADCAST);

	(void)state;
	select_begin(t, a);
	softtoken_unplug(t);
	assert_false(softtoken_is_waiting(t));
	assert_true(softtoken_next(t) == UINT64_MAX);
	send_first(t, a, 0x01, 1, SPAN_LIT("x"));
	softtoken_tick(t, 100000);
	expect_none(t);
	softtoken_plug(t);
	a = init(t, BROADCAST);
	softtoken_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_are_made),
		cmocka_unit_test(unknown_channels_are_refused),
		cmocka_unit_test(messages_of_every_length),
		cmocka_unit_test(sequence_is_checked),
		cmocka_unit_test(slow_messages_time_out),
		cmocka_unit_test(others_find_it_busy),
		cmocka_unit_test(keepalives_come_until_the_touch),
		cmocka_unit_test(a_touch_can_be_cancelled),
		cmocka_unit_test(init_resynchronises),
		cmocka_unit_test(nobody_touches_it),
		cmocka_unit_test(late_touch),
		cmocka_unit_test(unplugged_it_is_silent),
	};

	return cmocka_run_group_tests_name("softtoken_hid", tests, NULL, NULL);
}
