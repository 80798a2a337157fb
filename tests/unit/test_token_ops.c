/* Every operation on every personality of the software token. */
#include "tests/unit/token_rig.h"

/* What is to be expected of a personality, without and with a PIN. */
static const struct row {
	const char *name;
	enum err make, assert_; /* no PIN set */
	enum err pin_make;	/* with the PIN */
	enum err bare_make;	/* PIN set, not given */
	enum err bare_assert;
	bool one_secret;
	bool leaky; /* the soft lock lets the right PIN through */
} rows[] = {
	{ .name = "yk57" },
	{ .name = "yk54", .bare_make = ERR_PIN_NEEDED },
	{ .name = "solo", .bare_make = ERR_PIN_NEEDED },
	{ .name = "canokey" },
	{ .name = "pico", .bare_make = ERR_PIN_NEEDED, .leaky = true },
	{ .name = "no-hmac-secret",
	    ERR_TOKEN_NOSECRET,
	    ERR_TOKEN_NOSECRET,
	    ERR_TOKEN_NOSECRET,
	    ERR_TOKEN_NOSECRET,
	    ERR_TOKEN_NOSECRET,
	    false,
	    false },
	{ .name = "u2f-only",
	    ERR_TOKEN_U2F,
	    ERR_TOKEN_U2F,
	    ERR_TOKEN_U2F,
	    ERR_TOKEN_U2F,
	    ERR_TOKEN_U2F,
	    false,
	    false },
	{ .name = "pin-blocked", .pin_make = ERR_PIN_BLOCKED },
	{ .name = "full" },
	{ .name = "alwaysuv",
	    .make = ERR_PIN_NEEDED,
	    .bare_make = ERR_PIN_NEEDED,
	    .bare_assert = ERR_PIN_NEEDED },
	{ .name = "one-secret", .bare_make = ERR_PIN_NEEDED, .one_secret = true },
	{ .name = "credprotect3-only", .assert_ = ERR_TOKEN_WRONG, .bare_assert = ERR_TOKEN_WRONG },
};

#define FOR_ROWS(r) for (r = rows; r < rows + sizeof rows / sizeof *rows; r++)

static void
test_no_personality_is_forgotten(void **state)
{
	const char *name;
	const struct row *r;
	size_t i;

	(void)state;
	for (i = 0; (name = softtoken_personality_at(i, NULL)) != NULL; i++) {
		FOR_ROWS(r)
		if (strcmp(r->name, name) == 0)
			break;
		if (r == rows + sizeof rows / sizeof *rows)
			fail_msg("no row for %s", name);
	}
}

static void
say(const struct row *r)
{
	print_message("  %s\n", r->name);
}

static void
test_info(void **state)
{
	struct answer a = { 0 };
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		say(r);
		plug_in(r->name, PIN);
		assert_int_equal(run((struct token_job){ .op = TOKEN_INFO }, &a), ERR_OK);
		if (r->make == ERR_TOKEN_U2F) {
			assert_int_equal(a.ev.options, 0);
			continue;
		}
		assert_true(span_is(a.ev.name, "software token"));
		assert_true(a.ev.options & TOKEN_OPT_FIDO2);
		assert_true(a.ev.options & TOKEN_OPT_PIN_SET);
		assert_int_equal(
		    (a.ev.options & TOKEN_OPT_HMAC_SECRET) != 0, r->make != ERR_TOKEN_NOSECRET);
		assert_int_equal(a.tries, r->pin_make == ERR_PIN_BLOCKED ? 0 : 8);
		assert_true(a.ev.versions.len > 0);
		assert_true(a.ev.min_pin == 0 || a.ev.min_pin == 4);
	}
	done(&a);
}

static void
test_without_pin(void **state)
{
	struct answer a = { 0 }, b = { 0 };
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		if (r->pin_make == ERR_PIN_BLOCKED)
			continue;
		say(r);
		plug_in(r->name, NULL);
		assert_int_equal(make(NULL, &a), r->make);
		if (r->make != ERR_OK)
			continue;
		assert_int_equal(a.touches, 1);
		assert_int_equal(a.ev.alg, -7);
		assert_int_equal(a.ev.pubkey.len, 64);
		assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), r->assert_);
		if (r->assert_ != ERR_OK)
			continue;
		assert_int_equal(a.touches, 1);
		assert_true(span_eq(a.ev.cred_id, buf_span(&a.id)));
		assert_int_equal(a.ev.secret.len, 32);
		assert_int_equal(a.ev.authdata.p[32] & 0x05, 0x01); /* touched, not verified */
		/* two salts: the first half is the same */
		assert_int_equal(assert_one(buf_span(&a.id), 64, NULL, &b), ERR_OK);
		assert_int_equal(b.ev.secret.len, 64);
		assert_memory_equal(a.ev.secret.p, b.ev.secret.p, 32);
		assert_memory_not_equal(b.ev.secret.p, b.ev.secret.p + 32, 32);
		/* and without a salt there is none */
		assert_int_equal(assert_one(buf_span(&a.id), 0, NULL, &b), ERR_OK);
		assert_int_equal(b.ev.secret.len, 0);
	}
	done(&a);
	done(&b);
}

static void
test_with_pin(void **state)
{
	struct answer a = { 0 }, b = { 0 };
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		say(r);
		plug_in(r->name, PIN);
		assert_int_equal(make(NULL, &a), r->bare_make);
		assert_int_equal(make(PIN, &a), r->pin_make);
		if (r->pin_make != ERR_OK)
			continue;
		assert_int_equal(a.ev.authdata.p[32] & 0x45, 0x45);
		assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_OK);
		assert_int_equal(a.ev.authdata.p[32] & 0x05, 0x05);
		assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &b), r->bare_assert);
		if (r->bare_assert != ERR_OK)
			continue;
		assert_int_equal(memcmp(a.ev.secret.p, b.ev.secret.p, 32) == 0, r->one_secret);
	}
	done(&a);
	done(&b);
}

static void
test_wrong_pin(void **state)
{
	struct answer a = { 0 };
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		if (r->pin_make != ERR_OK)
			continue;
		say(r);
		plug_in(r->name, PIN);
		assert_int_equal(make(PIN, &a), ERR_OK);
		assert_int_equal(assert_one(buf_span(&a.id), 32, "9999", &a), ERR_PIN_WRONG);
		assert_int_equal(a.tries, 7);
		assert_int_equal(a.touches, 0);
		assert_int_equal(assert_one(buf_span(&a.id), 32, "9999", &a), ERR_PIN_WRONG);
		assert_int_equal(a.tries, 6);
		assert_int_equal(assert_one(buf_span(&a.id), 32, "9999", &a), ERR_PIN_REPLUG);
		assert_int_equal(a.tries, 5);
		if (!r->leaky) {
			assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_PIN_REPLUG);
			assert_int_equal(a.tries, 5);
		}
		softtoken_unplug(soft);
		assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_TOKEN_GONE);
		softtoken_plug(soft);
		assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_OK);
	}
	done(&a);
}

/* Down to the last try, and beyond: only with force, and each answer true. */
static void
test_few_tries(void **state)
{
	static const struct token_job info = { .op = TOKEN_INFO };
	struct answer a = { 0 };
	struct token_job job;
	uint64_t left;

	(void)state;
	plug_in("yk57", PIN);
	assert_int_equal(make(PIN, &a), ERR_OK);
	for (left = 7; left >= 2; left--) {
		assert_true(assert_one(buf_span(&a.id), 32, "0000", &a) != ERR_OK);
		assert_int_equal(a.tries, left);
		replug();
	}
	assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_PIN_LOW);
	assert_int_equal(a.tries, 2);
	assert_int_equal(run(info, &a), ERR_OK);
	assert_int_equal(a.tries, 2); /* it was not sent */
	for (left = 1; left <= 1; left--) {
		struct span id = buf_span(&a.id);

		job = assert_job(&id, 1, 32, "0000");
		job.force = true;
		assert_int_equal(run(job, &a), left ? ERR_PIN_WRONG : ERR_PIN_BLOCKED);
		assert_int_equal(a.tries, left);
		replug();
	}
	assert_int_equal(assert_one(buf_span(&a.id), 32, PIN, &a), ERR_PIN_BLOCKED);
	assert_int_equal(a.tries, 0);
	done(&a);
}

static void
test_pin_set_and_change(void **state)
{
	struct token_job set = { .op = TOKEN_PIN_SET, .newpin = SPAN_LIT("first") };
	struct token_job change = {
		.op = TOKEN_PIN_CHANGE, .pin = SPAN_LIT("first"), .newpin = SPAN_LIT("second")
	};
	struct answer a = { 0 };

	(void)state;
	plug_in("yk57", NULL);
	assert_int_equal(make(PIN, &a), ERR_PIN_UNSET);
	assert_int_equal(run(change, &a), ERR_PIN_UNSET);
	assert_int_equal(run(set, &a), ERR_OK);
	assert_int_equal(run(set, &a), ERR_EXISTS);
	assert_int_equal(make("first", &a), ERR_OK);
	assert_int_equal(run(change, &a), ERR_OK);
	assert_int_equal(run(change, &a), ERR_PIN_WRONG);
	assert_int_equal(a.tries, 7);
	assert_int_equal(make("second", &a), ERR_OK);
	/* four code points at least: these are two of three bytes */
	plug_in("yk57", NULL);
	set.newpin = SPAN_LIT("\xe2\x82\xac\xe2\x82\xac");
	assert_int_equal(run(set, &a), ERR_PIN_POLICY);
	/* a NUL would cut the PIN without a word */
	set.newpin = SPAN_LIT("abcd\0efgh");
	assert_int_equal(run(set, &a), ERR_PIN_POLICY);
	done(&a);
}

/* --- lists --- */

static void
test_list_is_split(void **state)
{
	static uint8_t junk[DEVICE_CREDS_MAX + 1][100];
	struct span ids[DEVICE_CREDS_MAX + 1];
	struct answer a = { 0 };
	const struct row *r;
	size_t i;

	(void)state;
	for (i = 0; i <= DEVICE_CREDS_MAX; i++) {
		memset(junk[i], (int)(i + 1), sizeof junk[i]);
		ids[i] = SPAN(junk[i], sizeof junk[i]);
	}
	FOR_ROWS(r)
	{
		if (r->make != ERR_OK || r->assert_ != ERR_OK || r->pin_make != ERR_OK)
			continue;
		say(r);
		plug_in(r->name, NULL);
		assert_int_equal(make(NULL, &a), ERR_OK);
		assert_int_equal(
		    run(assert_job(ids, DEVICE_CREDS_MAX, 64, NULL), &a), ERR_TOKEN_WRONG);
		assert_int_equal(a.touches, 0);
		for (i = 0; i < DEVICE_CREDS_MAX; i += 21) {
			ids[i] = buf_span(&a.id);
			assert_int_equal(
			    run(assert_job(ids, DEVICE_CREDS_MAX, 64, NULL), &a), ERR_OK);
			assert_int_equal(a.touches, 1);
			assert_true(span_eq(a.ev.cred_id, buf_span(&a.id)));
			assert_int_equal(a.ev.secret.len, 64);
			ids[i] = SPAN(junk[i], sizeof junk[i]);
		}
	}
	plug_in("yk57", NULL);
	assert_int_equal(run(assert_job(ids, DEVICE_CREDS_MAX + 1, 64, NULL), &a), ERR_TOOBIG);
	done(&a);
}

/* Two credentials of one token: the first in the order of its answers that was asked for. */
static void
test_two_of_its_own(void **state)
{
	struct answer a = { 0 }, b = { 0 }, c = { 0 };
	struct span ids[2];
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		if (r->make != ERR_OK || r->assert_ != ERR_OK || r->pin_make != ERR_OK)
			continue;
		say(r);
		plug_in(r->name, NULL);
		assert_int_equal(make(NULL, &a), ERR_OK);
		assert_int_equal(make(NULL, &b), ERR_OK);
		ids[0] = buf_span(&a.id);
		ids[1] = buf_span(&b.id);
		assert_int_equal(run(assert_job(ids, 2, 32, NULL), &c), ERR_OK);
		assert_int_equal(c.touches, 1);
		assert_int_equal(assert_one(c.ev.cred_id, 32, NULL, &a), ERR_OK);
		assert_true(span_eq(c.ev.secret, a.ev.secret));
	}
	done(&a);
	done(&b);
	done(&c);
}

static void
test_exclude(void **state)
{
	struct token_job job = make_job(NULL);
	struct answer a = { 0 };
	struct span id;

	(void)state;
	plug_in("yk57", NULL);
	assert_int_equal(make(NULL, &a), ERR_OK);
	id = buf_span(&a.id);
	job.creds = (struct wire_list){ .v = &id, .n = 1 };
	assert_int_equal(run(job, &a), ERR_EXISTS);
	done(&a);
}

/* What real tokens say to a silent question for the secret. */
static void
test_silent(void **state)
{
	static const struct {
		const char *name;
		enum err with_salt;
	} silent[] = {
		{ "yk57", ERR_UNSUPPORTED },
		{ "canokey", ERR_UNSUPPORTED },
		{ "pico", ERR_UNSUPPORTED },
		{ "solo", ERR_OK },
	};
	struct answer a = { 0 };
	struct token_job job;
	struct span id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof silent / sizeof *silent; i++) {
		plug_in(silent[i].name, NULL);
		assert_int_equal(make(NULL, &a), ERR_OK);
		id = buf_span(&a.id);
		job = assert_job(&id, 1, 32, NULL);
		job.up = false;
		assert_int_equal(run(job, &a), silent[i].with_salt);
		job.salt = SPAN_NONE;
		assert_int_equal(run(job, &a), ERR_OK);
		assert_int_equal(a.touches, 0);
		assert_int_equal(a.ev.authdata.p[32] & 1, 0);
	}
	done(&a);
}

/* --- touches --- */

static void
test_touch(void **state)
{
	static const struct token_job select_ = { .op = TOKEN_SELECT };
	struct answer a = { 0 };
	const struct row *r;

	(void)state;
	FOR_ROWS(r)
	{
		if (r->make == ERR_TOKEN_U2F)
			continue;
		say(r);
		plug_in(r->name, PIN);
		assert_int_equal(run(select_, &a), ERR_OK);
		assert_int_equal(a.touches, 1);
		softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_DELAY, 2000);
		assert_int_equal(run(select_, &a), ERR_OK);
		softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_NEVER, 0);
		assert_int_equal(run(select_, &a), ERR_TOUCH_TIMEOUT);
	}
	plug_in("yk57", NULL);
	assert_int_equal(make(NULL, &a), ERR_OK);
	softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_NEVER, 0);
	assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_TOUCH_TIMEOUT);
	assert_int_equal(a.touches, 1);
	softtoken_touch_mode(soft, SOFTTOKEN_TOUCH_AUTO, 0);
	assert_int_equal(assert_one(buf_span(&a.id), 32, NULL, &a), ERR_OK);
	done(&a);
}

static void
test_unusable_jobs(void **state)
{
	static const struct token_job none = { .op = TOKEN_ASSERT };
	struct answer a = { 0 };
	struct token_job job;
	struct span id = SPAN_LIT("id");

	(void)state;
	plug_in("yk57", NULL);
	assert_int_equal(run(none, &a), ERR_USAGE);
	job = assert_job(&id, 1, 48, NULL);
	assert_int_equal(run(job, &a), ERR_RANGE);
	job = assert_job(&id, 1, 32, NULL);
	job.uv = TOKEN_UV_PIN;
	assert_int_equal(run(job, &a), ERR_USAGE);
	job.uv = TOKEN_UV_BUILTIN;
	assert_int_equal(run(job, &a), ERR_PIN_NEEDED);
	job.op = TOKEN_LIST;
	assert_int_equal(run(job, &a), ERR_USAGE);
	done(&a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_personality_is_forgotten),
		T(test_info),
		T(test_without_pin),
		T(test_with_pin),
		T(test_wrong_pin),
		T(test_few_tries),
		T(test_pin_set_and_change),
		T(test_list_is_split),
		T(test_two_of_its_own),
		T(test_exclude),
		T(test_silent),
		T(test_touch),
		T(test_unusable_jobs),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
