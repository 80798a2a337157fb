#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/worker/phrase.h"
#include "agent/worker/share.h"
#include "agent/worker/talk.h"
#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/root.h"
#include "lib/sock.h"

#define A23                                                                \
	"abandon abandon abandon abandon abandon abandon abandon abandon " \
	"abandon abandon abandon abandon abandon abandon abandon abandon " \
	"abandon abandon abandon abandon abandon abandon abandon "
#define ZEROS A23 "art" /* BIP39: 32 zero bytes */

/* A worker in this process, with everything that the others will say already in its sockets. */
struct scene {
	struct worker w;
	int vault;
	int door;
	int person;
};

static void
scene_open(struct scene *s, uint64_t op)
{
	int pair[2];

	memset(s, 0, sizeof(*s));
	assert_int_equal(sock_pair(SOCK_STREAM, pair), ERR_OK);
	s->w.vault = pair[0];
	s->vault = pair[1];
	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), ERR_OK);
	s->w.door = pair[0];
	s->door = pair[1];
	assert_int_equal(sock_pair(SOCK_STREAM, pair), ERR_OK);
	assert_int_equal(sock_send_fd(s->door, SPAN_LIT("x"), pair[0]), ERR_OK);
	close(pair[0]);
	s->person = pair[1];
	s->w.job = (struct worker_job){ .op = op, .wait_ms = 5000, .tries = 3 };
}

static void
scene_close(struct scene *s)
{
	worker_done(&s->w);
	close(s->w.vault);
	close(s->vault);
	close(s->door);
	close(s->person);
	assert_int_equal(sec_arena_used(), 0);
}

static void
type_in(struct scene *s, const char *text)
{
	struct secret_msg m = { .kind = SECRET_TEXT, .text = span_str(text) };
	struct buf b = BUF_INIT;

	wire_mark(&secret_msg_map, &m);
	wire_set(&secret_msg_map, &m, "text");
	assert_int_equal(wire_encode(&secret_msg_map, &m, &b), ERR_OK);
	assert_int_equal(chan_send(s->person, buf_span(&b)), ERR_OK);
	buf_done(&b);
}

static void
expect_told(struct scene *s, uint64_t kind, enum err e, uint64_t index, bool more)
{
	struct buf b = BUF_INIT;
	struct secret_msg m;

	assert_int_equal(chan_recv(s->person, 4096, 1000, &b), ERR_OK);
	assert_int_equal(wire_decode(&secret_msg_map, buf_span(&b), &m), ERR_OK);
	assert_int_equal(m.kind, kind);
	assert_int_equal(m.err, e);
	assert_int_equal(m.index, index);
	assert_int_equal(m.more, more);
	buf_done(&b);
}

static void
expect_closed(struct scene *s)
{
	char c;

	assert_int_equal(read(s->person, &c, 1), 0);
}

static void
test_first_wrong(void **state)
{
	static const struct {
		const char *typed;
		size_t at;
	} rows[] = { { ZEROS, 0 }, { A23 "ART", 0 }, { A23 "arts", 24 }, { A23 "ar", 24 },
		{ A23, 24 }, { "", 1 }, { "aban-Abando abandon x", 4 }, { "abandons", 1 },
		{ "aba", 1 }, { "x" ZEROS, 1 }, { "7 " ZEROS, 0 }, { ZEROS " art", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
		    phrase_first_wrong(span_str(rows[i].typed), SPAN_LIT(ZEROS)), rows[i].at);
}

static void
test_open(void **state)
{
	static const uint8_t zero[32];
	uint8_t fpr[4];
	struct scene s;

	(void)state;
	root_fingerprint(SPAN(zero, 32), fpr);
	scene_open(&s, WORKER_PHRASE_OPEN);
	s.w.job.fpr = SPAN(fpr, 4);
	type_in(&s, "zebra");
	type_in(&s, A23 "able");
	type_in(&s, ZEROS);
	assert_int_equal(phrase_open(&s.w), ERR_OK);
	expect_told(&s, SECRET_ERROR, ERR_WORDS_COUNT, 0, true);
	expect_told(&s, SECRET_ERROR, ERR_WORDS_CHECKSUM, 0, true);
	expect_told(&s, SECRET_OK, ERR_OK, 0, false);
	expect_closed(&s);
	assert_true(span_eq(s.w.event.fpr, SPAN(fpr, 4)));
	assert_int_equal(s.w.event.recs.n, 0);
	assert_null(s.w.event.seed.p);
	scene_close(&s);
}

static void
test_open_gives_up(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, WORKER_PHRASE_OPEN);
	s.w.job.fpr = SPAN_LIT("nope");
	type_in(&s, ZEROS);
	type_in(&s, A23 "arm arm");
	type_in(&s, A23 "qqqqqqqqqqqqqqqq");
	type_in(&s, ZEROS);
	assert_int_equal(phrase_open(&s.w), ERR_WORDS_UNKNOWN);
	expect_told(&s, SECRET_ERROR, ERR_WORDS_WRONG, 0, true);
	expect_told(&s, SECRET_ERROR, ERR_WORDS_COUNT, 0, true);
	expect_told(&s, SECRET_ERROR, ERR_WORDS_UNKNOWN, 24, false);
	scene_close(&s);
}

static void
test_ends(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, WORKER_PHRASE_MAKE);
	shutdown(s.person, SHUT_RDWR);
	assert_int_equal(phrase_make(&s.w), ERR_CANCELLED);
	scene_close(&s);

	scene_open(&s, WORKER_PHRASE_OPEN);
	shutdown(s.vault, SHUT_WR);
	assert_int_equal(phrase_open(&s.w), ERR_CANCELLED);
	scene_close(&s);

	scene_open(&s, WORKER_PHRASE_OPEN);
	s.w.job.wait_ms = 10;
	assert_int_equal(phrase_open(&s.w), ERR_TIMEOUT);
	expect_told(&s, SECRET_ERROR, ERR_TIMEOUT, 0, false);
	scene_close(&s);
}

/* What is left over when the arena is full is an error, and nothing stays behind. */
static void
test_full(void **state)
{
	struct sec hog = { 0 };
	struct scene s;

	(void)state;
	for (size_t left = 0; left < 32 * 1024; left += 1024) {
		assert_int_equal(sec_init(&hog, WORKER_ARENA - left), ERR_OK);
		scene_open(&s, WORKER_PHRASE_MAKE);
		s.w.job.no_confirm = true;
		if (phrase_make(&s.w) == ERR_OK)
			assert_true(s.w.hashes.len == ROOT_SUCCESSION * 32);
		worker_done(&s.w);
		sec_done(&hog);
		scene_close(&s);
	}
}

static void
send_kind(struct scene *s, uint64_t kind)
{
	struct secret_msg m = { .kind = kind };
	struct buf b = BUF_INIT;

	wire_mark(&secret_msg_map, &m);
	assert_int_equal(wire_encode(&secret_msg_map, &m, &b), ERR_OK);
	assert_int_equal(chan_send(s->person, buf_span(&b)), ERR_OK);
	buf_done(&b);
}

/* The same while the phrase is split. */
static void
test_full_of_shares(void **state)
{
	struct sec hog = { 0 };
	struct scene s;
	enum err e = ERR_NOMEM;

	(void)state;
	for (size_t left = 0; e != ERR_OK; left += 512) {
		assert_true(left < WORKER_ARENA);
		assert_int_equal(sec_init(&hog, WORKER_ARENA - left), ERR_OK);
		scene_open(&s, WORKER_SHARE_MAKE);
		s.w.job.threshold = 2;
		s.w.job.count = 3;
		type_in(&s, ZEROS);
		for (int i = 0; i < 3; i++)
			send_kind(&s, SECRET_OK);
		e = share_make(&s.w);
		assert_true(e == ERR_OK || e == ERR_NOMEM);
		assert_int_equal(s.w.event.shares.n, e == ERR_OK ? 3 : 0);
		worker_done(&s.w);
		sec_done(&hog);
		scene_close(&s);
	}
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(WORKER_ARENA, true, true) != ERR_OK || crypto_init() != ERR_OK;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_wrong),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_gives_up),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_of_shares),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
