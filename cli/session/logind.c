/*
 * logind.c - what logind says of the machine and of this person's sessions; and of the lid what
 * UPower says, because logind does not say when that changes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/session/session.h"
#include "lib/log.h"

#define LOGIND	 "org.freedesktop.login1"
#define ROOT	 "/org/freedesktop/login1"
#define MANAGER	 "org.freedesktop.login1.Manager"
#define SESSION	 "org.freedesktop.login1.Session"
#define PROPS	 "org.freedesktop.DBus.Properties"
#define SESSIONS 64
#define AGAIN_US (10 * 1000000ull)

/* A session of this person's. */
struct seated {
	struct logind *l;
	char path[128]; /* "" = free */
	bool known;	/* it has said how it is */
	bool locked, idle;
	bool graphical; /* only these have somebody who says that they are idle */
	sd_bus_slot *call;
};

struct logind {
	struct session *s;
	sd_bus *bus;
	sd_event_source *again; /* connect, later */
	sd_event_source *idle;	/* everybody is; until this */
	bool said;		/* that there is no bus */
	int inhibitor;		/* -1 = not held */
	sd_bus_slot *inhibit;
	bool leaving; /* sleep or the end was announced */
	bool idle_armed;
	sd_bus_slot *listing;
	struct seated seated[SESSIONS];
};

/* ---- the delay ---- */
static void
release(struct logind *l)
{
	if (l->inhibitor >= 0)
		close(l->inhibitor);
	l->inhibitor = -1;
}

static int
on_inhibited(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int fd = -1;

	(void)error;
	l->inhibit = sd_bus_slot_unref(l->inhibit);
	release(l);
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "h", &fd) < 0)
		log_warn("logind does not wait for the vault before sleep");
	else
		l->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static void
inhibit(struct logind *l)
{
	if (!(l->s->conf.lock_on & CONF_LOCK_SLEEP) || l->inhibit || l->inhibitor >= 0)
		return;
	if (sd_bus_call_method_async(l->bus, &l->inhibit, LOGIND, ROOT, MANAGER, "Inhibit",
		on_inhibited, l, "ssss", "sleep:shutdown", "ownkey", "the vault is locked first",
		"delay") < 0)
		log_warn("logind cannot be asked to wait for the vault before sleep");
}

void
logind_locked(struct session *s)
{
	struct logind *l = s->logind;

	if (!l || !l->leaving)
		return;
	/* a request that is out would hold up what we are ready for */
	l->inhibit = sd_bus_slot_unref(l->inhibit);
	release(l);
}

static int
on_leaving(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int begins = 0;

	(void)error;
	if (sd_bus_message_read(m, "b", &begins) < 0)
		return 0;
	l->leaving = begins;
	if (begins)
		session_away(l->s, CONF_LOCK_SLEEP, sd_bus_message_get_member(m));
	else
		inhibit(l);
	return 0;
}

/* ---- idle ---- */
static int
on_idle(sd_event_source *source, uint64_t usec, void *arg)
{
	struct logind *l = arg;

	(void)source;
	(void)usec;
	session_away(l->s, CONF_LOCK_IDLE, "nobody has used the desktop");
	return 0;
}

static bool
all_idle(const struct logind *l)
{
	bool any = false;

	for (size_t i = 0; i < SESSIONS; i++) {
		const struct seated *t = &l->seated[i];

		if (!t->path[0] || !t->known || !t->graphical)
			continue;
		if (!t->idle)
			return false;
		any = true;
	}
	return any;
}

static void
judge_idle(struct logind *l)
{
	uint64_t now = 0, more = l->s->conf.lock_session_idle * 1000000ull;
	bool idle = all_idle(l);

	if (idle == l->idle_armed)
		return;
	l->idle_armed = idle;
	if (!idle) {
		sd_event_source_set_enabled(l->idle, SD_EVENT_OFF);
	} else if (sd_event_now(l->s->event, CLOCK_BOOTTIME, &now) >= 0) {
		sd_event_source_set_time(l->idle, now + more);
		sd_event_source_set_enabled(l->idle, SD_EVENT_ONESHOT);
	}
}

/* ---- sessions ---- */
static void
set_locked(struct seated *t, bool locked)
{
	bool begins = locked && !t->locked && t->known;

	t->locked = locked;
	if (begins)
		session_away(t->l->s, CONF_LOCK_SESSION, "the session is locked");
}

/* One value of a session; skipped = of no use here. */
static int
read_property(sd_bus_message *m, struct seated *t, const char *name)
{
	const char *type;
	int r, is = 0;

	if (strcmp(name, "LockedHint") == 0 || strcmp(name, "IdleHint") == 0) {
		if ((r = sd_bus_message_read(m, "v", "b", &is)) < 0)
			return r;
		if (name[0] == 'L')
			set_locked(t, is);
		else
			t->idle = is;
		return r;
	}
	if (strcmp(name, "Type") != 0)
		return sd_bus_message_skip(m, "v");
	if ((r = sd_bus_message_read(m, "v", "s", &type)) < 0)
		return r;
	t->graphical = strcmp(type, "tty") != 0 && strcmp(type, "unspecified") != 0;
	return r;
}

static int
read_properties(sd_bus_message *m, struct seated *t)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0)
		if ((r = sd_bus_message_read(m, "s", &name)) < 0 ||
		    (r = read_property(m, t, name)) < 0 ||
		    (r = sd_bus_message_exit_container(m)) < 0)
			break;
	judge_idle(t->l);
	return r;
}

static int
on_described(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct seated *t = arg;

	(void)error;
	t->call = sd_bus_slot_unref(t->call);
	if (!sd_bus_message_is_method_error(m, NULL) && read_properties(m, t) >= 0) {
		t->known = true;
		log_debug("a session is known");
	}
	judge_idle(t->l);
	return 0;
}

static struct seated *
find(struct logind *l, const char *path)
{
	for (size_t i = 0; i < SESSIONS; i++)
		if (strcmp(l->seated[i].path, path) == 0)
			return &l->seated[i];
	return NULL;
}

static void
leave(struct seated *t)
{
	sd_bus_slot_unref(t->call);
	*t = (struct seated){ .l = t->l };
}

static void
seat(struct logind *l, const char *path)
{
	struct seated *t = find(l, path);

	if (t || strlen(path) >= sizeof t->path || !(t = find(l, "")))
		return;
	strcpy(t->path, path);
	if (sd_bus_call_method_async(
		l->bus, &t->call, LOGIND, path, PROPS, "GetAll", on_described, t, "s", SESSION) < 0)
		log_warn("a session cannot be asked whether it is locked");
}

static int
on_listed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	const char *id, *name, *place, *path;
	uint32_t uid;
	int r;

	(void)error;
	l->listing = sd_bus_slot_unref(l->listing);
	if (sd_bus_message_is_method_error(m, NULL)) {
		log_warn("logind: %s", sd_bus_message_get_error(m)->name);
		return 0;
	}
	r = sd_bus_message_enter_container(m, 'a', "(susso)");
	while (
	    r >= 0 && (r = sd_bus_message_read(m, "(susso)", &id, &uid, &name, &place, &path)) > 0)
		if (uid == getuid())
			seat(l, path);
	return 0;
}

static void
list(struct logind *l)
{
	if (!l->listing &&
	    sd_bus_call_method_async(
		l->bus, &l->listing, LOGIND, ROOT, MANAGER, "ListSessions", on_listed, l, NULL) < 0)
		log_warn("logind cannot be asked for the sessions");
}

static int
on_new(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)m;
	(void)error;
	list(arg);
	return 0;
}

static int
on_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	const char *id, *path;
	struct seated *t;

	(void)error;
	if (sd_bus_message_read(m, "so", &id, &path) >= 0 && (t = find(l, path)))
		leave(t);
	judge_idle(l);
	return 0;
}

/* Whose it is is known only of those that were listed; a new one says "Lock" no sooner. */
static int
on_lock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;

	(void)error;
	if (find(l, sd_bus_message_get_path(m)))
		session_away(l->s, CONF_LOCK_SESSION, "the session is locked");
	return 0;
}

static int
on_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct seated *t = find(arg, sd_bus_message_get_path(m));
	const char *interface;

	(void)error;
	if (t && sd_bus_message_read(m, "s", &interface) >= 0 && strcmp(interface, SESSION) == 0)
		(void)read_properties(m, t);
	return 0;
}

/* ---- the lid: logind's LidClosed is not announced by all versions, UPower's is ---- */
static int
on_lid(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	const char *interface, *name;
	int r, closed = 0;

	(void)error;
	if (sd_bus_message_read(m, "s", &interface) < 0 ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return 0;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (sd_bus_message_read(m, "s", &name) < 0)
			return 0;
		if (strcmp(name, "LidIsClosed") == 0 || strcmp(name, "LidClosed") == 0)
			r = sd_bus_message_read(m, "v", "b", &closed);
		else
			r = sd_bus_message_skip(m, "v");
		if (r < 0 || sd_bus_message_exit_container(m) < 0)
			return 0;
	}
	if (closed)
		session_away(l->s, CONF_LOCK_LID, "the lid was closed");
	return 0;
}

/* ---- coming and going ---- */
static void
forget_all(struct logind *l)
{
	release(l);
	l->inhibit = sd_bus_slot_unref(l->inhibit);
	l->listing = sd_bus_slot_unref(l->listing);
	for (size_t i = 0; i < SESSIONS; i++)
		leave(&l->seated[i]);
	l->leaving = false;
	judge_idle(l);
}

static void
begin(struct logind *l)
{
	forget_all(l);
	inhibit(l);
	list(l);
}

static int
on_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name, *old, *new;
	struct logind *l = arg;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &old, &new) < 0)
		return 0;
	if (new[0]) {
		log_info("logind is there");
		begin(l);
	} else {
		log_info("logind is gone");
		forget_all(l);
	}
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *arg);

/* The rest goes on without. */
static void
try_later(struct logind *l)
{
	uint64_t now = 0;

	if (!l->said)
		log_warn("no system bus: sleep, lid and locked sessions are not seen");
	l->said = true;
	if (sd_event_now(l->s->event, CLOCK_BOOTTIME, &now) < 0)
		return;
	sd_event_source_set_time(l->again, now + AGAIN_US);
	sd_event_source_set_enabled(l->again, SD_EVENT_ONESHOT);
}

static int
on_disconnected(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;

	(void)m;
	(void)error;
	forget_all(l);
	try_later(l);
	return 0;
}

/* What is sent to us alone comes from anybody, whatever sender a match asks for: only the bus
 * daemon looks at that, and only where it chooses who receives a signal. */
static int
drop_addressed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *sender = sd_bus_message_get_sender(m);

	(void)arg;
	(void)error;
	return sd_bus_message_is_signal(m, NULL, NULL) > 0 && sd_bus_message_get_destination(m) &&
	    (!sender || strcmp(sender, "org.freedesktop.DBus") != 0);
}

static int
match_manager(struct logind *l, const char *member, sd_bus_message_handler_t fn)
{
	return sd_bus_match_signal_async(l->bus, NULL, LOGIND, ROOT, MANAGER, member, fn, NULL, l);
}

static int
match(struct logind *l, const char *rule, sd_bus_message_handler_t fn)
{
	return sd_bus_add_match_async(l->bus, NULL, rule, fn, NULL, l);
}

static bool
listen_all(struct logind *l)
{
	return sd_bus_add_filter(l->bus, NULL, drop_addressed, l) >= 0 &&
	    match(l,
		"type='signal',path='/org/freedesktop/DBus/Local',"
		"interface='org.freedesktop.DBus.Local',member='Disconnected'",
		on_disconnected) >= 0 &&
	    match_manager(l, "PrepareForSleep", on_leaving) >= 0 &&
	    match_manager(l, "PrepareForShutdown", on_leaving) >= 0 &&
	    match_manager(l, "SessionNew", on_new) >= 0 &&
	    match_manager(l, "SessionRemoved", on_removed) >= 0 &&
	    match(l, "type='signal',sender='" LOGIND "',interface='" SESSION "',member='Lock'",
		on_lock) >= 0 &&
	    match(l,
		"type='signal',sender='" LOGIND "',interface='" PROPS
		"',member='PropertiesChanged',path_namespace='" ROOT "/session'",
		on_changed) >= 0 &&
	    match(l,
		"type='signal',sender='" LOGIND "',interface='" PROPS
		"',member='PropertiesChanged',path='" ROOT "'",
		on_lid) >= 0 &&
	    match(l,
		"type='signal',sender='org.freedesktop.UPower',interface='" PROPS
		"',member='PropertiesChanged',path='/org/freedesktop/UPower'",
		on_lid) >= 0 &&
	    match(l,
		"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
		"arg0='" LOGIND "'",
		on_owner) >= 0;
}

static void
attach(struct logind *l)
{
	sd_bus_close_unref(l->bus);
	l->bus = NULL;
	if (sd_bus_open_system(&l->bus) < 0 || sd_bus_attach_event(l->bus, l->s->event, 0) < 0 ||
	    !listen_all(l)) {
		l->bus = sd_bus_close_unref(l->bus);
		try_later(l);
		return;
	}
	if (l->said)
		log_info("the system bus is there");
	l->said = false;
	begin(l);
}

static int
on_again(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	attach(arg);
	return 0;
}

enum err
logind_start(struct session *s)
{
	struct logind *l = s->logind = calloc(1, sizeof *l);

	if (!l)
		return ERR_NOMEM;
	l->s = s;
	l->inhibitor = -1;
	for (size_t i = 0; i < SESSIONS; i++)
		l->seated[i].l = l;
	if (sd_event_add_time(s->event, &l->again, CLOCK_BOOTTIME, 0, 0, on_again, l) < 0 ||
	    sd_event_add_time(s->event, &l->idle, CLOCK_BOOTTIME, 0, 0, on_idle, l) < 0)
		return ERR_NOMEM;
	sd_event_source_set_enabled(l->again, SD_EVENT_OFF);
	sd_event_source_set_enabled(l->idle, SD_EVENT_OFF);
	attach(l);
	return ERR_OK;
}

void
logind_done(struct session *s)
{
	struct logind *l = s->logind;

	if (!l)
		return;
	forget_all(l);
	sd_event_source_disable_unref(l->again);
	sd_event_source_disable_unref(l->idle);
	sd_bus_close_unref(l->bus);
	free(l);
	s->logind = NULL;
}
