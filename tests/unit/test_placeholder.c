#include "cli/secrets/placeholder.h"
#include "store_rig.h"

static struct peer one, two;

static uint64_t
number(struct placeholders *p, struct peer *who, const char *user)
{
	struct store_attr a[2] = { { SPAN_LIT("user"), span_str(user) },
		{ SPAN_LIT("application"), SPAN_LIT("x") } };
	const struct placeholder *h = NULL;

	assert_int_equal(
	    placeholders_get(p, who, &(struct store_query){ .attr = a, .nattr = 2 }, &h), ERR_OK);
	assert_ptr_equal(placeholders_find(p, h->number), h);
	return h->number;
}

static void
test_numbers(void **state)
{
	struct store_attr turned[2] = { { SPAN_LIT("application"), SPAN_LIT("x") },
		{ SPAN_LIT("user"), SPAN_LIT("odd") } };
	struct store_query q = { .attr = turned, .nattr = 2 };
	const struct placeholder *h;
	struct placeholders *p;
	uint64_t a, b;

	(void)state;
	assert_int_equal(placeholders_new(&p), ERR_OK);
	a = number(p, &one, "odd");
	assert_int_equal(number(p, &one, "odd"), a);
	assert_int_equal(placeholders_get(p, &one, &q, &h), ERR_OK);
	assert_int_equal(h->number, a); /* in another order */
	b = number(p, &two, "odd");	/* of each client its own */
	assert_true(a != b);
	assert_true(number(p, &one, "even") != a);
	q.collection = SPAN_LIT("default");
	assert_int_equal(placeholders_get(p, &one, &q, &h), ERR_OK);
	assert_true(h->number != a);
	q.nattr = 1;
	assert_int_equal(placeholders_get(p, &one, &q, &h), ERR_OK);
	assert_true(h->number != a);
	placeholders_forget(p, &one);
	assert_null(placeholders_find(p, a));
	assert_non_null(placeholders_find(p, b));
	assert_true(number(p, &one, "odd") > b); /* never a second time */
	placeholders_done(p);
}

static void
test_limits(void **state)
{
	static uint8_t big[70000];
	struct store_attr huge = { SPAN_LIT("a"), SPAN(big, sizeof big) };
	const struct placeholder *h;
	static struct peer many[PLACEHOLDERS_MAX + 1];
	struct placeholders *p;
	uint64_t first = 0, last = 0;
	char user[16];

	(void)state;
	assert_int_equal(placeholders_new(&p), ERR_OK);
	for (int i = 0; i < PLACEHOLDERS_PER_PEER; i++) {
		snprintf(user, sizeof user, "%d", i);
		last = number(p, &one, user);
		first = first ? first : last;
	}
	/* none of them may be taken for "no such item" */
	assert_int_equal(
	    placeholders_get(p, &one, &(struct store_query){ .nattr = 0 }, &h), ERR_LIMIT);
	assert_non_null(placeholders_find(p, first));
	placeholders_opened(p);
	assert_int_equal(number(p, &one, "0"), first); /* is of this turn again */
	last = number(p, &one, "one more");
	assert_non_null(placeholders_find(p, first));
	assert_null(placeholders_find(p, first + 1)); /* its oldest of before */
	assert_non_null(placeholders_find(p, first + 2));
	assert_int_equal(
	    placeholders_get(p, &two, &(struct store_query){ .attr = &huge, .nattr = 1 }, &h),
	    ERR_LIMIT);
	for (int i = 0; i < PLACEHOLDERS_MAX - PLACEHOLDERS_PER_PEER; i++)
		number(p, &many[i], "u");
	assert_int_equal(
	    placeholders_get(p, &two, &(struct store_query){ .nattr = 0 }, &h), ERR_LIMIT);
	assert_non_null(placeholders_find(p, last)); /* nobody loses theirs to others */
	placeholders_done(p);
}

static void
test_stands_for(void **state)
{
	struct rig *r = *state;
	const struct placeholder *odd, *none;
	struct placeholders *p;

	assert_int_equal(placeholders_new(&p), ERR_OK);
	odd = placeholders_find(p, number(p, &one, "odd"));
	none = placeholders_find(p, number(p, &one, "nobody"));
	assert_null(placeholder_entry(odd, r->s));
	come_up(r, false);
	rig_expect(&r->g, OP_ENTRY_LIST);
	assert_null(placeholder_entry(odd, r->s)); /* while it is read */
	answer_page(r, 2, 11, 7, false);
	store_run(r->s);
	assert_int_equal(placeholder_entry(odd, r->s)->id[15], 3); /* the oldest */
	assert_null(placeholder_entry(none, r->s));
	tell(r, OPS_EV_LOCKED, 0);
	store_run(r->s);
	assert_null(placeholder_entry(odd, r->s));
	placeholders_done(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_limits),
		T(test_stands_for, setup),
	};

	return cmocka_run_group_tests(tests, arena, NULL);
}
