/*
 * The audit log's chain: whatever is edited, swapped, dropped, doubled or put in from elsewhere, at
 * every position of a log of 50 entries, is found where it is; what is cut off at the end is found
 * against the head; what a crash leaves is told from that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/vault/audit_log.h"

#define N   50
#define REC AUDIT_RECORD

static const uint8_t key_bytes[32] = { 1, 2, 3 };
static struct audit_pos behind[N + 1]; /* [i]: where record i goes */

static struct span
key(void)
{
	return SPAN(key_bytes, sizeof key_bytes);
}

static void
put(struct buf *log, struct audit_pos *at, struct span k, const uint8_t id[AUDIT_LOG_ID])
{
	uint8_t item[AUDIT_ITEM];
	char client[64];
	struct audit_entry e = { .kind = at->n ? 1 + at->n % AUDIT_REPAIR : AUDIT_BEGIN,
		.op = at->n,
		.time = 1790000000 + at->n,
		.boottime = at->n * 1000 };

	memset(item, (int)at->n, sizeof item);
	snprintf(client, sizeof client, "program %u", (unsigned)at->n);
	if (at->n == 0)
		e.log_id = SPAN(id, AUDIT_LOG_ID);
	if (at->n % 3)
		e.item = SPAN(item, sizeof item);
	if (at->n % 2)
		e.client = span_str(client);
	wire_mark(&audit_entry_map, &e);
	assert_int_equal(audit_log_put(k, at, &e, log), ERR_OK);
}

static void
make(struct buf *log, struct span k, uint8_t id_byte)
{
	struct audit_pos at = { .n = 0 };
	uint8_t id[AUDIT_LOG_ID];

	memset(id, id_byte, sizeof id);
	for (size_t i = 0; i < N; i++) {
		if (id_byte == 7)
			behind[i] = at;
		put(log, &at, k, id);
	}
	if (id_byte == 7)
		behind[N] = at;
	assert_int_equal(log->len, N * REC);
}

static int
setup(void **state)
{
	struct buf *log = calloc(1, sizeof *log);

	make(log, key(), 7);
	*state = log;
	return 0;
}

static int
teardown(void **state)
{
	buf_done(*state);
	free(*state);
	return 0;
}

/* Walk all of it from the very beginning: how many are good, and what is behind them. */
static size_t
walk(struct span s, enum err *e)
{
	struct audit_pos at = { .n = 0 };
	struct audit_record r;
	size_t good = 0;

	*e = ERR_AUDIT_DAMAGED;
	if (s.len < REC || audit_log_start(key(), span_sub(s, 0, REC), &at, &r))
		return 0;
	*e = audit_log_walk(key(), &at, SPAN(s.p + REC, s.len - REC), &good);
	assert_int_equal(at.n, 1 + good / REC);
	return (size_t)at.n;
}

static void
assert_found_at(struct span s, size_t n)
{
	enum err e;

	assert_int_equal(walk(s, &e), n);
	assert_int_equal(e, ERR_AUDIT_DAMAGED);
}

static struct buf
copy(void **state)
{
	struct buf b = BUF_INIT;

	buf_put_span(&b, buf_span(*state));
	assert_int_equal(buf_err(&b), ERR_OK);
	return b;
}

static uint8_t *
at(struct buf *b, size_t i)
{
	return b->p + i * REC;
}

static void
whole(void **state)
{
	struct audit_record r;
	enum err e;

	assert_int_equal(walk(buf_span(*state), &e), N);
	assert_int_equal(e, ERR_OK);
	assert_int_equal(
	    audit_log_open(key(), span_sub(buf_span(*state), 5 * REC, REC), &r), ERR_OK);
	assert_int_equal(r.n, 5);
	assert_int_equal(r.entry.op, 5);
	assert_int_equal(r.entry.time, 1790000005);
	assert_true(span_is(r.entry.client, "program 5"));
}

/* Every bit of every record. */
static void
edited(void **state)
{
	struct buf b = copy(state);
	struct audit_record r;

	for (size_t i = 0; i < N; i++)
		for (size_t bit = 0; bit < REC * 8; bit++) {
			struct audit_pos pos = behind[i];

			at(&b, i)[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(audit_log_next(key(), &pos, SPAN(at(&b, i), REC), &r),
			    ERR_AUDIT_DAMAGED);
			assert_memory_equal(&pos, &behind[i], sizeof pos);
			at(&b, i)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	at(&b, 20)[60] ^= 1;
	assert_found_at(buf_span(&b), 20);
	buf_done(&b);
}

static void
swapped(void **state)
{
	uint8_t keep[REC];

	for (size_t i = 0; i < N; i++)
		for (size_t k = i + 1; k < N; k++) {
			struct buf b = copy(state);

			memcpy(keep, at(&b, i), REC);
			memcpy(at(&b, i), at(&b, k), REC);
			memcpy(at(&b, k), keep, REC);
			assert_found_at(buf_span(&b), i);
			buf_done(&b);
		}
}

/* Also runs of several; dropping to the very end is cutting. */
static void
dropped(void **state)
{
	for (size_t i = 0; i < N; i++)
		for (size_t n = 1; i + n < N; n++) {
			struct buf b = copy(state);

			memmove(at(&b, i), at(&b, i + n), (N - i - n) * REC);
			buf_cut(&b, (N - n) * REC);
			assert_found_at(buf_span(&b), i);
			buf_done(&b);
		}
}

/* Record k once more, in front of every position. */
static void
doubled(void **state)
{
	for (size_t i = 0; i <= N; i++)
		for (size_t k = 0; k < N; k++) {
			struct buf b = copy(state);
			uint8_t keep[REC];

			if (i == k) {
				buf_done(&b);
				continue;
			}
			memcpy(keep, at(&b, k), REC);
			buf_put_zero(&b, REC);
			memmove(at(&b, i + 1), at(&b, i), (N - i) * REC);
			memcpy(at(&b, i), keep, REC);
			assert_found_at(buf_span(&b), i);
			buf_done(&b);
		}
}

/* Every length: whole entries may be missing at the end, which only the head tells; a part of one
 * is what a crash leaves. */
static void
cut(void **state)
{
	enum err e;

	for (size_t len = REC; len < N * REC; len++) {
		size_t n = walk(SPAN(((struct buf *)*state)->p, len), &e);

		assert_int_equal(n, len / REC);
		assert_int_equal(e, len % REC ? ERR_VAULT_TORN : ERR_OK);
		assert_true(n < behind[N].n);
	}
}

/* Zeros behind the last one are what a crash leaves; something else there is not. */
static void
torn(void **state)
{
	struct buf b = copy(state);
	enum err e;

	buf_put_zero(&b, 3 * REC + 100);
	assert_int_equal(walk(buf_span(&b), &e), N);
	assert_int_equal(e, ERR_VAULT_TORN);
	at(&b, N)[17] = 1;
	assert_found_at(buf_span(&b), N);
	buf_done(&b);
}

/* Of another log with the same key, and of this one with another key: each in its own place. */
static void
from_elsewhere(void **state)
{
	static const uint8_t other[32] = { 9 };
	struct buf same_key = BUF_INIT, other_key = BUF_INIT;

	make(&same_key, key(), 8);
	make(&other_key, SPAN(other, sizeof other), 9);
	for (size_t i = 1; i < N; i++) {
		struct buf b = copy(state);

		memcpy(at(&b, i), at(&same_key, i), REC);
		assert_found_at(buf_span(&b), i);
		memcpy(at(&b, i), at(&other_key, i), REC);
		assert_found_at(buf_span(&b), i);
		buf_done(&b);
	}
	buf_done(&same_key);
	buf_done(&other_key);
}

/* Somebody who has the file, and knows how it is made, but not the key: the chain is continued and
 * mended everywhere, the MACs are of a guessed key. */
static void
forged(void **state)
{
	static const uint8_t guess[32] = { 0 };

	for (size_t i = 0; i < N; i++) {
		struct audit_pos pos = behind[i];
		struct buf b = copy(state);
		uint8_t id[AUDIT_LOG_ID];

		memset(id, 7, sizeof id);
		buf_cut(&b, i * REC);
		while (pos.n < N)
			put(&b, &pos, SPAN(guess, sizeof guess), id);
		assert_found_at(buf_span(&b), i);
		buf_done(&b);
	}
}

/* A file that goes on where another ended. */
static void
continued(void **state)
{
	struct audit_pos pos = behind[N], start = { .n = 0 };
	struct audit_entry e = { .kind = AUDIT_BEGIN, .time = 1, .log_id = SPAN(key_bytes, 16) };
	struct audit_record r;
	struct buf b = BUF_INIT;

	(void)state;
	wire_mark(&audit_entry_map, &e);
	assert_int_equal(audit_log_put(key(), &pos, &e, &b), ERR_OK);
	assert_int_equal(audit_log_start(key(), buf_span(&b), &start, &r), ERR_OK);
	assert_memory_equal(&start, &pos, sizeof pos);
	assert_true(span_eq(r.previous, SPAN(behind[N].hash, 32)));
	buf_done(&b);
	/* an entry that is no beginning cannot be the first */
	b = copy(state);
	assert_int_equal(
	    audit_log_start(key(), SPAN(at(&b, 3), REC), &start, &r), ERR_AUDIT_DAMAGED);
	buf_done(&b);
}

/* The longest names fit; what does not is refused, and nothing is written. */
static void
longest(void **state)
{
	char client[AUDIT_CLIENT_MAX + 2];
	struct audit_pos pos = behind[N];
	struct audit_entry e = { .kind = AUDIT_REPAIR,
		.op = 65535,
		.time = UINT64_MAX,
		.boottime = UINT64_MAX,
		.item = SPAN(key_bytes, 16),
		.err = 65535,
		.count = UINT64_MAX,
		.log_id = SPAN(key_bytes, 16) };
	struct buf b = BUF_INIT;

	(void)state;
	memset(client, 'x', sizeof client);
	e.client = SPAN(client, AUDIT_CLIENT_MAX + 1);
	wire_mark(&audit_entry_map, &e);
	assert_int_not_equal(audit_log_put(key(), &pos, &e, &b), ERR_OK);
	assert_int_equal(b.len, 0);
	assert_memory_equal(&pos, &behind[N], sizeof pos);
	e.client.len--;
	assert_int_equal(audit_log_put(key(), &pos, &e, &b), ERR_OK);
	buf_done(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(edited),
		cmocka_unit_test(swapped),
		cmocka_unit_test(dropped),
		cmocka_unit_test(doubled),
		cmocka_unit_test(cut),
		cmocka_unit_test(torn),
		cmocka_unit_test(from_elsewhere),
		cmocka_unit_test(forged),
		cmocka_unit_test(continued),
		cmocka_unit_test(longest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
