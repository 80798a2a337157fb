/*
 * ownkey-session: locks the vault when the person is away, and shows them that something waits for
 * them.  A client of the agent with D-Bus: no key ever comes here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/session/session.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sandbox.h"

static const char usage[] = "usage: ownkey-session [--version | --help]\n"
			    "runs with a desktop session: ownkey-session(1)\n";

void
session_away(struct session *s, enum conf_lock what, const char *why)
{
	if (s->conf.lock_on & what)
		locker_lock(s, why);
	else if (what == CONF_LOCK_SLEEP)
		logind_locked(s);
}

/* ---- the session bus ---- */
static int
on_end(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct session *s = arg;

	(void)m;
	(void)error;
	log_info("the session has ended");
	sd_event_exit(s->event, 0);
	return 0;
}

/* *other: somebody does already what we would. */
static enum err
take_name(struct session *s, bool *other)
{
	int r = sd_bus_request_name(s->bus, SESSION_NAME, 0);

	*other = r == -EEXIST;
	if (r < 0 && r != -EEXIST)
		log_warn("%s: %s", SESSION_NAME, strerror(-r));
	return ERR_OK;
}

static enum err
open_bus(struct session *s, bool *other)
{
	*other = false;
	if (sd_bus_open_user(&s->bus) < 0) {
		log_warn("no session bus: no notifications, screen savers are not seen");
		return ERR_OK;
	}
	if (sd_bus_attach_event(s->bus, s->event, 0) < 0 ||
	    sd_bus_add_match(s->bus, NULL,
		"type='signal',path='/org/freedesktop/DBus/Local',"
		"interface='org.freedesktop.DBus.Local',member='Disconnected'",
		on_end, s) < 0)
		return ERR_NOMEM;
	return take_name(s, other);
}

/* ---- from start to end ---- */
static enum err
read_conf(struct conf *c)
{
	char path[PATHS_MAX], where[PATHS_MAX + 32];
	size_t line;
	enum err e;

	if ((e = paths_config(path, sizeof path)) || !(e = conf_load(path, c, &line)))
		return e;
	snprintf(where, sizeof where, "%s, line %zu", path, line);
	log_err(e, where);
	return e;
}

static enum err
prepare(struct session *s)
{
	static const char *const keep[] = { "OWNKEY_*", "DBUS_*", NULL };
	sigset_t set;
	enum err e;

	signal(SIGPIPE, SIG_IGN);
	if ((e = sandbox_early(keep)) || (e = crypto_init_light()))
		return e;
	log_open("ownkey-session", LOG_INFO_);
	if ((e = read_conf(&s->conf)))
		return e;
	log_open("ownkey-session", (enum log_level)s->conf.log_level);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || sd_event_new(&s->event) < 0 ||
	    sd_event_add_signal(s->event, NULL, SIGINT, NULL, NULL) < 0 ||
	    sd_event_add_signal(s->event, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(s->event, NULL, SIGHUP, NULL, NULL) < 0)
		return ERR_NOMEM;
	return ERR_OK;
}

static enum err
start(struct session *s, bool *other)
{
	static const struct sandbox box = { .profile = SANDBOX_BUS };
	unsigned lacks;
	enum err e;

	if ((e = open_bus(s, other)) || *other)
		return e;
	if ((e = removal_start(s)) || (e = notice_start(s)) || (e = savers_start(s)) ||
	    (e = sandbox_enter(&box, &lacks)))
		return e;
	if ((e = logind_start(s)))
		return e;
	return locker_start(s);
}

static enum err
run(struct session *s)
{
	bool other = false;
	enum err e;

	if ((e = prepare(s)) || (e = start(s, &other)))
		return e;
	if (other) {
		log_info("it runs already");
		return ERR_OK;
	}
	return sd_event_loop(s->event) < 0 ? ERR_IO : ERR_OK;
}

static void
done(struct session *s)
{
	locker_done(s);
	logind_done(s);
	removal_done(s);
	notice_done(s);
	sd_bus_flush_close_unref(s->bus);
	sd_event_unref(s->event);
}

int
main(int argc, char **argv)
{
	static struct session s;
	enum err e;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("ownkey-session " OWNKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (argc != 1) {
		fputs(usage, stderr);
		return err_exit(ERR_USAGE);
	}
	e = run(&s);
	done(&s);
	if (e)
		log_err(e, "ended");
	return e ? err_exit(e) : 0;
}
