#include <poll.h>

#include "store_rig.h"

/* ---- states ---- */
static void
test_locked_knows_nothing(void **state)
{
	struct rig *r = *state;
	struct ops_status_rep st = { .locked = true, .vault = true, .version = SPAN_LIT("1") };
	struct store_set set = { .id = NULL };

	assert_int_equal(store_state(r->s), STORE_NO_AGENT);
	assert_int_equal(store_put(r->s, NULL, &set, then(0), NULL), ERR_NOAGENT);
	come_up(r, true);
	assert_int_equal(store_state(r->s), STORE_LOCKED);
	rig_expect(&r->g, OP_STATUS);
	wire_mark(&ops_status_rep_map, &st);
	rig_reply(&r->g, ERR_OK, &st);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_LOCKED);
	assert_int_equal(store_put(r->s, NULL, &set, then(0), NULL), ERR_LOCKED);
	assert_null(store_collection(r->s, SPAN_LIT("default")));
	assert_int_equal(found(r, NULL, NULL), 0);
	assert_int_equal(r->states, 1);
}

static void
test_no_vault(void **state)
{
	struct rig *r = *state;
	struct ops_status_rep st = { .locked = true, .version = SPAN_LIT("1") };

	come_up(r, true);
	rig_expect(&r->g, OP_STATUS);
	wire_mark(&ops_status_rep_map, &st);
	rig_reply(&r->g, ERR_OK, &st);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_NO_VAULT);
	tell(r, OPS_EV_UNLOCKED, 0);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_READING);
}

static void
test_pages(void **state)
{
	struct rig *r = *state;

	come_up(r, false);
	assert_int_equal(store_state(r->s), STORE_READING);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 6, 7, true);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_READING);
	assert_null(store_find(r->s, id_of(1)));
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 6, 11, 7, false);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_OPEN);
	assert_int_equal(store_count(r->s), 10);
	assert_non_null(store_find(r->s, id_of(10)));
	assert_null(store_find(r->s, id_of(11)));
	assert_int_equal(r->changes, 0); /* a first reading is none */
	assert_int_equal(found(r, "user", "odd"), 5);
	assert_int_equal(found(r, "user", "neither"), 0);
	assert_int_equal(found(r, NULL, NULL), 10);
	assert_true(span_is(store_collection(r->s, SPAN_LIT("default"))->label, "Login"));
	assert_null(store_collection(r->s, SPAN_LIT("other")));
}

/* A vault that changed between two pages is read from the beginning. */
static void
test_torn_pages(void **state)
{
	struct rig *r = *state;
	struct ops_entry_page q;

	come_up(r, false);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 6, 7, true);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 6, 11, 8, false);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_READING);
	rig_expect(&r->g, OP_ENTRY_LIST);
	rig_params(&r->g, &q);
	assert_int_equal(q.cursor.len, 0);
	answer_page(r, 1, 4, 8, false);
	store_run(r->s);
	assert_int_equal(store_count(r->s), 3);
}

static void
test_locked_in_mid_reading(void **state)
{
	struct rig *r = *state;

	come_up(r, false);
	rig_expect(&r->g, OP_ENTRY_LIST);
	tell(r, OPS_EV_LOCKED, 0);
	tell(r, OPS_EV_UNLOCKED, 0);
	answer_page(r, 1, 6, 7, false); /* of the reading before */
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_READING);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 3, 7, false);
	store_run(r->s);
	assert_int_equal(store_count(r->s), 2);
	tell(r, OPS_EV_LOCKED, 0);
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_LOCKED);
	assert_null(store_find(r->s, id_of(1)));
}

static void
test_agent_killed(void **state)
{
	struct rig *r = *state;

	assert_int_equal(store_lock(r->s, then(0)), ERR_OK);
	store_run(r->s);
	rig_kill(&r->g);
	store_run(r->s);
	assert_int_equal(r->done[0].err, ERR_NOAGENT);
	assert_int_equal(store_state(r->s), STORE_NO_AGENT);
	assert_int_equal(store_count(r->s), 0);
	rig_listen(&r->g);
	come_up(r, false);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 3, 1, false); /* an older vault: no reading without end */
	store_run(r->s);
	assert_int_equal(store_state(r->s), STORE_OPEN);
	assert_false(rig_next(&r->g));
	assert_int_equal(r->changes, 0);
}

/* ---- changes ---- */
static void
test_own_change(void **state)
{
	struct rig *r = *state;
	struct store_set set = { .label = SPAN_LIT("l"), .has_label = true };
	struct peer who = { .pid = 42, .app = "unit:app-x.scope", .vouched = true };
	struct ops_entry_set in;

	assert_int_equal(store_put(r->s, &who, &set, then(0), NULL), ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_SET);
	rig_params(&r->g, &in);
	assert_true(in.who.pid == 42 && in.who.vouched && span_is(in.who.app, who.app));
	assert_false(wire_has(&ops_entry_set_map, &in, "value"));
	assert_true(wire_has(&ops_entry_set_map, &in, "kind"));
	tell(r, OPS_EV_CHANGED, 8); /* comes before the answer */
	answer_put(r, 30, 8);
	store_run(r->s);
	assert_int_equal(r->done[0].times, 1);
	assert_int_equal(r->done[0].id, 30);
	assert_true(r->done[0].was_in);
	assert_int_equal(r->changes, 1);
	assert_true(r->change[0].what == STORE_ADDED && r->change[0].id == 30);
	store_run(r->s);
	assert_false(rig_next(&r->g)); /* nothing is read for it */
	assert_int_equal(found(r, "user", "even"), 6);
}

static void
test_change_of_others(void **state)
{
	struct rig *r = *state;

	tell(r, OPS_EV_CHANGED, 8);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_LIST);
	assert_int_equal(store_count(r->s), 10); /* what is known stays until then */
	answer_page(r, 2, 12, 8, false);
	store_run(r->s);
	assert_int_equal(r->changes, 2);
	assert_true(r->change[0].what == STORE_REMOVED && r->change[0].id == 1);
	assert_true(r->change[1].what == STORE_ADDED && r->change[1].id == 11);
	tell(r, OPS_EV_CHANGED, 8); /* known */
	store_run(r->s);
	assert_false(rig_next(&r->g));
}

/* Somebody else's change between two of ours: ours is in the copy, and theirs is read. */
static void
test_both(void **state)
{
	struct rig *r = *state;
	struct store_set set = { .id = id_of(3), .type = SPAN_LIT("t"), .has_type = true };

	assert_int_equal(store_put(r->s, NULL, &set, then(0), NULL), ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_SET);
	tell(r, OPS_EV_CHANGED, 8);
	tell(r, OPS_EV_CHANGED, 9);
	answer_put(r, 3, 9);
	store_run(r->s);
	assert_int_equal(r->done[0].err, ERR_OK);
	assert_true(r->change[0].what == STORE_CHANGED && r->change[0].id == 3);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 12, 9, false);
	store_run(r->s);
	assert_int_equal(store_count(r->s), 11);
}

/* While clients go on changing entries, all is not read anew at each change. */
static void
test_torn_while_open(void **state)
{
	struct rig *r = *state;
	struct ops_entry_page q;

	tell(r, OPS_EV_CHANGED, 9);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_LIST);
	answer_page(r, 1, 6, 9, true);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_LIST);
	tell(r, OPS_EV_CHANGED, 10);
	answer_page(r, 6, 11, 10, false);
	store_run(r->s);
	tell(r, OPS_EV_CHANGED, 11);
	store_run(r->s);
	assert_false(rig_next(&r->g));
	assert_int_equal(store_count(r->s), 10);
	assert_in_range(store_timeout(r->s), 1, 50);
	while (store_timeout(r->s) != 0)
		poll(NULL, 0, store_timeout(r->s));
	store_run(r->s);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_LIST);
	rig_params(&r->g, &q);
	assert_int_equal(q.cursor.len, 0);
	answer_page(r, 1, 12, 11, false);
	store_run(r->s);
	assert_int_equal(store_count(r->s), 11);
}

static void
test_remove(void **state)
{
	struct rig *r = *state;
	struct ops_change_rep rep = { .change = 8 };

	wire_mark(&ops_change_rep_map, &rep);
	assert_int_equal(store_remove(r->s, NULL, id_of(4), then(0), NULL), ERR_OK);
	assert_int_equal(store_remove(r->s, NULL, id_of(5), then(1), NULL), ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_REMOVE);
	rig_reply(&r->g, ERR_OK, &rep);
	rig_expect(&r->g, OP_ENTRY_REMOVE);
	rig_reply(&r->g, ERR_DENIED, NULL);
	store_run(r->s);
	assert_int_equal(r->done[0].err, ERR_OK);
	assert_int_equal(r->done[1].err, ERR_DENIED);
	assert_null(store_find(r->s, id_of(4)));
	assert_non_null(store_find(r->s, id_of(5)));
	assert_int_equal(found(r, "user", "even"), 4);
	assert_true(r->changes == 1 && r->change[0].what == STORE_REMOVED);
}

/* ---- values ---- */
static void
answer_values(struct rig *r, const unsigned *n, const enum err *err, size_t count_)
{
	static char big[100000];
	struct ops_entry_value v[8];
	struct ops_entry_get_rep rep = { .has = 0 };
	static uint8_t id[8][16];

	memset(big, 'b', sizeof big);
	for (size_t i = 0; i < count_; i++) {
		put_be32(id[i] + 12, n[i]);
		v[i] = (struct ops_entry_value){ .id = SPAN(id[i], 16),
			.value = n[i] == 9 ? SPAN(big, sizeof big) : SPAN_LIT("secret"),
			.err = (uint64_t)err[i] };
		if (err[i])
			v[i].value = SPAN_NONE;
		wire_mark(&ops_entry_value_map, &v[i]);
	}
	rep.values = (struct wire_list){ .v = v, .n = count_ };
	wire_mark(&ops_entry_get_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
}

static void
test_values(void **state)
{
	struct rig *r = *state;
	const unsigned all[] = { 1, 9, 2, 3 };
	const enum err errs[] = { ERR_OK, ERR_TOOBIG, ERR_REFUSED, ERR_TOOBIG };
	const enum err fine[] = { ERR_OK }, big[] = { ERR_TOOBIG };
	uint8_t ids[4][16] = { { 0 } };
	struct store_values_then t = { on_values, r };
	uint64_t call;

	for (int i = 0; i < 4; i++)
		put_be32(ids[i] + 12, all[i]);
	assert_int_equal(
	    store_get(r->s, NULL, (struct store_ids){ (const uint8_t(*)[16])ids, 4 }, t, &call),
	    ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_GET);
	answer_values(r, all, errs, 4);
	store_run(r->s);
	assert_int_equal(r->got.times, 0);
	rig_expect(&r->g, OP_ENTRY_GET);
	rig_event(&r->g, &(struct ops_event){ .kind = OPS_EV_TOUCH, .request = r->g.q.id });
	answer_values(r, all + 1, fine, 1);
	store_run(r->s);
	assert_int_equal(r->last.request, call); /* ours, whatever the agent's is now */
	rig_expect(&r->g, OP_ENTRY_GET);
	answer_values(r, all + 3, big, 1);
	store_run(r->s);
	assert_int_equal(r->got.times, 1);
	assert_int_equal(r->got.n, 4);
	assert_string_equal(r->got.text[0], "secret");
	assert_int_equal(r->got.len[1], 100000);
	assert_int_equal(r->got.one[2], ERR_REFUSED);
	assert_int_equal(r->got.one[3], ERR_TOOBIG);
}

static void
test_values_of_another(void **state)
{
	struct rig *r = *state;
	struct store_values_then t = { on_values, r };
	const unsigned wrong[] = { 2 };
	const enum err fine[] = { ERR_OK };
	uint8_t ids[1][16] = { { 0 } };

	put_be32(ids[0] + 12, 1);
	assert_int_equal(
	    store_get(r->s, NULL, (struct store_ids){ (const uint8_t(*)[16])ids, 1 }, t, NULL),
	    ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_ENTRY_GET);
	answer_values(r, wrong, fine, 1);
	store_run(r->s);
	assert_int_equal(r->got.err, ERR_FORMAT);
	assert_int_equal(r->got.n, 0);
}

static void
test_portal(void **state)
{
	struct rig *r = *state;
	struct store_values_then t = { on_values, r };
	struct ops_secret_rep rep = { .value = SPAN_LIT("of the portal") };
	struct ops_portal q;

	assert_int_equal(store_portal(r->s, NULL, SPAN_LIT("org.x.App"), t, NULL), ERR_OK);
	store_run(r->s);
	rig_expect(&r->g, OP_PORTAL_SECRET);
	rig_params(&r->g, &q);
	assert_true(span_is(q.app, "org.x.App"));
	wire_mark(&ops_secret_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
	store_run(r->s);
	assert_int_equal(r->got.n, 1);
	assert_string_equal(r->got.text[0], "of the portal");
}

/* ---- size ---- */
static void
test_ten_thousand(void **state)
{
	struct rig *r = *state;
	uint64_t began, n = 0, took = 0;

	come_up(r, false);
	for (unsigned at = 0; at < 10000; at += 250) {
		rig_expect(&r->g, OP_ENTRY_LIST);
		answer_page(r, at, at + 250, 7, at + 250 < 10000);
		began = loop_now();
		store_run(r->s);
		took += loop_now() - began;
	}
	assert_int_equal(store_count(r->s), 10000);
	began = loop_now();
	for (; n < 10000; n++) {
		assert_non_null(store_find(r->s, id_of((unsigned)n)));
		assert_int_equal(found(r, "user", "nobody"), 0);
	}
	print_message("10,000 entries: %u ms; 10,000 searches: %u ms\n", (unsigned)took,
	    (unsigned)(loop_now() - began));
	assert_in_range(loop_now() - began, 0, 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_locked_knows_nothing, setup),
		T(test_no_vault, setup),
		T(test_pages, setup),
		T(test_torn_pages, setup),
		T(test_locked_in_mid_reading, setup),
		T(test_agent_killed, setup_open),
		T(test_own_change, setup_open),
		T(test_change_of_others, setup_open),
		T(test_both, setup_open),
		T(test_torn_while_open, setup_open),
		T(test_remove, setup_open),
		T(test_values, setup_open),
		T(test_values_of_another, setup_open),
		T(test_portal, setup_open),
		T(test_ten_thousand, setup),
	};

	return cmocka_run_group_tests(tests, arena, NULL);
}
