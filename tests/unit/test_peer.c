#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/secrets/peer_app.h"

/* ---- names ---- */
static void
is_app(const char *cgroup, const char *want)
{
	char app[OPS_ENTRY_APP + 1];

	peer_app_of_cgroup(span_str(cgroup), app, sizeof app);
	assert_string_equal(app, want);
}

#define USER "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"

static void
test_units(void **state)
{
	(void)state;
	is_app(USER "app-gnome-org.gajim.Gajim-4711.scope\n", "unit:app-gnome-org.gajim.Gajim");
	is_app(USER "app-org.kde.kate@9fce0c21.service\n", "unit:app-org.kde.kate");
	is_app(USER "app-gnome-signal\\x2ddesktop-4711.scope\n", "unit:app-gnome-signal-desktop");
	is_app(USER "app-element.service\n", "unit:app-element");
	is_app(USER "app-12.scope\n", "unit:app-12"); /* all that is there stays */
	is_app(USER "app-flatpak-org.signal.Signal-99.scope\n", "flatpak:org.signal.Signal");
	is_app("12:cpu:/x\n1:name=systemd:/a/app-x-1.scope\n0::/\n", "unit:app-x");
	is_app("0::/user.slice/user-1000.slice/session-2.scope\n", "");
	is_app("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "");
	is_app("0::/user.slice/user-1000.slice/user@1000.service\n", "");
	is_app("0::/user.slice/user@1000.service/session.slice/dbus.service\n", "");
	is_app(USER "vte-spawn-1234.scope\n", "");
	is_app("0::/\n", "");
	is_app("", "");
}

static void
test_too_long(void **state)
{
	char line[400] = "0::/";

	(void)state;
	memset(line + 4, 'a', 300);
	memcpy(line + 4, "app-", 4);
	strcpy(line + 304, ".scope\n");
	is_app(line, ""); /* cut, and so no Flatpak either */
}

static void
is_both(const char *cgroup, const char *info, const char *want, bool vouched)
{
	static struct peer p;

	peer_app_of(span_str(cgroup), span_str(info), &p);
	assert_string_equal(p.app, want);
	assert_true(p.vouched == vouched);
}

/* A root folder with such a file is anybody's to make. */
static void
test_forged(void **state)
{
	static const char signal[] = "[Application]\nname=org.signal.Signal\n";
	static const char in[] = "0::/user.slice/app.slice/";
	char cgroup[200];

	(void)state;
	snprintf(cgroup, sizeof cgroup, "%sapp-flatpak-org.evil.App-77.scope\n", in);
	is_both(cgroup, signal, "flatpak:org.evil.App", true);
	is_both(cgroup, "", "flatpak:org.evil.App", true);
	snprintf(cgroup, sizeof cgroup, "%sapp-gnome-evil-77.scope\n", in);
	is_both(cgroup, signal, "unit:app-gnome-evil", true);
	is_both("0::/user.slice/session-2.scope\n", signal, "flatpak:org.signal.Signal", false);
	is_both("0::/\n", signal, "flatpak:org.signal.Signal", false);
	is_both("0::/\n", "", "", false);
}

static void
is_info(const char *text, const char *want)
{
	char app[OPS_ENTRY_APP + 1];

	peer_app_of_info(span_str(text), app, sizeof app);
	assert_string_equal(app, want);
}

static void
test_info(void **state)
{
	(void)state;
	is_info("[Application]\nname=org.x.App\nruntime=r\n", "flatpak:org.x.App");
	is_info("[Application]\nruntime=r\nname=org.x.App\n", "flatpak:org.x.App");
	is_info("[Application]\nruntime=r\n[Context]\nname=org.x.App\n", "");
	is_info("[Runtime]\nname=org.x.App\n", "");
	is_info("[Application]\nname=cut", "");
	is_info("[Application]\nname=\n", "");
	is_info("", "");
}

/* ---- a bus of our own ---- */
struct bus {
	pid_t daemon;
	char address[512];
	sd_bus *server, *client;
	unsigned gone;
	char who[256];
};

static void
start_daemon(struct bus *b)
{
	int out[2];
	FILE *f;

	assert_int_equal(pipe(out), 0);
	if ((b->daemon = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing */
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--print-address=1",
		    (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	assert_non_null(f = fdopen(out[0], "r"));
	assert_non_null(fgets(b->address, sizeof b->address, f));
	b->address[strcspn(b->address, "\n")] = '\0';
	fclose(f);
}

static sd_bus *
join(const struct bus *b)
{
	sd_bus *bus = NULL;

	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_address(bus, b->address) >= 0);
	assert_true(sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0);
	return bus;
}

static sd_bus_message *
next_from(sd_bus *bus, const char *member)
{
	for (;;) {
		sd_bus_message *m = NULL;
		int r = sd_bus_process(bus, &m);

		assert_true(r >= 0);
		if (m && sd_bus_message_is_method_call(m, "org.x", member))
			return m;
		sd_bus_message_unref(m);
		if (r == 0)
			assert_true(sd_bus_wait(bus, 2000000) > 0);
	}
}

static void
say_hello(const struct bus *b)
{
	const char *to;

	assert_true(sd_bus_get_unique_name(b->server, &to) >= 0);
	assert_true(sd_bus_call_method_async(
			b->client, NULL, to, "/x", "org.x", "Hello", NULL, NULL, "") >= 0);
	assert_true(sd_bus_flush(b->client) >= 0);
}

static void
on_gone(void *arg, struct peer *p)
{
	struct bus *b = arg;

	b->gone++;
	strcpy(b->who, p->name);
}

static void
test_comes_and_goes(void **state)
{
	struct bus b = { .gone = 0 };
	struct peer *first, *again;
	const char *unique;
	struct peers *p;
	sd_bus_message *m;

	(void)state;
	start_daemon(&b);
	b.server = join(&b);
	b.client = join(&b);
	assert_int_equal(peers_new(&p, b.server, on_gone, &b), ERR_OK);
	say_hello(&b);
	m = next_from(b.server, "Hello");
	assert_int_equal(peers_of(p, m, &first), ERR_OK);
	assert_true(sd_bus_get_unique_name(b.client, &unique) >= 0);
	assert_string_equal(first->name, unique);
	assert_int_equal(first->pid, getpid());
	assert_int_equal(first->uid, geteuid());
	assert_true(first->app[0] && (first->vouched == !!strncmp(first->app, "program:", 8)));
	assert_int_equal(peers_of(p, m, &again), ERR_OK);
	assert_ptr_equal(first, again);
	sd_bus_flush_close_unref(b.client);
	for (;;) {
		while (sd_bus_process(b.server, NULL) > 0)
			;
		if (b.gone)
			break;
		assert_true(sd_bus_wait(b.server, 2000000) > 0);
	}
	assert_string_equal(b.who, first == again ? sd_bus_message_get_sender(m) : "");
	/* what it said still lies here, and it is nobody now */
	assert_int_equal(peers_of(p, m, &again), ERR_PERMISSION);
	assert_int_equal(b.gone, 1);
	sd_bus_message_unref(m);
	peers_done(p);
	sd_bus_flush_close_unref(b.server);
	kill(b.daemon, SIGTERM);
	waitpid(b.daemon, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
