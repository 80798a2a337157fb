/* What works once: invitations with the credential they are for, recovery codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oidc/login/recover.h"
#include "tests/unit/oidc_place.h"

static struct db_pass
pass(const struct db_account *a, enum db_once kind)
{
	struct db_pass p = { .kind = kind, .expires = NOW + 60 };

	crypto_random(p.hash, sizeof p.hash);
	memcpy(p.account, a->id, DB_ID);
	assert_int_equal(db_pass_add(s, &p), ERR_OK);
	return p;
}

static struct db_credential
credential(const struct db_account *a, const char *id)
{
	struct db_credential c = {
		.id = span_str(id), .key = SPAN_LIT("k"), .name = SPAN_LIT("n"), .created = NOW
	};

	memcpy(c.account, a->id, DB_ID);
	return c;
}

static void
test_invited(void **state)
{
	struct db_account a = added("anna"), b = added("bert");
	struct db_pass p = pass(&a, DB_INVITE), got, code = pass(&a, DB_RECOVERY);
	struct db_credential c = credential(&a, "1"), of_b = credential(&b, "2");

	(void)state;
	/* of another, of another kind, too late: the invitation stays */
	assert_int_equal(db_credential_invited(s, &of_b, p.hash, NOW), ERR_NOTFOUND);
	assert_int_equal(db_credential_invited(s, &c, code.hash, NOW), ERR_NOTFOUND);
	assert_int_equal(db_credential_invited(s, &c, p.hash, NOW + 60), ERR_NOTFOUND);
	assert_int_equal(db_credential_add(s, &of_b), ERR_OK);
	c.id = of_b.id;
	assert_int_equal(db_credential_invited(s, &c, p.hash, NOW), ERR_EXISTS);
	assert_int_equal(db_pass_look(s, p.hash, NOW, &got), ERR_OK);
	assert_int_equal(db_pass_look(s, code.hash, NOW, &got), ERR_OK);
	c.id = SPAN_LIT("1");
	assert_int_equal(db_credential_invited(s, &c, p.hash, NOW), ERR_OK);
	assert_int_equal(db_pass_look(s, p.hash, NOW, &got), ERR_NOTFOUND);
	c.id = SPAN_LIT("3");
	assert_int_equal(db_credential_invited(s, &c, p.hash, NOW), ERR_NOTFOUND);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("credential"), 2);
}

static void
test_spare(void **state)
{
	struct db_account a = added("anna"), b = added("bert");
	struct db_credential one = credential(&a, "1"), two = credential(&a, "2"),
			     of_b = credential(&b, "3");

	(void)state;
	assert_int_equal(db_credential_add(s, &one), ERR_OK);
	assert_int_equal(db_credential_add(s, &of_b), ERR_OK);
	assert_int_equal(db_credential_remove_spare(s, a.id, one.id), ERR_NOTFOUND);
	assert_int_equal(db_credential_add(s, &two), ERR_OK);
	assert_int_equal(db_credential_remove_spare(s, a.id, of_b.id), ERR_NOTFOUND);
	assert_int_equal(db_credential_remove_spare(s, a.id, one.id), ERR_OK);
	assert_int_equal(db_credential_remove_spare(s, a.id, two.id), ERR_NOTFOUND);
}

static void
test_trade(void **state)
{
	struct db_account a = added("anna");
	struct db_pass code = pass(&a, DB_RECOVERY), there = pass(&a, DB_INVITE), invite = there,
		       got;

	(void)state;
	/* the other one cannot be stored: the code stays */
	assert_int_equal(db_pass_trade(s, code.hash, NOW, &there), ERR_EXISTS);
	assert_int_equal(db_pass_look(s, code.hash, NOW, &got), ERR_OK);
	crypto_random(invite.hash, sizeof invite.hash);
	assert_int_equal(db_pass_trade(s, code.hash, NOW, &invite), ERR_OK);
	assert_int_equal(db_pass_look(s, invite.hash, NOW, &got), ERR_OK);
	crypto_random(invite.hash, sizeof invite.hash);
	assert_int_equal(db_pass_trade(s, code.hash, NOW, &invite), ERR_NOTFOUND);
	assert_int_equal(db_pass_look(s, invite.hash, NOW, &got), ERR_NOTFOUND);
}

static void
test_codes(void **state)
{
	char first[RECOVER_CODES][RECOVER_TEXT], second[RECOVER_CODES][RECOVER_TEXT], typed[64];
	struct db_account a = added("anna");
	struct db_pass got;
	uint8_t hash[DB_HASH], same[DB_HASH];

	(void)state;
	assert_int_equal(recover_renew(s, a.id, first), ERR_OK);
	assert_true(recover_read(span_str(first[7]), hash));
	assert_int_equal(db_pass_look(s, hash, NOW, &got), ERR_OK);
	assert_int_equal(got.kind, DB_RECOVERY);
	/* as a person types it */
	(void)snprintf(typed, sizeof typed, "  %s ", first[7]);
	for (char *p = typed; *p; p++)
		*p = *p == '-' ? ' ' : (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	assert_true(recover_read(span_str(typed), same));
	assert_memory_equal(hash, same, DB_HASH);
	assert_int_equal(recover_renew(s, a.id, second), ERR_OK);
	assert_int_equal(db_pass_look(s, hash, NOW, &got), ERR_NOTFOUND);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("pass"), RECOVER_CODES);
}

static void
test_codes_bad(void **state)
{
	static const char *const bad[] = { "", "ABCD", "AAAA-AAAA-AAAA-AAAA-AAAA-AAA",
		"AAAA-AAAA-AAAA-AAAA-AAAA-AAAAA", "AAAA-AAAA-AAAA-AAAA-AAAA-AAA1",
		"AAAA-AAAA-AAAA-AAAA-AAAA-AAA\xc3\xa4" };
	uint8_t hash[DB_HASH];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(recover_read(span_str(bad[i]), hash));
	assert_true(recover_read(SPAN_LIT("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"), hash));
}

static void
test_chance(void **state)
{
	uint8_t one[32], again[32], other[32];

	(void)state;
	assert_int_equal(db_chance(s, "a", one), ERR_OK);
	assert_int_equal(db_chance(s, "a", again), ERR_OK);
	assert_int_equal(db_chance(s, "b", other), ERR_OK);
	assert_memory_equal(one, again, 32);
	assert_memory_not_equal(one, other, 32);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_invited),
		T(test_spare),
		T(test_trade),
		T(test_codes),
		T(test_codes_bad),
		T(test_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
