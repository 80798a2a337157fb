#include <limits.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/paths.h"

static int
setup(void **state)
{
	static const char *const names[] = { "OWNKEY_VAULT", "XDG_DATA_HOME", "XDG_STATE_HOME",
		"XDG_CONFIG_HOME", NULL };

	(void)state;
	for (size_t i = 0; names[i]; i++)
		unsetenv(names[i]);
	return setenv("HOME", "/h", 1);
}

static void
vault_is(const char *override, const char *want)
{
	char p[PATHS_MAX];

	assert_int_equal(paths_vault(override, p, sizeof(p)), ERR_OK);
	assert_string_equal(p, want);
}

static void
test_vault(void **state)
{
	(void)state;
	vault_is(NULL, "/h/.local/share/ownkey/vault");
	setenv("XDG_DATA_HOME", "relative", 1); /* invalid, so ignored */
	vault_is(NULL, "/h/.local/share/ownkey/vault");
	setenv("XDG_DATA_HOME", "/data", 1);
	vault_is(NULL, "/data/ownkey/vault");
	setenv("OWNKEY_VAULT", "/o/v", 1);
	vault_is(NULL, "/o/v");
	vault_is("", "/o/v");
	vault_is("/given", "/given");
	setenv("OWNKEY_VAULT", "", 1);
	vault_is(NULL, "/data/ownkey/vault");
}

static void
test_of_vault(void **state)
{
	/* printf %s /v | sha256sum */
	static const char *const want[] = { "/h/.local/state/ownkey/seen-1f807e6b8d5495c0",
		"/h/.local/state/ownkey/copy-1f807e6b8d5495c0",
		"/h/.local/state/ownkey/copies-1f807e6b8d5495c0.state",
		"/h/.config/ownkey/copies-1f807e6b8d5495c0" };
	char p[PATHS_MAX];

	(void)state;
	for (int i = PATHS_SEEN; i <= PATHS_COPIES_LIST; i++) {
		assert_int_equal(
		    paths_of_vault("/v", (enum paths_of_vault)i, p, sizeof(p)), ERR_OK);
		assert_string_equal(p, want[i]);
	}
	assert_int_equal(paths_of_vault("/v", PATHS_SEEN, p, 20), ERR_TOOBIG);
}

/* Somebody who names another vault, however, never gets the real one. */
static void
test_vault_relative(void **state)
{
	char *cwd = getcwd(NULL, 0), want[PATHS_MAX];

	(void)state;
	assert_non_null(cwd);
	snprintf(want, sizeof(want), "%s/my/vault", cwd);
	free(cwd);
	vault_is("my/vault", want);
	setenv("OWNKEY_VAULT", "my/vault", 1);
	vault_is(NULL, want);
}

static void
test_state_and_config(void **state)
{
	char p[PATHS_MAX], small[8];

	(void)state;
	assert_int_equal(paths_state(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/h/.local/state/ownkey");
	assert_int_equal(paths_config(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/h/.config/ownkey/ownkey.conf");
	setenv("XDG_STATE_HOME", "/s", 1);
	setenv("XDG_CONFIG_HOME", "/c", 1);
	assert_int_equal(paths_state(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/s/ownkey");
	assert_int_equal(paths_config(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, "/c/ownkey/ownkey.conf");
	assert_int_equal(paths_state(small, sizeof(small)), ERR_TOOBIG);
}

static void
test_without_home(void **state)
{
	const struct passwd *pw = getpwuid(getuid());
	char p[PATHS_MAX], want[PATHS_MAX];

	(void)state;
	assert_non_null(pw);
	snprintf(want, sizeof(want), "%s/.local/state/ownkey", pw->pw_dir);
	unsetenv("HOME");
	assert_int_equal(paths_state(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, want);
	setenv("HOME", "relative", 1);
	assert_int_equal(paths_state(p, sizeof(p)), ERR_OK);
	assert_string_equal(p, want);
}

static void
test_env(void **state)
{
	(void)state;
	assert_string_equal(paths_env("HOME"), "/h");
	setenv("HOME", "", 1);
	assert_null(paths_env("HOME"));
	unsetenv("HOME");
	assert_null(paths_env("HOME"));
}

/* This test program is itself a program next to the running executable. */
static void
test_program(void **state)
{
	char own[PATH_MAX] = "", found[PATHS_MAX];
	struct stat a, b;
	const char *name;

	(void)state;
	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	name = strrchr(own, '/') + 1;
	assert_int_equal(paths_program(name, found, sizeof(found)), ERR_OK);
	assert_int_equal(found[0], '/');
	assert_int_equal(stat(own, &a), 0);
	assert_int_equal(stat(found, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(paths_program("no-such-program", found, sizeof(found)), ERR_NOPROGRAM);
	assert_int_equal(paths_program("../bin/sh", found, sizeof(found)), ERR_NOPROGRAM);
	assert_int_equal(paths_program(name, found, 5), ERR_TOOBIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_of_vault, setup),
		cmocka_unit_test_setup(test_vault, setup),
		cmocka_unit_test_setup(test_vault_relative, setup),
		cmocka_unit_test_setup(test_state_and_config, setup),
		cmocka_unit_test_setup(test_without_home, setup),
		cmocka_unit_test_setup(test_env, setup),
		cmocka_unit_test_setup(test_program, setup),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
