/* The job that signs with the phrase's keys, in this process: what it signs, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/worker/succession.h"
#include "lib/chan.h"
#include "lib/sock.h"
#include "lib/words.h"
#include "tests/unit/succession_fixture.h"

/* A worker, and a vault that hands it entries. */
struct scene {
	struct worker w;
	int vault;
	int door;
	int person;
	struct buf entry[WORKER_SUCCESSIONS + 1];
	struct worker_succession task[WORKER_SUCCESSIONS + 1];
	size_t n;
	struct buf job;
	uint8_t fpr[4];
};

static void
scene_open(struct scene *s)
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
	root_fingerprint(SPAN(fixture_root, 32), s->fpr);
}

static void
scene_close(struct scene *s)
{
	worker_done(&s->w);
	close(s->w.vault);
	close(s->vault);
	close(s->door);
	close(s->person);
	for (size_t i = 0; i < s->n; i++)
		buf_done(&s->entry[i]);
	buf_done(&s->job);
	assert_int_equal(sec_arena_used(), 0);
}

/* To another hot key; announces phrase key next. */
static void
add_rotation(struct scene *s, const struct maker *m, uint32_t next)
{
	struct key hot = key_hot("new", 0);
	struct succession_change c = { .key = hot.pub, .time = m->now };
	uint8_t hash[32];

	root_succession_public_hash(SPAN(fixture_root, 32), 0, next, hash);
	c.next = hash;
	must(succession_make(SUCCESSION_ROTATE, &m->st, &c, &s->entry[s->n]));
	s->task[s->n] = (struct worker_succession){
		.entry = buf_span(&s->entry[s->n]), .j = m->j, .next_j = next
	};
	wire_set(&worker_succession_map, &s->task[s->n], "next_generation");
	wire_set(&worker_succession_map, &s->task[s->n++], "next_j");
}

static void
add_change(struct scene *s, const struct maker *m, enum succession_type type)
{
	struct succession_binding b;
	struct succession_change c = { .time = m->now, .bindings = &b };
	uint8_t digest[32];

	b = maker_binding(m, "more", "more", digest);
	c.n = type == SUCCESSION_BIND;
	must(succession_make(type, &m->st, &c, &s->entry[s->n]));
	s->task[s->n] = (struct worker_succession){ .entry = buf_span(&s->entry[s->n]), .j = m->j };
	s->n++;
}

/* What the worker reads. */
static enum err
take_job(struct scene *s)
{
	struct worker_job j = { .op = WORKER_SUCC_SIGN, .wait_ms = 5000, .tries = 3 };
	enum err e;

	for (size_t i = 0; i < s->n; i++)
		wire_mark(&worker_succession_map, &s->task[i]);
	j.successions = (struct wire_list){ .v = s->task, .n = s->n };
	j.fpr = SPAN(s->fpr, 4);
	wire_mark(&worker_job_map, &j);
	buf_reset(&s->job);
	if ((e = wire_encode(&worker_job_map, &j, &s->job)) != ERR_OK)
		return e;
	must(wire_decode(&worker_job_map, buf_span(&s->job), &s->w.job));
	return succession_sign_check(&s->w.job);
}

static void
type_words(struct scene *s, const uint8_t root[32])
{
	struct secret_msg m = { .kind = SECRET_TEXT };
	struct sec words = { 0 };
	struct buf b = BUF_INIT;

	must(words_from_bytes(SPAN(root, 32), ' ', &words));
	m.text = sec_span(&words);
	wire_mark(&secret_msg_map, &m);
	must(wire_encode(&secret_msg_map, &m, &b));
	must(chan_send(s->person, buf_span(&b)));
	sec_done(&words);
	buf_done(&b);
}

static enum err
run(struct scene *s)
{
	enum err e = take_job(s);

	if (e != ERR_OK)
		return e;
	type_words(s, fixture_root);
	return succession_sign(&s->w);
}

/* The worker's proof and that of the hot key make a log that verifies. */
static void
expect_moves(struct scene *s, size_t i, const struct maker *m)
{
	struct succession_proof proof[2];
	struct buf out = BUF_INIT;

	proof[0] = prove(&m->hot, s->task[i].entry);
	memcpy(proof[1].key, s->w.proof[i].key.p, 32);
	memcpy(proof[1].sig, s->w.proof[i].sig.p, 64);
	must(succession_append(buf_span(&m->log), s->task[i].entry, proof, 2, &out));
	buf_done(&out);
}

static void
test_many(void **state)
{
	static struct maker m[WORKER_SUCCESSIONS];
	static struct scene s;
	char account[16];

	(void)state;
	scene_open(&s);
	for (uint32_t i = 0; i < WORKER_SUCCESSIONS; i++) {
		snprintf(account, sizeof(account), "%u", i);
		maker_incept(&m[i], "ssh", account, i);
		add_rotation(&s, &m[i], 100 + i);
	}
	must(run(&s));
	assert_int_equal(s.w.event.proofs.n, WORKER_SUCCESSIONS);
	/* what the vault gets to read fits its table */
	wire_mark(&worker_event_map, &s.w.event);
	buf_reset(&s.job);
	must(wire_encode(&worker_event_map, &s.w.event, &s.job));
	for (size_t i = 0; i < WORKER_SUCCESSIONS; i++) {
		expect_moves(&s, i, &m[i]);
		maker_done(&m[i]);
	}
	scene_close(&s);
}

static void
test_revoke(void **state)
{
	static struct scene s;
	struct succession_proof proof;
	struct buf out = BUF_INIT;
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 3);
	scene_open(&s);
	add_change(&s, &m, SUCCESSION_REVOKE);
	/* and the rotation of the same identity with the same key: one typing */
	add_rotation(&s, &m, 4);
	must(run(&s));
	memcpy(proof.key, s.w.proof[0].key.p, 32);
	memcpy(proof.sig, s.w.proof[0].sig.p, 64);
	must(succession_append(buf_span(&m.log), s.task[0].entry, &proof, 1, &out));
	expect_moves(&s, 1, &m);
	buf_done(&out);
	scene_close(&s);
	maker_done(&m);
}

enum spoil {
	SPOIL_NONE,
	SPOIL_BIND,	   /* nothing that takes the phrase */
	SPOIL_NEXT,	   /* the rotation announces a key that is not the phrase's */
	SPOIL_NEXT_ABSENT, /* or does not say which */
	SPOIL_J,	   /* a revocation by a key that nobody announced */
	SPOIL_BYTE,	   /* no entry */
	SPOIL_EMPTY,
	SPOIL_SHARED, /* two identities announce one key */
	SPOIL_MANY
};

static enum err
try_spoiled(enum spoil how)
{
	static struct scene s;
	struct maker m, other;
	enum err e;

	maker_incept(&m, "ssh", "me", 3);
	maker_incept(&other, "ssh", "you", 5);
	scene_open(&s);
	if (how == SPOIL_BIND)
		add_change(&s, &m, SUCCESSION_BIND);
	else if (how == SPOIL_J)
		add_change(&s, &m, SUCCESSION_REVOKE);
	else if (how != SPOIL_EMPTY)
		add_rotation(&s, &m, 4);
	if (how == SPOIL_NEXT || how == SPOIL_J)
		s.task[0].next_j = s.task[0].j = 9;
	if (how == SPOIL_NEXT_ABSENT)
		s.task[0].has = s.task[0].next_j = 0;
	if (how == SPOIL_BYTE)
		s.entry[0].p[1]++;
	if (how == SPOIL_SHARED)
		add_rotation(&s, &other, 4);
	while (how == SPOIL_MANY && s.n <= WORKER_SUCCESSIONS)
		add_rotation(&s, &m, 4);
	e = run(&s);
	assert_int_equal(s.w.event.proofs.n, e == ERR_OK ? s.n : 0);
	scene_close(&s);
	maker_done(&m);
	maker_done(&other);
	return e;
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(try_spoiled(SPOIL_NONE), ERR_OK);
	assert_int_equal(try_spoiled(SPOIL_BIND), ERR_SUCC_REFUSED);
	assert_int_equal(try_spoiled(SPOIL_NEXT), ERR_SUCC_REFUSED);
	assert_int_equal(try_spoiled(SPOIL_NEXT_ABSENT), ERR_RANGE);
	assert_int_equal(try_spoiled(SPOIL_J), ERR_SUCC_REFUSED);
	assert_int_equal(try_spoiled(SPOIL_BYTE), ERR_FORMAT);
	assert_int_equal(try_spoiled(SPOIL_EMPTY), ERR_RANGE);
	assert_int_equal(try_spoiled(SPOIL_SHARED), ERR_SUCC_REFUSED);
	assert_int_equal(try_spoiled(SPOIL_MANY), ERR_TOOBIG);
}

/* The key that is revealed now cannot be kept: neither announced again nor the log's own. */
static void
test_revealed(void **state)
{
	static struct scene s;
	struct key phrase = key_phrase(3);
	struct succession_entry e;
	struct span key = SPAN(phrase.pub, 32);
	struct buf raw = BUF_INIT;
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 3);
	for (int i = 0; i < 2; i++) {
		scene_open(&s);
		add_rotation(&s, &m, 4);
		must(succession_parse(s.task[0].entry, &e));
		if (i == 0) {
			e.next = SPAN(m.st.next, 32);
			s.task[0].next_j = 3;
		} else {
			e.keys = (struct wire_list){ .v = &key, .n = 1 };
		}
		buf_reset(&raw);
		must(wire_encode(&succession_entry_map, &e, &raw));
		s.task[0].entry = buf_span(&raw);
		assert_int_equal(run(&s), ERR_SUCC_REFUSED);
		assert_int_equal(s.w.event.proofs.n, 0);
		scene_close(&s);
	}
	buf_done(&raw);
	maker_done(&m);
}

/* Other words, three times. */
static void
test_wrong_words(void **state)
{
	static const uint8_t other[32] = { 1 };
	static struct scene s;
	struct maker m;

	(void)state;
	maker_incept(&m, "ssh", "me", 3);
	scene_open(&s);
	add_rotation(&s, &m, 4);
	must(take_job(&s));
	for (int i = 0; i < 3; i++)
		type_words(&s, other);
	assert_int_equal(succession_sign(&s.w), ERR_WORDS_WRONG);
	assert_int_equal(s.w.event.proofs.n, 0);
	scene_close(&s);
	maker_done(&m);
}

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(256 * 1024, true, true) || crypto_init_light() ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_revealed),
		cmocka_unit_test(test_wrong_words),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
