/* test_applist.c - what a client of the agent is taken for, by what the kernel says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "agent/vault/applist.h"
#include "agent/vault/policy.h"

static bool
is_adapter(const char *label, const char *unit)
{
	static struct client c;

	snprintf(c.label, sizeof c.label, "%s", label);
	snprintf(c.unit, sizeof c.unit, "%s", unit);
	return policy_is_adapter(&c);
}

static void
test_adapter(void **state)
{
	(void)state;
	assert_true(is_adapter("ownkey-secrets", ""));
	assert_true(is_adapter("/usr/libexec/ownkey-secrets", "ownkey-secrets.service"));
	assert_true(is_adapter("ownkey-secrets", "dbus.service"));
	assert_true(is_adapter("ownkey-secrets", "session-2.scope"));
	assert_false(is_adapter("", ""));
	assert_false(is_adapter("my-ownkey-secrets", ""));
	assert_false(is_adapter("ownkey-secrets/x", ""));
}

/* prctl(PR_SET_NAME) is free for all; the unit is not. */
static void
test_application(void **state)
{
	static const char *const units[] = { "org.signal.Signal", "app-gnome-firefox-77.scope",
		"app-org.kde.kate@1234.service", "snap.spotify.spotify-1f2e.scope" };

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		assert_false(is_adapter("ownkey-secrets", units[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_adapter),
		cmocka_unit_test(test_application) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
