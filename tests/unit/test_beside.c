/*
 * Names of files that may be other versions of the vault: those that programs which synchronise
 * folders give, and none else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/door/beside.h"

static void
test_conflicts(void **state)
{
	static const char *const names[] = { "vault.sync-conflict-20261123-101112-ABCDEFG",
		"vault (conflicted copy 2026-11-23 101112)",
		"vault (conflicted copy 2026-11-23 101112 1)", "vault_conflict-20261123-101112",
		"vault (Ada's conflicted copy 2026-11-23)",
		"vault (SFConflict a@example.org 2026-11-23-10-11-12)",
		"vault (copy: conflict at 10:11:12 on 2026-11-23)", "vault.conflict1",
		"vault.Conflict", "vault-20261123.conflict", "vault (1)", "vault (23)", "vault.~7~",
		"vault~" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_true(beside_is_conflict("vault", names[i]));
		assert_true(beside_is_named("vault", names[i]));
	}
}

/* With an extension the mark stands before it, or behind all. */
static void
test_extension(void **state)
{
	(void)state;
	assert_true(
	    beside_is_conflict("my.vault", "my.sync-conflict-20261123-101112-ABCDEFG.vault"));
	assert_true(beside_is_conflict("my.vault", "my (conflicted copy 2026-11-23 101112).vault"));
	assert_true(beside_is_conflict("my.vault", "my (1).vault"));
	assert_true(beside_is_conflict("my.vault", "my.vault (1)"));
	assert_true(beside_is_conflict("my.vault", "my.vault~"));
	assert_false(beside_is_conflict("my.vault", "my (1)"));
	assert_false(beside_is_conflict("my.vault", "my (1).other"));
	assert_false(beside_is_conflict("my.vault", "my.vault"));
	assert_true(beside_is_conflict(".vault", ".vault (1)"));
}

static void
test_others(void **state)
{
	static const char *const names[] = { "vault", "vault.prev", ".vault.new", ".vault.prev.new",
		"", "vaul", "vault2", "vault ()", "vault (1", "vault (1) ", "vault (x)",
		"vault.sync-conflict", "vault/sync-conflict-1", "../vault (1)", "vault (1)/x",
		"xvault (1)", "other.sync-conflict-20261123-101112-ABCDEFG", "vault.merge-1",
		"vault.~~", "vault.~x~" };
	char large[400];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_false(beside_is_conflict("vault", names[i]));
	memset(large, 'x', sizeof large);
	memcpy(large, "vault.conflict", 14);
	large[256] = '\0';
	assert_false(beside_is_conflict("vault", large));
	large[255] = '\0';
	assert_true(beside_is_conflict("vault", large));
}

/* What the person may name besides. */
static void
test_named(void **state)
{
	(void)state;
	assert_true(beside_is_named("vault", "vault.prev"));
	assert_true(beside_is_named("vault", "vault.merge-1"));
	assert_false(beside_is_named("vault", "vault"));
	assert_false(beside_is_named("vault", ".vault.new"));
	assert_false(beside_is_named("vault", "vault.merge-/../x"));
	assert_false(beside_is_named("vault", "passwd"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_extension), cmocka_unit_test(test_others),
		cmocka_unit_test(test_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
