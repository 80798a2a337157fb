#include "cli/secrets/kept.h"
#include "store_rig.h"

static const char FOX[] = "program:/usr/bin/fox";

/* ---- who would be asked about what ---- */
static bool
may(const struct secrets *s, const char *app, bool vouched, uint64_t use)
{
	struct span v[] = { SPAN_LIT("flatpak:org.x.Y"), SPAN_LIT("program:/usr/bin/fox") };
	struct entry e = { .use = use, .client = v, .nclient = 2 };
	struct peer p = { .vouched = vouched };

	snprintf(p.app, sizeof p.app, "%s", app);
	return kept_may(s, &p, &e);
}

static void
test_clients(void **state)
{
	struct secrets s = { .kept = NULL };

	(void)state;
	assert_true(may(&s, FOX, false, 1));
	assert_true(may(&s, "flatpak:org.x.Y", true, 1));
	assert_false(may(&s, "flatpak:org.x.Y", false, 1)); /* it only says so */
	assert_false(may(&s, "program:/usr/bin/fo", false, 1));
	assert_false(may(&s, "program:/usr/bin/foxy", false, 1));
	assert_false(may(&s, "unit:fox.service", true, 1));
	assert_false(may(&s, "pro", false, 1));
	assert_false(may(&s, "", false, 1));
	assert_false(kept_may(&s, NULL, &(struct entry){ .use = 1 }));
	/* not locked, whoever it is */
	for (uint64_t use = 0; use <= 2; use += 2)
		assert_true(may(&s, "program:/usr/bin/other", false, use));
}

static void
test_granted(void **state)
{
	struct secrets s = { .kept = NULL };
	struct entry e = { .id = { 1 }, .use = 1 }, other = { .id = { 2 }, .use = 1 };
	struct peer one = { .app = "program:/a" }, two = { .app = "program:/a" };

	(void)state;
	assert_false(kept_may(&s, &one, &e));
	kept_add(&s, &one, e.id);
	assert_true(kept_may(&s, &one, &e));
	assert_false(kept_may(&s, &one, &other));
	assert_false(kept_may(&s, &two, &e));
	kept_peer_gone(&s, &one);
	assert_false(kept_may(&s, &one, &e));
	kept_add(&s, &two, e.id);
	kept_clear(&s);
	assert_false(kept_may(&s, &two, &e));
}

/* ---- the copy ---- */
static void
answer_one(struct rig *r, struct span *apps, size_t n, uint64_t change)
{
	struct ops_entry_list_rep rep = { .change = change };
	struct ops_pair pairs[2];
	struct ops_entry e;
	uint8_t id[16];

	e = row(id, 1, pairs);
	e.use = 1;
	e.clients = (struct wire_list){ .v = apps, .n = n };
	wire_mark(&ops_entry_map, &e);
	wire_set(&ops_entry_map, &e, "kind");
	rep.entries = (struct wire_list){ .v = &e, .n = 1 };
	wire_mark(&ops_entry_list_rep_map, &rep);
	rig_reply(&r->g, ERR_OK, &rep);
}

static void
test_copy_follows(void **state)
{
	struct span apps[] = { SPAN_LIT("program:/usr/bin/cat"), span_str(FOX) };
	struct secrets s = { .kept = NULL };
	struct peer fox = { .pid = 1 };
	struct rig *r = *state;

	snprintf(fox.app, sizeof fox.app, "%s", FOX);
	come_up(r, false);
	for (uint64_t change = 7; change < 10; change++) {
		rig_expect(&r->g, OP_ENTRY_LIST);
		answer_one(r, apps, change == 8 ? 2 : 1, change);
		store_run(r->s);
		assert_int_equal(store_state(r->s), STORE_OPEN);
		assert_int_equal(kept_may(&s, &fox, store_find(r->s, id_of(1))), change == 8);
		assert_int_equal(r->changes, change - 7);
		tell(r, OPS_EV_CHANGED, change + 1);
		store_run(r->s);
	}
	assert_true(r->change[0].what == STORE_CHANGED && r->change[1].what == STORE_CHANGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_granted),
		T(test_copy_follows, setup),
	};

	return cmocka_run_group_tests(tests, arena, NULL);
}
