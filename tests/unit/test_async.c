#include "agent_rig.h"
#include "lib/async.h"
#include "lib/loop.h"

#define KNOWN 2048

struct seen {
	struct agent_rig g;
	struct async *a;
	unsigned up, down, events;
	struct ops_event last;
	bool locked;
	struct {
		unsigned times;
		enum err status;
		uint64_t number;
		char text[32];
	} reply[KNOWN];
	unsigned replies;
	bool ask_again;
};

struct one {
	struct seen *s;
	unsigned i;
};
static struct one ones[KNOWN];
static const struct async_then nobody;

static void
on_up(void *arg, const struct ops_hello_rep *hello)
{
	struct seen *s = arg;

	s->up++;
	s->locked = hello->locked;
	assert_true(span_is(hello->version, "9.9"));
	assert_true(async_is_up(s->a));
}

static void
on_down(void *arg)
{
	struct seen *s = arg;

	s->down++;
	assert_false(async_is_up(s->a));
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	struct seen *s = arg;

	s->events++;
	s->last = *ev;
}

static void
on_reply(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_status_rep *st = rep;
	struct one *o = arg;
	struct seen *s = o->s;

	s->replies++;
	s->reply[o->i].times++;
	s->reply[o->i].status = status;
	s->reply[o->i].number = st ? st->secrets : 0;
	assert_true(!status == !!rep);
	snprintf(s->reply[o->i].text, sizeof s->reply[o->i].text, "%s", text);
	if (s->ask_again)
		assert_int_equal(async_call(s->a, OP_STATUS, NULL, nobody, NULL),
		    status == ERR_OK ? ERR_OK : ERR_NOAGENT);
}

static enum err
ask(struct seen *s, unsigned i, uint64_t *id)
{
	ones[i] = (struct one){ s, i };
	return async_call(s->a, OP_STATUS, NULL, (struct async_then){ on_reply, &ones[i] }, id);
}

static void
answer(struct seen *s, uint64_t id, uint64_t number)
{
	struct ops_status_rep rep = { .locked = true, .secrets = number, .version = SPAN_LIT("1") };

	wire_mark(&ops_status_rep_map, &rep);
	rig_answer(&s->g, OP_STATUS, id, ERR_OK, &rep);
}

static const struct async_hooks hooks = { on_up, on_down, on_event };

static int
setup(void **state)
{
	struct seen *s = calloc(1, sizeof *s);
	struct ops_hello hello = { .client = SPAN_LIT("test") };

	rig_open(&s->g);
	assert_int_equal(async_new(&s->a, &hello, &hooks, s), ERR_OK);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct seen *s = *state;

	async_done(s->a);
	rig_close(&s->g);
	free(s);
	return 0;
}

static void
connect_up(struct seen *s)
{
	async_hurry(s->a);
	async_run(s->a);
	rig_greet(&s->g, true);
	async_run(s->a);
}

static int
setup_up(void **state)
{
	struct seen *s;

	setup(state);
	s = *state;
	rig_listen(&s->g);
	connect_up(s);
	assert_int_equal(s->up, 1);
	return 0;
}

/* ---- connecting ---- */
static void
test_up_after_all_three(void **state)
{
	struct seen *s = *state;
	struct ops_hello_rep rep = { .protocol = 1, .version = SPAN_LIT("9.9"), .locked = true };
	struct ops_hello in;
	uint64_t first;

	rig_listen(&s->g);
	assert_int_equal(async_timeout(s->a), 0);
	assert_int_equal(async_fd(s->a), -1);
	assert_int_equal(ask(s, 0, NULL), ERR_NOAGENT);
	async_run(s->a);
	assert_true(async_fd(s->a) >= 0);
	rig_accept(&s->g);
	rig_expect(&s->g, OP_HELLO);
	rig_params(&s->g, &in);
	assert_true(span_is(in.client, "test") && in.protocol == OPS_PROTOCOL);
	first = s->g.q.id;
	rig_expect(&s->g, OP_SUBSCRIBE);
	wire_mark(&ops_hello_rep_map, &rep);
	rig_reply(&s->g, ERR_OK, NULL);
	rig_answer(&s->g, OP_HELLO, first, ERR_OK, &rep);
	async_run(s->a);
	assert_int_equal(s->up, 0);
	assert_int_equal(ask(s, 0, NULL), ERR_NOAGENT);
	rig_expect(&s->g, OP_HELLO);
	rep.locked = false;
	wire_mark(&ops_hello_rep_map, &rep);
	rig_reply(&s->g, ERR_OK, &rep);
	async_run(s->a);
	assert_int_equal(s->up, 1);
	assert_false(s->locked);
	assert_int_equal(async_timeout(s->a), -1);
	assert_int_equal(async_events(s->a), POLLIN);
}

/* Run; what is waited for then is `ms`, less what a busy machine has taken since. */
static uint64_t
run_waits(struct seen *s, uint64_t ms)
{
	uint64_t began = loop_now(), waits, took;

	async_run(s->a);
	waits = (uint64_t)async_timeout(s->a);
	took = loop_now() - began;
	assert_in_range(waits, took < ms ? ms - took : 0, ms);
	return began + ms;
}

static void
test_backoff(void **state)
{
	struct seen *s = *state;
	uint64_t due = run_waits(s, 100);

	async_run(s->a);
	if (loop_now() < due) /* before its time nothing happens */
		assert_in_range(async_timeout(s->a), 0, 100);
	usleep(110 * 1000);
	run_waits(s, 200);
	assert_int_equal(s->up + s->down, 0);
}

static void
test_refused_hello(void **state)
{
	struct seen *s = *state;

	rig_listen(&s->g);
	async_run(s->a);
	rig_accept(&s->g);
	rig_expect(&s->g, OP_HELLO);
	rig_expect(&s->g, OP_SUBSCRIBE);
	rig_expect(&s->g, OP_HELLO);
	rig_reply(&s->g, ERR_VERSION, NULL);
	async_run(s->a);
	assert_int_equal(async_fd(s->a), -1);
	assert_int_equal(s->up + s->down, 0);
	connect_up(s);
	assert_int_equal(s->up, 1);
}

static void
test_comes_back(void **state)
{
	struct seen *s = *state;

	assert_int_equal(ask(s, 0, NULL), ERR_OK);
	async_run(s->a);
	rig_kill(&s->g);
	async_run(s->a);
	assert_int_equal(s->reply[0].status, ERR_NOAGENT);
	assert_int_equal(s->down, 1);
	assert_int_equal(ask(s, 1, NULL), ERR_NOAGENT);
	assert_in_range(async_timeout(s->a), 0, 100);
	rig_listen(&s->g);
	connect_up(s);
	assert_int_equal(s->up, 2);
	assert_int_equal(ask(s, 1, NULL), ERR_OK);
}

/* ---- many ---- */
static void
test_many_out_of_order(void **state)
{
	struct seen *s = *state;
	uint64_t got[KNOWN], flown = 0, most = 0;
	size_t n = 0;

	for (unsigned i = 0; i < 900; i++)
		assert_int_equal(ask(s, i, NULL), ERR_OK);
	assert_false(rig_next(&s->g)); /* nothing is written before its turn */
	for (int turn = 0; turn < 200 && s->replies < 900; turn++) {
		async_run(s->a);
		for (n = 0; rig_next(&s->g); n++)
			got[n] = s->g.q.id;
		most = n > most ? n : most;
		for (flown += n; n > 0; n--)
			answer(s, got[n - 1], got[n - 1]);
	}
	assert_int_equal(flown, 900);
	assert_in_range(most, 8, 63); /* the agent takes 64 */
	for (unsigned i = 0; i < 900; i++) {
		assert_int_equal(s->reply[i].times, 1);
		assert_int_equal(s->reply[i].status, ERR_OK);
	}
	assert_true(s->reply[0].number != s->reply[1].number);
}

static void
test_limits(void **state)
{
	struct seen *s = *state;
	static char value[100000];
	struct ops_secret q = { .label = SPAN_LIT("x"), .value = SPAN(value, sizeof value) };
	unsigned n = 0;
	enum err e;

	memset(value, 'x', sizeof value);
	wire_mark(&ops_secret_map, &q);
	while (!(e = async_call(s->a, OP_SECRET_SET, &q, nobody, NULL)))
		n++;
	assert_int_equal(e, ERR_LIMIT);
	assert_int_equal(n, 10);
	for (n = 0; !(e = ask(s, n, NULL)); n++)
		assert_in_range(n, 0, 1024);
	assert_int_equal(e, ERR_LIMIT);
	assert_in_range(n, 1000, 1014);
	rig_kill(&s->g);
	async_run(s->a);
	assert_int_equal(s->replies, n);
}

static void
test_rows_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < nops; i++)
		if (ops[i].rep)
			assert_in_range(ops[i].rep->size, 1, 1024);
}

/* ---- answers ---- */
static void
test_status_and_text(void **state)
{
	struct seen *s = *state;
	struct ops_reply r = { .op = OP_STATUS, .status = ERR_LOCKED, .text = SPAN_LIT("b\nc") };
	struct buf b = BUF_INIT;

	assert_int_equal(ask(s, 0, &r.id), ERR_OK);
	async_run(s->a);
	wire_mark(&ops_reply_map, &r);
	assert_int_equal(wire_encode(&ops_reply_map, &r, &b), ERR_OK);
	rig_put(&s->g, buf_span(&b));
	buf_done(&b);
	s->ask_again = false;
	async_run(s->a);
	assert_int_equal(s->reply[0].status, ERR_LOCKED);
	assert_string_equal(s->reply[0].text, "b?c");
}

static void
test_asks_from_reply(void **state)
{
	struct seen *s = *state;
	uint64_t id;

	s->ask_again = true;
	assert_int_equal(ask(s, 0, &id), ERR_OK);
	async_run(s->a);
	rig_expect(&s->g, OP_STATUS);
	answer(s, id, 5);
	async_run(s->a);
	assert_int_equal(s->reply[0].number, 5);
	rig_expect(&s->g, OP_STATUS); /* in the same turn */
	assert_int_equal(ask(s, 1, NULL), ERR_OK);
	rig_kill(&s->g);
	async_run(s->a);
	assert_int_equal(s->reply[1].status, ERR_NOAGENT);
}

/* What was said before the connection ended is heard. */
static void
test_last_words(void **state)
{
	struct seen *s = *state;
	uint64_t id;

	assert_int_equal(ask(s, 0, &id), ERR_OK);
	assert_int_equal(ask(s, 1, NULL), ERR_OK);
	async_run(s->a);
	while (rig_next(&s->g))
		;
	answer(s, id, 6);
	rig_kill(&s->g);
	async_run(s->a);
	async_run(s->a);
	assert_int_equal(s->reply[0].status, ERR_OK);
	assert_int_equal(s->reply[0].number, 6);
	assert_int_equal(s->reply[1].status, ERR_NOAGENT);
	assert_int_equal(s->down, 1);
}

static void
test_events(void **state)
{
	struct seen *s = *state;
	struct ops_event ev = { .kind = OPS_EV_UNLOCKED };
	uint64_t id;

	assert_int_equal(ask(s, 0, &id), ERR_OK);
	async_run(s->a);
	rig_event(&s->g, &ev);
	async_run(s->a);
	assert_int_equal(s->events, 1);
	assert_int_equal(s->last.request, 0);
	ev = (struct ops_event){ .kind = OPS_EV_TOUCH, .request = id };
	rig_event(&s->g, &ev);
	ev.request = id + 1; /* of nobody */
	rig_event(&s->g, &ev);
	async_run(s->a);
	assert_int_equal(s->events, 2);
	assert_true(s->last.request == id && s->last.kind == OPS_EV_TOUCH);
}

/* ---- cancelling ---- */
static void
test_cancel(void **state)
{
	struct seen *s = *state;
	struct ops_cancel q;
	uint64_t sent, kept;

	assert_int_equal(ask(s, 0, &sent), ERR_OK);
	async_run(s->a);
	rig_expect(&s->g, OP_STATUS);
	assert_int_equal(ask(s, 1, &kept), ERR_OK);
	async_cancel(s->a, sent);
	async_cancel(s->a, sent);
	async_cancel(s->a, kept);
	async_cancel(s->a, 12345);
	assert_int_equal(s->replies, 0);
	assert_int_equal(async_timeout(s->a), 0);
	async_run(s->a);
	assert_int_equal(s->reply[1].status, ERR_CANCELLED);
	rig_expect(&s->g, OP_CANCEL);
	rig_params(&s->g, &q);
	assert_int_equal(q.request, sent);
	rig_reply(&s->g, ERR_OK, NULL);
	rig_answer(&s->g, OP_STATUS, sent, ERR_CANCELLED, NULL);
	assert_false(rig_next(&s->g));
	async_run(s->a);
	assert_int_equal(s->reply[0].status, ERR_CANCELLED);
	assert_int_equal(s->reply[0].times, 1);
	assert_true(async_is_up(s->a));
}

/* ---- lies ---- */
static void
lie_unknown(struct seen *s, uint64_t id)
{
	answer(s, id + 1, 1);
}

static void
lie_twice(struct seen *s, uint64_t id)
{
	answer(s, id, 1);
	answer(s, id, 1);
}

static void
lie_operation(struct seen *s, uint64_t id)
{
	rig_answer(&s->g, OP_LOCK, id, ERR_OK, NULL);
}

static void
lie_event(struct seen *s, uint64_t id)
{
	(void)id;
	rig_answer(&s->g, OP_STATUS, 0, ERR_LOCKED, NULL);
}

static void
lie_garbage(struct seen *s, uint64_t id)
{
	(void)id;
	rig_put(&s->g, SPAN_LIT("\xff\x00garbage"));
}

static void
lie_nothing(struct seen *s, uint64_t id)
{
	rig_answer(&s->g, OP_STATUS, id, ERR_OK, NULL);
}

static void
lie_result(struct seen *s, uint64_t id)
{
	struct ops_reply r = { .op = OP_STATUS, .id = id, .result = SPAN_LIT("\xa1\x01\x05") };
	struct buf b = BUF_INIT;

	wire_mark(&ops_reply_map, &r);
	assert_int_equal(wire_encode(&ops_reply_map, &r, &b), ERR_OK);
	rig_put(&s->g, buf_span(&b));
	buf_done(&b);
}

static void
lie_length(struct seen *s, uint64_t id)
{
	(void)id;
	assert_int_equal(send(s->g.chan.fd, "\x7f\xff\xff\xff", 4, 0), 4);
}

static void
test_lies(void **state)
{
	void (*const lies[])(struct seen *, uint64_t) = { lie_unknown, lie_twice, lie_operation,
		lie_event, lie_garbage, lie_nothing, lie_result, lie_length };
	struct seen *s = *state;

	for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
		uint64_t id;

		memset(s->reply, 0, sizeof s->reply);
		assert_int_equal(ask(s, 0, &id), ERR_OK);
		assert_int_equal(ask(s, 1, NULL), ERR_OK);
		async_run(s->a);
		lies[i](s, id);
		async_run(s->a);
		assert_int_equal(s->reply[0].status, lies[i] == lie_twice ? ERR_OK : ERR_FORMAT);
		assert_int_equal(s->reply[1].status, ERR_FORMAT);
		assert_int_equal(s->reply[0].times, 1);
		assert_int_equal(s->reply[1].times, 1);
		assert_int_equal(s->down, i + 1);
		connect_up(s);
		assert_int_equal(s->up, i + 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_up_after_all_three, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backoff, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_hello, setup, teardown),
		cmocka_unit_test_setup_teardown(test_comes_back, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_many_out_of_order, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup_up, teardown),
		cmocka_unit_test(test_rows_fit),
		cmocka_unit_test_setup_teardown(test_status_and_text, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_asks_from_reply, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_last_words, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup_up, teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup_up, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
