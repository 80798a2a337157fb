/* Tokens that misbehave: what comes of it, and that the next operation is not disturbed. */
#include "tests/unit/token_rig.h"

static void
test_faults(void **state)
{
	static const struct {
		const char *fault;
		enum err err;
		enum err or ; /* when the token's own noise decides */
	} faults[] = {
		{ "short-secret", ERR_LIE_SECRET, ERR_LIE_SECRET },
		{ "no-secret", ERR_LIE_SECRET, ERR_LIE_SECRET },
		{ "huge-cbor:assert", ERR_LIE_FORMAT, ERR_LIE_FORMAT },
		{ "huge-cbor:info", ERR_LIE_FORMAT, ERR_LIE_FORMAT },
		{ "garbage:assert", ERR_LIE_FORMAT, ERR_TOKEN_IO },
		{ "other-credential", ERR_LIE_CREDENTIAL, ERR_LIE_CREDENTIAL },
		{ "drop:assert", ERR_TOKEN_IO, ERR_TOUCH_TIMEOUT },
		{ "wrong-seq:assert", ERR_TOKEN_IO, ERR_TOKEN_IO },
		{ "wrong-channel:assert", ERR_TOKEN_IO, ERR_TOUCH_TIMEOUT },
		{ "lost-frame:assert", ERR_TOKEN_IO, ERR_TOKEN_IO },
		{ "busy:info*2", ERR_OK, ERR_OK },
		{ "busy:assert", ERR_BUSY, ERR_BUSY },
		{ "unplug@1:assert", ERR_TOKEN_GONE, ERR_TOKEN_GONE },
		{ "unplug@2:assert", ERR_TOKEN_GONE, ERR_TOKEN_GONE },
	};
	struct answer a = { 0 };
	struct token_job job;
	struct span id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof faults / sizeof *faults; i++) {
		print_message("  %s\n", faults[i].fault);
		plug_in("yk57", NULL);
		assert_int_equal(make(NULL, &a), ERR_OK);
		assert_int_equal(softtoken_fault(soft, faults[i].fault), ERR_OK);
		id = buf_span(&a.id);
		job = assert_job(&id, 1, 32, NULL);
		job.timeout_ms = 200;
		run(job, &a);
		if (a.err != faults[i].or)
			assert_int_equal(a.err, faults[i].err);
		/* and the next operation is not disturbed */
		assert_int_equal(softtoken_fault(soft, "none"), ERR_OK);
		replug();
		assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_OK);
	}
	done(&a);
}

/* Lies that only the vault can see come through as they are. */
static void
test_lies_for_the_vault(void **state)
{
	static const char *const faults[] = { "no-up", "no-uv", "wrong-rp", "bad-signature",
		"unstable-secret", "replay" };
	struct answer a = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof faults / sizeof *faults; i++) {
		print_message("  %s\n", faults[i]);
		plug_in("yk57", NULL);
		assert_int_equal(make(NULL, &a), ERR_OK);
		assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_OK);
		assert_int_equal(softtoken_fault(soft, faults[i]), ERR_OK);
		assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_OK);
		assert_int_equal(a.ev.secret.len, 32);
	}
	done(&a);
}

/* An answer to the last question comes first: the fresh channel of each job makes it harmless. */
static void
test_stale(void **state)
{
	struct answer a = { 0 }, b = { 0 };
	struct token_job job;
	struct span id;

	(void)state;
	plug_in("yk57", NULL);
	assert_int_equal(make(NULL, &a), ERR_OK);
	assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_OK);
	assert_int_equal(softtoken_fault(soft, "stale*1"), ERR_OK);
	id = buf_span(&a.id);
	job = assert_job(&id, 1, 32, NULL);
	job.timeout_ms = 1000;
	run(job, &b);
	if (b.err == ERR_OK)
		assert_true(span_eq(a.ev.secret, b.ev.secret));
	assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &b), ERR_OK);
	assert_true(span_eq(a.ev.secret, b.ev.secret));
	done(&a);
	done(&b);
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(test_faults),
		T(test_lies_for_the_vault),
		T(test_stale),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
