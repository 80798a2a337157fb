#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "oidc/db/memo.h"

static int dropped;

static void
drop(void *value)
{
	dropped++;
	free(value);
}

static int *
value(int n)
{
	int *v = malloc(sizeof *v);

	assert_non_null(v);
	*v = n;
	return v;
}

static void
key(int n, uint8_t out[MEMO_KEY])
{
	crypto_sha256(SPAN(&n, sizeof n), out);
}

static enum err
put(struct memo *m, int n, uint64_t now)
{
	uint8_t k[MEMO_KEY];

	key(n, k);
	return memo_put(m, k, value(n), now);
}

static int
find(struct memo *m, int n, uint64_t now)
{
	uint8_t k[MEMO_KEY];
	const int *v;

	key(n, k);
	v = memo_find(m, k, now);
	return v ? *v : -1;
}

static void
test_once(void **state)
{
	struct memo_kind kind = { .most = 4, .life = 100, .drop = drop };
	struct memo *m = memo_new(&kind);
	uint8_t k[MEMO_KEY];
	void *v;

	(void)state;
	dropped = 0;
	assert_int_equal(put(m, 1, 10), ERR_OK);
	assert_int_equal(put(m, 1, 11), ERR_EXISTS);
	assert_int_equal(dropped, 1);
	assert_int_equal(find(m, 1, 109), 1);
	assert_int_equal(find(m, 1, 110), -1);
	key(1, k);
	assert_null(memo_take(m, k, 110));
	assert_non_null(v = memo_take(m, k, 109));
	assert_null(memo_take(m, k, 109));
	free(v);
	assert_int_equal(memo_count(m), 0);
	memo_free(m);
	assert_int_equal(dropped, 1);
}

static void
test_full(void **state)
{
	struct memo_kind kind = { .most = 3, .life = 100, .drop = drop };
	struct memo *m = memo_new(&kind);

	(void)state;
	dropped = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(put(m, i, 10U + (unsigned)i), ERR_OK);
	assert_int_equal(put(m, 3, 20), ERR_LIMIT);
	assert_int_equal(dropped, 1);
	/* room again when the first has ended */
	assert_int_equal(put(m, 3, 110), ERR_OK);
	assert_int_equal(find(m, 0, 110), -1);
	assert_int_equal(find(m, 1, 110), 1);
	memo_free(m);
	assert_int_equal(dropped, 5);
	kind.oldest = true;
	m = memo_new(&kind);
	for (int i = 0; i < 10; i++)
		assert_int_equal(put(m, i, 10), ERR_OK);
	assert_int_equal(memo_count(m), 3);
	assert_int_equal(find(m, 6, 10), -1);
	assert_int_equal(find(m, 7, 10), 7);
	memo_free(m);
}

static void
test_heavy(void **state)
{
	struct memo_kind kind = { .most = 100, .life = 100, .oldest = true, .drop = drop };
	struct memo *m = memo_new(&kind);
	uint8_t k[MEMO_KEY];

	(void)state;
	dropped = 0;
	memo_weigh(m, 1000);
	for (int i = 0; i < 20; i++) {
		key(i, k);
		assert_int_equal(memo_put_bytes(m, k, value(i), 300, 10), ERR_OK);
	}
	assert_int_equal(memo_count(m), 3);
	assert_int_equal(find(m, 16, 10), -1);
	assert_int_equal(find(m, 17, 10), 17);
	/* what was taken weighs no more */
	key(17, k);
	free(memo_take(m, k, 10));
	key(30, k);
	assert_int_equal(memo_put_bytes(m, k, value(30), 400, 10), ERR_OK);
	assert_int_equal(memo_count(m), 3);
	key(31, k);
	assert_int_equal(memo_put_bytes(m, k, value(31), 1001, 10), ERR_LIMIT);
	assert_int_equal(memo_count(m), 3);
	assert_int_equal(memo_put_bytes(m, k, value(31), 1000, 10), ERR_OK);
	assert_int_equal(memo_count(m), 1);
	memo_free(m);
	assert_int_equal(dropped, 22);
}

static bool
is_odd(void *arg, const void *v)
{
	(void)arg;
	return *(const int *)v % 2 != 0;
}

/* Random puts, takes and drops next to an array that does the same. */
static void
test_like_an_array(void **state)
{
	struct memo_kind kind = { .most = 1000, .life = 50, .drop = drop };
	struct memo *m = memo_new(&kind);
	uint64_t born[64] = { 0 };
	uint8_t r[2], k[MEMO_KEY];

	(void)state;
	for (uint64_t now = 1; now < 20000; now++) {
		int n;

		crypto_random(r, sizeof r);
		n = r[0] % 64;
		key(n, k);
		if (r[1] < 120 && !(born[n] && born[n] + 50 > now)) {
			assert_int_equal(put(m, n, now), ERR_OK);
			born[n] = now;
		} else if (r[1] < 200) {
			free(memo_take(m, k, now));
			born[n] = 0;
		} else if (r[1] < 202) {
			memo_drop_if(m, is_odd, NULL);
			for (int i = 1; i < 64; i += 2)
				born[i] = 0;
		}
		assert_int_equal(find(m, n, now), born[n] && born[n] + 50 > now ? n : -1);
	}
	memo_expire(m, 30000);
	assert_int_equal(memo_count(m), 0);
	memo_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_heavy),
		cmocka_unit_test(test_like_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
