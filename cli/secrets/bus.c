#include "cli/secrets/bus.h"

#include <errno.h>

#include "cli/secrets/bus_session.h"
#include "cli/secrets/collection.h"
#include "cli/secrets/given.h"
#include "cli/secrets/item.h"
#include "cli/secrets/nodes.h"
#include "cli/secrets/portal.h"
#include "cli/secrets/prompt.h"
#include "cli/secrets/service.h"
#include "lib/log.h"

#define READING_SECONDS 20
#define KNOWN_MS	1500 /* an agent starts in less */

/* sd-bus wants all that begins at one path to be of the same kind. */
static int
find_service(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error)
{
	(void)bus;
	(void)interface;
	(void)error;
	*found = arg;
	return strcmp(path, OBJPATH_ROOT) == 0;
}

static int
find_session(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error)
{
	struct objpath o;

	(void)bus;
	(void)interface;
	(void)error;
	objpath_parse(path, &o);
	*found = arg;
	return o.kind == OBJPATH_BUS_SESSION && bus_session_is(arg, o.number);
}

static int
find_prompt(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error)
{
	struct objpath o;

	(void)bus;
	(void)interface;
	(void)error;
	objpath_parse(path, &o);
	*found = arg;
	return o.kind == OBJPATH_PROMPT && prompt_is(arg, o.number);
}

static int
export_below(struct secrets *s, const char *interface, const sd_bus_vtable *vtable,
    sd_bus_object_find_t find)
{
	return sd_bus_add_fallback_vtable(s->bus, NULL, OBJPATH_ROOT, interface, vtable, find, s);
}

/* Another one with --replace: what it took is its own now. */
static int
on_lost(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	const char *name;

	(void)error;
	if (sd_bus_message_read(m, "s", &name) < 0 || strcmp(name, SECRETS_SERVICE) != 0)
		return 0;
	log_warn("another program has taken the place of org.freedesktop.secrets");
	s->quit = true;
	return 0;
}

static int
on_disconnected(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;

	(void)m;
	(void)error;
	s->quit = true;
	return 0;
}

/* What is sent to us alone comes from anybody, whatever sender a match asks for: that a name was
 * lost or a client has left, only the bus daemon says. */
static int
drop_forged(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *sender = sd_bus_message_get_sender(m);

	(void)arg;
	(void)error;
	return sd_bus_message_is_signal(m, NULL, NULL) > 0 && sd_bus_message_get_destination(m) &&
	    (!sender || strcmp(sender, "org.freedesktop.DBus") != 0);
}

/* Everything that is asked, the standard interfaces included: a session bus keeps other users out,
 * but one that does not must not tell them what there is. */
static int
on_any_call(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct peer *peer;
	enum err e;

	if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0 || !s->peers)
		return 0;
	e = peers_of(s->peers, m, &peer);
	return e ? fail(error, e, NULL) : 0;
}

int
bus_export(struct secrets *s)
{
	int r;

	if ((r = sd_bus_add_filter(s->bus, NULL, drop_forged, s)) < 0 ||
	    (r = sd_bus_add_filter(s->bus, NULL, given_on_set, s)) < 0 ||
	    /* who was added last is asked first */
	    (r = sd_bus_add_filter(s->bus, NULL, on_any_call, s)) < 0 ||
	    (r = export_below(s, IFACE_SERVICE, service_vtable, find_service)) < 0 ||
	    (r = export_below(s, IFACE_COLLECTION, collection_vtable, collection_find)) < 0 ||
	    (r = export_below(s, IFACE_ITEM, item_vtable, item_find)) < 0 ||
	    (r = export_below(s, IFACE_SESSION, bus_session_vtable, find_session)) < 0 ||
	    (r = export_below(s, IFACE_PROMPT, prompt_vtable, find_prompt)) < 0 ||
	    (r = sd_bus_add_node_enumerator(s->bus, NULL, OBJPATH_ROOT, nodes_enumerate, s)) < 0)
		return r;
	return sd_bus_add_object_vtable(s->bus, NULL, PORTAL_PATH, PORTAL_IFACE, portal_vtable, s);
}

static int
connect_bus(struct secrets *s, const char *address)
{
	int r;

	if (!address)
		return sd_bus_open_user(&s->bus);
	if ((r = sd_bus_new(&s->bus)) < 0 || (r = sd_bus_set_address(s->bus, address)) < 0 ||
	    (r = sd_bus_set_bus_client(s->bus, 1)) < 0)
		return r;
	return sd_bus_start(s->bus);
}

enum err
bus_open(struct secrets *s, const char *address)
{
	int r;

	if ((r = connect_bus(s, address)) < 0 || (r = bus_export(s)) < 0 ||
	    (r = sd_bus_match_signal(s->bus, NULL, "org.freedesktop.DBus", NULL,
		 "org.freedesktop.DBus", "NameLost", on_lost, s)) < 0 ||
	    (r = sd_bus_match_signal(s->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
		 "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, s)) < 0 ||
	    (r = sd_bus_attach_event(s->bus, s->loop, SD_EVENT_PRIORITY_NORMAL)) < 0) {
		log_error("the session bus: %s", strerror(-r));
		return ERR_SECRETS_BUS;
	}
	return ERR_OK;
}

static enum err
take_names(struct secrets *s)
{
	uint64_t how =
	    SD_BUS_NAME_ALLOW_REPLACEMENT | (s->replace ? SD_BUS_NAME_REPLACE_EXISTING : 0);
	int r = sd_bus_request_name(s->bus, SECRETS_SERVICE, how);

	if (r == -EEXIST)
		return ERR_SECRETS_TAKEN;
	if (r < 0 && r != -EALREADY)
		return ERR_SECRETS_BUS;
	r = sd_bus_request_name(s->bus, SECRETS_PORTAL, how);
	if (r < 0)
		log_warn("the name of the portal is taken: %s", strerror(-r));
	return ERR_OK;
}

static void
take_names_once(struct secrets *s)
{
	if (!s->due || s->named)
		return;
	s->named = true;
	s->name_err = take_names(s);
}

static int
on_due(sd_event_source *source, uint64_t when, void *arg)
{
	(void)source;
	(void)when;
	take_names_once(arg);
	return 0;
}

enum err
bus_expect_names(struct secrets *s)
{
	if (sd_event_add_time_relative(
		s->loop, &s->due, CLOCK_MONOTONIC, KNOWN_MS * UINT64_C(1000), 0, on_due, s) < 0)
		return ERR_NOMEM;
	return ERR_OK;
}

/* ---- listening ---- */
static void
listen(struct secrets *s, bool on)
{
	int r;

	if (on != s->deaf)
		return;
	r = on ? sd_bus_attach_event(s->bus, s->loop, SD_EVENT_PRIORITY_NORMAL)
	       : sd_bus_detach_event(s->bus);
	s->deaf = !on && r >= 0;
	if (r < 0)
		s->quit = on;
}

static int
on_slow(sd_event_source *source, uint64_t when, void *arg)
{
	(void)source;
	(void)when;
	log_warn("reading the vault takes long");
	listen(arg, true);
	return 0;
}

void
bus_follow_state(struct secrets *s)
{
	enum store_state now = store_state(s->store);
	bool reading = now == STORE_READING;

	if (!s->bus)
		return;
	if (!reading && now != STORE_NO_AGENT)
		take_names_once(s);
	s->slow = sd_event_source_disable_unref(s->slow);
	if (reading &&
	    sd_event_add_time_relative(s->loop, &s->slow, CLOCK_MONOTONIC,
		READING_SECONDS * UINT64_C(1000000), 0, on_slow, s) < 0)
		return;
	listen(s, !reading);
}

void
bus_done(struct secrets *s)
{
	if (!s->bus)
		return;
	sd_event_source_disable_unref(s->slow);
	sd_event_source_disable_unref(s->due);
	(void)sd_bus_flush(s->bus);
	sd_bus_close(s->bus);
	s->bus = sd_bus_unref(s->bus);
}
