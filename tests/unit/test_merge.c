/*
 * agent/vault/merge*.c: two diverged copies of one vault become one, at random.
 *
 * An ancestor, three copies of it, each changed by itself, some of them merged on the way and
 * changed again.  What must hold is looked at from outside: digests of content, and every secret
 * value that was ever written, with whether anybody who had seen it did away with it.
 */
#include <malloc.h>

#include "tests/unit/merge_rig.h"

#define HISTORIES 10000

/* ---- what must hold ---- */
static void
check_slots(const struct copy *merged)
{
	struct slot_note n;

	for (size_t i = 0; i < ngone; i++) {
		assert_int_equal(outer_slot_find(&merged->outer, gone_slot[i]), -1);
		assert_int_equal(body_note_get(&merged->body, gone_slot[i], &n), ERR_NOTFOUND);
	}
	/* every other one is there, once, and its auth is that of the copy it comes from */
	for (size_t k = 0; k < COPIES; k++)
		for (size_t i = 0; i < OUTER_SLOTS; i++) {
			const struct slot *s = &copies[k].outer.slot[i];
			bool gone = false;

			for (size_t g = 0; g < ngone; g++)
				gone |= memcmp(gone_slot[g], s->id, 16) == 0;
			if (outer_slot_ok(&copies[k].outer, i) && !gone)
				assert_true(outer_slot_find(&merged->outer, s->id) >= 0);
		}
}

/* The slot and the auth in its note are of one copy: else a deferred wrap would open for nobody. */
static void
check_auth(const struct copy *merged)
{
	struct slot_note n, m;

	for (size_t i = 0; i < OUTER_SLOTS; i++) {
		const struct slot *s = &merged->outer.slot[i];
		bool found = false;

		if (!outer_slot_ok(&merged->outer, i))
			continue;
		assert_int_equal(body_note_get(&merged->body, s->id, &n), ERR_OK);
		for (size_t k = 0; k < COPIES; k++) {
			int at = outer_slot_find(&copies[k].outer, s->id);

			found |= at >= 0 && memcmp(s, &copies[k].outer.slot[at], sizeof *s) == 0 &&
			    !body_note_get(&copies[k].body, s->id, &m) && span_eq(m.auth, n.auth);
		}
		assert_true(found);
	}
}

/* Written, read by the strict reader, without a finding. */
static void
check_file_of(struct copy *merged)
{
	static struct outer parsed;
	static struct copy again;
	struct check_report r;
	struct vaultfile_new nv;
	struct vaultfile_state st;

	assert_int_equal(
	    vaultfile_build(&merged->outer, fixture_vrk(&base), &merged->body, 5, &nv), 0);
	FIXTURE_MUST(check_file(buf_span(&nv.bytes), &r));
	assert_true(r.good);
	assert_int_equal(r.n, 0);
	assert_int_equal(outer_parse(buf_span(&nv.bytes), &parsed), ERR_OK);
	body_done(&again.body);
	assert_int_equal(
	    vaultfile_open(buf_span(&nv.bytes), &parsed, fixture_vrk(&base), &again.body, &st),
	    ERR_OK);
	again.outer = parsed;
	again.digested = false;
	assert_same(&again, merged);
	body_done(&again.body);
	vaultfile_new_done(&nv);
}

static void
check_pairs(void)
{
	merge(&copies[0], &copies[1], &ab);
	merge(&copies[1], &copies[0], &ba);
	assert_same(&ab, &ba);
	/* twice changes nothing, and neither does what went in */
	merge(&ab, &ba, &x);
	assert_same(&x, &ab);
	merge(&ab, &copies[0], &x);
	assert_same(&x, &ab);
	merge(&copies[1], &ab, &x);
	assert_same(&x, &ab);
	merge(&copies[2], &copies[2], &x);
	assert_same(&x, &copies[2]);
}

static void
check_triple(bool ordered)
{
	bool held[VALUES] = { false };

	merge(&ab, &copies[2], &abc);
	if (ordered) {
		merge(&copies[1], &copies[2], &x);
		merge(&copies[0], &x, &x);
		assert_same(&x, &abc);
		merge(&copies[2], &copies[0], &x);
		merge(&x, &copies[1], &x);
		assert_same(&x, &abc);
	}
	for (size_t i = 0; i < COPIES; i++)
		hold(&copies[i], held);
	check_values(held, &abc);
	check_slots(&abc);
	check_auth(&abc);
}

static void
histories(void **state)
{
	(void)state;
	/* else half of the time goes into giving memory back and asking for it again */
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	for (size_t i = 0; i < HISTORIES; i++) {
		/* one in eight has more revisions than an item remembers: then more may be kept,
		 * depending on the order, but never less */
		bool ordered = i % 8 != 0;

		random_history(ordered ? ITEM_REVS : 30);
		check_pairs();
		check_triple(ordered);
		if (i % 16 == 0)
			check_file_of(&abc);
	}
	for (size_t i = 0; i < MERGE_EVENTS; i++) {
		printf("# %zu times: %s\n", heard[i], merge_event_text((enum merge_event)i));
		assert_true(heard[i] > 0 || i == MERGE_DROPPED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
