#include "store_rig.h"

/* ---- unlocking ---- */
static int
setup_locked(void **state)
{
	struct rig *r;
	struct ops_status_rep st = { .locked = true, .vault = true, .version = SPAN_LIT("1") };

	setup(state);
	r = *state;
	come_up(r, true);
	rig_expect(&r->g, OP_STATUS);
	wire_mark(&ops_status_rep_map, &st);
	rig_reply(&r->g, ERR_OK, &st);
	store_run(r->s);
	return 0;
}

static void
wait_and_run(struct rig *r)
{
	usleep((useconds_t)(store_timeout(r->s) + 5) * 1000);
	store_run(r->s);
	store_run(r->s);
}

static void
test_one_touch_for_all(void **state)
{
	struct rig *r = *state;
	struct ops_unlock_rep rep = { .label = SPAN_LIT("slot") };

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(store_unlock(r->s, then(i)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	assert_false(rig_next(&r->g));
	tell(r, OPS_EV_UNLOCKED, 0);
	wire_mark(&ops_unlock_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
	store_run(r->s);
	assert_int_equal(r->done[0].times, 0); /* it is not read yet */
	rig_expect(&r->g, OP_ENTRY_LIST);
	assert_false(rig_next(&r->g));
	answer_page(r, 1, 3, 7, false);
	store_run(r->s);
	for (unsigned i = 0; i < 3; i++)
		assert_true(r->done[i].times == 1 && r->done[i].err == ERR_OK);
	/* open already: not from within */
	assert_int_equal(store_unlock(r->s, then(3)), ERR_OK);
	assert_int_equal(r->done[3].times, 0);
	assert_int_equal(store_timeout(r->s), 0);
	store_run(r->s);
	assert_int_equal(r->done[3].times, 1);
}

static void
test_waits_for_the_token(void **state)
{
	const enum err passing[] = { ERR_TOKEN_ABSENT, ERR_TIMEOUT, ERR_LOCKED };
	struct rig *r = *state;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	for (int i = 0; i < 3; i++) {
		wait_and_run(r);
		rig_expect(&r->g, OP_UNLOCK);
		rig_event(
		    &r->g, &(struct ops_event){ .kind = OPS_EV_WAIT_TOKEN, .request = r->g.q.id });
		rig_reply(&r->g, passing[i], NULL);
		store_run(r->s);
		assert_int_equal(r->last.kind, OPS_EV_WAIT_TOKEN);
		assert_int_equal(r->last.request, 0);
		assert_int_equal(r->done[0].times, 0);
		assert_in_range(store_timeout(r->s), 1, 10000);
		assert_false(rig_next(&r->g)); /* not at once */
	}
	assert_int_equal(store_unlock(r->s, then(1)), ERR_OK); /* a new one is not put off */
	assert_int_equal(store_timeout(r->s), 0);
}

/* A question that nobody can see is not put again and again; who wants it next asks anew. */
static void
test_nowhere_to_ask(void **state)
{
	struct rig *r = *state;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	rig_reply(&r->g, ERR_NOPROMPT, NULL);
	store_run(r->s);
	assert_int_equal(r->done[0].times, 0);
	assert_int_equal(store_timeout(r->s), -1);
	assert_int_equal(store_unlock(r->s, then(1)), ERR_OK);
	assert_int_equal(store_timeout(r->s), 0);
}

static void
test_person_says_no(void **state)
{
	struct rig *r = *state;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	assert_int_equal(store_unlock(r->s, then(1)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	rig_reply(&r->g, ERR_REFUSED, NULL);
	store_run(r->s);
	for (int i = 0; i < 2; i++)
		assert_true(r->done[i].times == 1 && r->done[i].err == ERR_REFUSED);
	assert_int_equal(store_timeout(r->s), -1);
}

static void
test_last_one_leaves(void **state)
{
	struct rig *r = *state;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	assert_int_equal(store_unlock(r->s, then(1)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	store_unlock_cancel(r->s, &r->done[0]);
	store_run(r->s);
	assert_false(rig_next(&r->g));
	store_unlock_cancel(r->s, &r->done[1]);
	store_run(r->s);
	rig_expect(&r->g, OP_CANCEL);
	assert_int_equal(store_unlock(r->s, then(2)), ERR_OK); /* comes while it ends */
	rig_answer(&r->g, OP_CANCEL, r->g.q.id, ERR_OK, NULL);
	store_run(r->s);
	assert_int_equal(r->done[0].times + r->done[1].times + r->done[2].times, 0);
}

static void
test_cancelled_then_wanted(void **state)
{
	struct rig *r = *state;
	uint64_t id;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	id = r->g.q.id;
	store_unlock_cancel(r->s, &r->done[0]);
	assert_int_equal(store_unlock(r->s, then(1)), ERR_OK);
	rig_answer(&r->g, OP_UNLOCK, id, ERR_CANCELLED, NULL);
	store_run(r->s);
	assert_int_equal(r->done[1].times, 0); /* that was not its person's no */
	wait_and_run(r);
	rig_expect(&r->g, OP_CANCEL);
	rig_expect(&r->g, OP_UNLOCK);
}

static void
test_waits_for_an_agent(void **state)
{
	struct rig *r = *state;

	assert_int_equal(store_unlock(r->s, then(0)), ERR_OK);
	wait_and_run(r);
	rig_expect(&r->g, OP_UNLOCK);
	rig_kill(&r->g);
	store_run(r->s);
	assert_int_equal(r->done[0].times, 0);
	rig_listen(&r->g);
	come_up(r, true);
	store_run(r->s);
	rig_expect(&r->g, OP_STATUS);
	rig_expect(&r->g, OP_UNLOCK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one_touch_for_all, setup_locked),
		T(test_waits_for_the_token, setup_locked),
		T(test_nowhere_to_ask, setup_locked),
		T(test_person_says_no, setup_locked),
		T(test_last_one_leaves, setup_locked),
		T(test_cancelled_then_wanted, setup_locked),
		T(test_waits_for_an_agent, setup_locked),
	};

	return cmocka_run_group_tests(tests, arena, NULL);
}
