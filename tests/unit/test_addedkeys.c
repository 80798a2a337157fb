/* agent/vault/addedkeys: the table of keys that were added until lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/vault/addedkeys.h"
#include "lib/crypto.h"

static struct addedkeys *a;

static int
setup(void **state)
{
	(void)state;
	if (sec_arena_open(2 << 20, true, true) || crypto_init())
		return -1;
	return addedkeys_new(&a) ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	addedkeys_free(a);
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

/* The n-th key: its bytes are its number, which is enough for a table. */
static enum err
put(uint32_t n, uint64_t expires, bool *there)
{
	uint8_t priv[32] = { 0 }, point[32] = { 0 }, blob[51] = { 0 }, id[16];
	struct addedkeys_want w = { .type = SSHKEY_ED25519,
		.canonical = SPAN(priv, 32),
		.point = SPAN(point, 32),
		.blob = SPAN(blob, 51),
		.comment = SPAN_LIT("comment"),
		.expires = expires };

	put_be32(priv, n);
	put_be32(point, ~n);
	put_be32(blob, n);
	return addedkeys_put(a, &w, id, there);
}

static void
id_of(uint32_t n, uint8_t id[16])
{
	uint8_t blob[51] = { 0 };

	put_be32(blob, n);
	addedkeys_id(SPAN(blob, 51), id);
}

static bool
has(uint32_t n)
{
	const struct addedkey *k;
	uint8_t id[16];

	id_of(n, id);
	if (!(k = addedkeys_find(a, id)))
		return false;
	assert_int_equal(be32(addedkey_canonical(k).p), n);
	assert_int_equal(addedkey_canonical(k).len, 32);
	assert_int_equal(be32(k->secret.p + 32), ~n);
	assert_int_equal(be32(addedkey_blob(k).p), n);
	assert_true(span_is(addedkey_comment(k), "comment"));
	return true;
}

static bool
drop(uint32_t n)
{
	uint8_t id[16];

	id_of(n, id);
	return addedkeys_drop(a, id);
}

static void
test_bounds(void **state)
{
	bool there;

	(void)state;
	for (uint32_t n = 0; n < ADDEDKEYS_MOST; n++) {
		assert_int_equal(put(n, 0, &there), ERR_OK);
		assert_false(there);
	}
	assert_int_equal(put(ADDEDKEYS_MOST, 0, &there), ERR_LIMIT);
	assert_int_equal(addedkeys_count(a), ADDEDKEYS_MOST);
	/* 64 bytes of the arena each */
	assert_int_equal(sec_arena_used(), ADDEDKEYS_MOST * 64);
	for (uint32_t n = 0; n < ADDEDKEYS_MOST; n += 97)
		assert_true(has(n));
	assert_false(has(ADDEDKEYS_MOST));
	for (uint32_t n = 0; n < ADDEDKEYS_MOST; n++)
		assert_true(drop(n));
	assert_int_equal(addedkeys_count(a), 0);
	assert_int_equal(sec_arena_used(), 0);
}

/* Against a list of what must be there, through many changes. */
static void
test_model(void **state)
{
	static bool model[512];
	size_t live = 0, pos = 0;
	uint32_t r;
	bool there;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		uint32_t n;

		crypto_random(&r, sizeof r);
		n = r % 512;
		if (r & 0x10000) {
			assert_int_equal(put(n, 0, &there), ERR_OK);
			assert_int_equal(there, model[n]);
			live += !model[n];
			model[n] = true;
		} else {
			assert_int_equal(drop(n), model[n]);
			live -= model[n];
			model[n] = false;
		}
		assert_int_equal(addedkeys_count(a), live);
	}
	for (uint32_t n = 0; n < 512; n++)
		assert_int_equal(has(n), model[n]);
	while (addedkeys_each(a, &pos))
		live--;
	assert_int_equal(live, 0);
	for (uint32_t n = 0; n < 512; n++)
		assert_int_equal(drop(n), model[n]);
}

static void
test_order_and_expiry(void **state)
{
	const struct addedkey *k;
	size_t pos = 0;
	bool there;

	(void)state;
	for (uint32_t n = 1; n <= 5; n++)
		assert_int_equal(put(n, n == 3 ? 0 : 100 - n, &there), ERR_OK);
	assert_int_equal(put(2, 50, &there), ERR_OK); /* keeps its place */
	assert_true(there);
	for (uint32_t n = 1; n <= 5; n++) {
		assert_non_null(k = addedkeys_each(a, &pos));
		assert_int_equal(be32(addedkey_blob(k).p), n);
	}
	assert_null(addedkeys_each(a, &pos));
	assert_int_equal(addedkeys_next_expiry(a), 50);
	assert_null(addedkeys_expired(a, 49));
	assert_non_null(k = addedkeys_expired(a, 50));
	assert_int_equal(be32(addedkey_blob(k).p), 2);
	assert_true(drop(2));
	assert_int_equal(addedkeys_next_expiry(a), 95);
	assert_true(drop(1) && drop(4) && drop(5));
	assert_int_equal(addedkeys_next_expiry(a), 0);
	assert_null(addedkeys_expired(a, UINT64_MAX));
	assert_true(drop(3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_model), cmocka_unit_test(test_order_and_expiry) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
