/*
 * pam/login: every way through a login, with tokens, verifier and person played here.  The one rule
 * that holds in all of them: ERR_OK only if the verifier accepted a signature that was no probe.
 */
#include "tests/unit/pam_fixture.h"

#define TYPES(...)     (types = (const char *const[]){ __VA_ARGS__, NULL })
#define READ(text)     assert_non_null(strstr(read_out, text))
#define READ_NOT(text) assert_null(strstr(read_out, text))

static void
touch_only(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	plug("/a", "other");
	plug("/b", "mine");
	assert_int_equal(log_in(false), ERR_OK);
	READ("Touch your token now");
	assert_false(kept.factor.there);
	tokens[1].touch = ERR_TOUCH_TIMEOUT;
	assert_int_equal(log_in(false), ERR_TOUCH_TIMEOUT);
	READ("not touched in time");
	tokens[1].touch = ERR_OK;
	tokens[1].forges = true;
	assert_int_equal(log_in(false), ERR_LIE_SIGNATURE);
	assert_int_equal(tokens[0].sent + tokens[1].sent, 0);
	tokens[1].forges = false;
	race_lies = true;
	assert_int_equal(log_in(false), ERR_INTERNAL);
}

/* A token, or a home, that answers nothing takes its own time, not that of the login. */
static void
hangs(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_UV, "r");
	plug("/a", "other")->hangs = true;
	plug("/b", "mine");
	plug("/c", "third")->hangs = true;
	TYPES("1234");
	header_fails = ERR_TIMEOUT;
	assert_int_equal(log_in(true), ERR_OK);
	assert_int_equal(tokens[0].sent + tokens[2].sent, 0);
}

/* A token that signs less than what the row wants. */
static void
too_little(void **state)
{
	struct token *t;

	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	t = plug("/a", "mine");
	t->without = UP;
	assert_int_equal(log_in(false), ERR_LIE_VERIFIED);
	map.row[0].flags |= MAP_UV;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_LIE_VERIFIED);
	t->without = UV;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_LIE_VERIFIED);
	t->without = 0;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
}

static void
no_token(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	assert_int_equal(log_in(false), ERR_TOKEN_ABSENT);
	READ("Plug in your token.");
	plug("/a", "mine")->late = true;
	assert_int_equal(log_in(false), ERR_OK);
	options.wait = 0;
	assert_int_equal(log_in(false), ERR_TOKEN_ABSENT);
	READ_NOT("Plug in your token.");
}

static void
wrong_token(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_UV, "r");
	plug("/a", "other");
	assert_int_equal(log_in(false), ERR_TOKEN_WRONG);
	READ("plug in the right one");
	assert_int_equal(tokens[0].sent, 0);
	TYPES("1234");
	plug("/b", "mine")->late = true;
	assert_int_equal(log_in(false), ERR_OK);
	assert_int_equal(tokens[0].sent, 0);
	assert_int_equal(tokens[1].sent, 1);
}

/* The PIN goes to the token that has shown a credential of the person, and to no other. */
static void
pins(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_PIN | MAP_UV, "r");
	plug("/a", "other");
	plug("/b", "mine");
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("PIN of your token: ");
	assert_int_equal(tokens[0].sent, 0);
	/* wrong once */
	TYPES("9999", "1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("Wrong PIN, 7 tries left.");
	/* thrice */
	TYPES("9991", "9992", "9993");
	tokens[1].strikes = 0;
	tokens[1].retries = 5;
	assert_int_equal(log_in(false), ERR_PIN_REPLUG);
	READ("PIN of your token (3 tries left): ");
	READ("unplugged and plugged in");
	/* blocked */
	tokens[1].strikes = 0;
	tokens[1].retries = 1;
	TYPES("9999");
	assert_int_equal(log_in(false), ERR_PIN_BLOCKED);
	READ("(1 try left)");
	READ("blocked for good");
	assert_int_equal(tokens[0].sent, 0);
}

static void
same_pin_twice(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_UV, "r");
	plug("/a", "mine");
	TYPES("9999", "9999", "9999");
	assert_int_equal(log_in(false), ERR_PIN_WRONG);
	assert_int_equal(tokens[0].sent, 1);
	TYPES("");
	assert_int_equal(log_in(false), ERR_PAM_PIN_EMPTY);
	TYPES("123");
	assert_int_equal(log_in(false), ERR_PIN_POLICY);
	TYPES("1234567890123456789012345678901234567890123456789012345678901234");
	assert_int_equal(log_in(false), ERR_PIN_POLICY);
	assert_int_equal(tokens[0].sent, 1);
	tokens[0].pin = NULL;
	assert_int_equal(log_in(false), ERR_PIN_UNSET);
	assert_int_equal(tokens[0].sent, 1);
}

static void
several_of_theirs(void **state)
{
	(void)state;
	fresh();
	row("one", MAP_UP | MAP_UV, "r");
	row("two", MAP_UP | MAP_UV, "r");
	plug("/a", "one");
	plug("/b", "two");
	touched = 1;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("touch the one to use");
	assert_int_equal(tokens[0].sent, 0);
	assert_int_equal(tokens[1].sent, 1);
}

/* It says nothing without its PIN: the person is told which one would get it. */
static void
silent_token(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	plug("/a", "mine")->always = true;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("if it is yours");
}

static void
fingers(void **state)
{
	struct token *t;

	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_UV, "r");
	t = plug("/a", "mine");
	t->reader = true;
	assert_int_equal(log_in(false), ERR_OK);
	READ_NOT("PIN");
	t->finger = ERR_UV_BLOCKED;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("The fingerprint was not recognised: type the PIN.");
	t->finger = ERR_TOUCH_TIMEOUT;
	assert_int_equal(log_in(false), ERR_TOUCH_TIMEOUT);
	t->finger = ERR_OK;
	options.uv = OPTION_UV_PIN;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("PIN of your token");
	options.uv = OPTION_UV_MAP;
	map.row[0].flags |= MAP_PIN;
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	READ("PIN of your token");
}

static void
options_uv(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	plug("/a", "mine");
	options.uv = OPTION_UV_ALWAYS;
	assert_int_equal(log_in(false), ERR_PAM_CONV);
	TYPES("1234");
	assert_int_equal(log_in(false), ERR_OK);
	assert_int_equal(tokens[0].sent, 1);
}

static void
forced_change(void **state)
{
	struct login l;

	(void)state;
	fresh();
	row("mine", MAP_UP | MAP_UV, "r");
	plug("/a", "mine")->change = true;
	TYPES("1234", "5678", "5679");
	assert_int_equal(log_in(false), ERR_PAM_PIN_AGAIN);
	assert_int_equal(tokens[0].sent, 0);
	TYPES("1234", "5678", "5678");
	assert_int_equal(log_in(false), ERR_OK);
	assert_string_equal(tokens[0].pin, "5678");
	l = made(false);
	TYPES("5678", "abcd", "abcd");
	assert_int_equal(login_change_pin(&l), ERR_OK);
	assert_string_equal(tokens[0].pin, "abcd");
	check_wiped();
	TYPES("5678", "0000", "0000");
	assert_int_equal(login_change_pin(&l), ERR_PIN_WRONG);
	check_wiped();
	assert_int_equal(login_look(&l), ERR_OK);
	ntokens = 0;
	assert_int_equal(login_look(&l), ERR_TOKEN_ABSENT);
	assert_int_equal(login_change_pin(&l), ERR_TOKEN_ABSENT);
}

/* Two names: pam_u2f's lines and ours. */
static void
two_names(void **state)
{
	(void)state;
	fresh();
	row("old", MAP_UP, "pam://here");
	row("mine", MAP_UP, "ownkey:vault");
	plug("/a", "mine");
	asked_most = 0;
	assert_int_equal(log_in(false), ERR_OK);
	/* a question has one name, and what else has it */
	assert_int_equal(asked_most, 1);
	tokens[0].cred = "old";
	assert_int_equal(log_in(false), ERR_OK);
	tokens[0].cred = "none";
	assert_int_equal(log_in(false), ERR_TOKEN_WRONG);
}

static void
the_secret(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "ownkey:vault");
	plug("/a", "mine");
	assert_int_equal(log_in(false), ERR_OK);
	assert_false(salted || kept.factor.there);
	/* no vault that can be read: the map's salt */
	assert_int_equal(log_in(true), ERR_OK);
	assert_true(kept.factor.there);
	assert_memory_equal(kept.factor.cred_id, "mine", 4);
	assert_int_equal(kept.factor.cred_len, 4);
	assert_int_equal(kept.factor.f1[0], 'S');
	/* the vault's */
	memset(&kept, 0, sizeof(kept));
	header_fails = ERR_OK;
	snprintf(header.rp_id, sizeof(header.rp_id), "ownkey:vault");
	memset(header.salt, 'V', 32);
	header.n = 1;
	header.slot[0].len = 4;
	memcpy(header.slot[0].cred_id, "mine", 4);
	assert_int_equal(log_in(true), ERR_OK);
	assert_int_equal(kept.factor.f1[0], 'V');
	/* renewed since: logs in, opens nothing, says so */
	memset(&kept, 0, sizeof(kept));
	memcpy(header.slot[0].cred_id, "then", 4);
	assert_int_equal(log_in(true), ERR_OK);
	assert_false(salted || kept.factor.there);
	READ("no longer opens your vault");
	/* a line of pam_u2f never asks */
	map.row[0].foreign = true;
	header_fails = ERR_IO;
	assert_int_equal(log_in(true), ERR_OK);
	assert_false(salted || kept.factor.there);
}

static void
conversations(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	plug("/a", "mine");
	snprintf(options.prompt, sizeof(options.prompt), "Take your token, then Enter");
	assert_int_equal(log_in(false), ERR_PAM_CONV);
	TYPES("");
	assert_int_equal(log_in(false), ERR_OK);
	READ("Take your token");
	options.prompt[0] = '\0';
	hangs_up = true;
	assert_int_equal(log_in(false), ERR_PAM_CONV);
	options.cue[0] = '\0';
	assert_int_equal(log_in(false), ERR_OK);
}

static void
helpers_fail(void **state)
{
	static const enum err errors[] = { ERR_NOPROGRAM, ERR_NOMEM, ERR_TIMEOUT, ERR_HANGUP,
		ERR_LIMIT };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fresh();
		row("mine", i % 2 ? MAP_UP : MAP_UP | MAP_UV, "r");
		plug("/a", "mine");
		TYPES("1234");
		begin_fails = errors[i];
		assert_int_equal(log_in(false), errors[i]);
		assert_int_equal(tokens[0].sent, 0);
		begin_fails = ERR_OK;
		look_fails = errors[i];
		assert_int_equal(log_in(false), errors[i]);
	}
}

#ifndef OWNKEY_SAN
static void
no_memory(void **state)
{
	(void)state;
	fresh();
	row("mine", MAP_UP, "r");
	plug("/a", "mine");
	nomem_countdown = 1;
	assert_int_equal(log_in(false), ERR_NOMEM);
	nomem_hit = false;
	nomem_countdown = 2;
	assert_int_equal(log_in(false), ERR_OK);
	nomem_countdown = 0;
	assert_false(nomem_hit);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touch_only),
		cmocka_unit_test(hangs),
		cmocka_unit_test(too_little),
		cmocka_unit_test(no_token),
		cmocka_unit_test(wrong_token),
		cmocka_unit_test(pins),
		cmocka_unit_test(same_pin_twice),
		cmocka_unit_test(several_of_theirs),
		cmocka_unit_test(silent_token),
		cmocka_unit_test(fingers),
		cmocka_unit_test(options_uv),
		cmocka_unit_test(forced_change),
		cmocka_unit_test(two_names),
		cmocka_unit_test(the_secret),
		cmocka_unit_test(conversations),
		cmocka_unit_test(helpers_fail),
#ifndef OWNKEY_SAN
		cmocka_unit_test(no_memory),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
