/* test_entry.c - what makes an entry of a secret, whoever wrote it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "agent/vault/entry.h"

static struct buf raw;
static struct entry en;

static void
add(const char *name, const char *value)
{
	struct item_attr a = { .name = span_str(name), .value = span_str(value) };

	wire_mark(&item_attr_map, &a);
	assert_int_equal(wire_encode(&item_attr_map, &a, &raw), ERR_OK);
}

static bool
is_entry(void)
{
	struct item it = { .kind = ITEM_SECRET };

	it.attributes.raw = buf_span(&raw);
	return entry_read(&it, &en);
}

/* A backup can be written with an editor. */
static void
test_foreign(void **state)
{
	static const char *const wrong[] = { "../x", "a b", "", "a/b", "\xc3\xbc",
		"x123456789x123456789x123456789x123456789x123456789x123456789x1234" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		buf_reset(&raw);
		add("ownkey.kind", "item");
		add("ownkey.collection", wrong[i]);
		assert_true(is_entry());
		assert_true(span_is(en.collection, "default"));
	}
	buf_reset(&raw);
	add("ownkey.kind", "?");
	add("ownkey.collection", "work_2");
	add("ownkey.removed", "none");
	add("ownkey.later", "x");
	assert_true(is_entry());
	assert_true(span_is(en.collection, "work_2"));
	assert_true(en.kind == OPS_ENTRY_ITEM && en.removed == 0 && en.nattr == 0);
	buf_reset(&raw);
	add("ownkey.label", "x");
	assert_false(is_entry());
}

static void
test_many(void **state)
{
	char name[16];

	(void)state;
	buf_reset(&raw);
	add("ownkey.kind", "item");
	for (int i = 0; i < ITEM_ATTRS - 1; i++) {
		snprintf(name, sizeof name, "n%d", i);
		add(name, "");
	}
	assert_true(is_entry());
	assert_true(en.nattr == OPS_SECRET_ATTRS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_many) };
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_done(&raw);
	return failed;
}
