/* signal.c - what clients are told when something has changed (object.h). */
#include <stdlib.h>

#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

static const char *const item_signal[] = { "ItemCreated", "ItemChanged", "ItemDeleted" };
static const char *const collection_signal[] = { "CollectionCreated", "CollectionChanged",
	"CollectionDeleted" };

/* Lists and labels are not sent along: who wants them, asks. */
static void
say_changed(struct secrets *s, const char *path, const char *interface, const char *property)
{
	(void)sd_bus_emit_signal(s->bus, path, PROPERTIES, "PropertiesChanged", "sa{sv}as",
	    interface, 0, property ? 1 : 0, property);
}

static void
say_item(struct secrets *s, enum store_change what, const char *collection, const char *item)
{
	(void)sd_bus_emit_signal(
	    s->bus, collection, IFACE_COLLECTION, item_signal[what], "o", item);
	say_changed(s, collection, IFACE_COLLECTION, "Items");
	if (what == STORE_CHANGED)
		say_changed(s, item, IFACE_ITEM, "Attributes");
}

static void
say_collection(struct secrets *s, enum store_change what, const char *path)
{
	(void)sd_bus_emit_signal(
	    s->bus, OBJPATH_ROOT, IFACE_SERVICE, collection_signal[what], "o", path);
	say_changed(s, OBJPATH_ROOT, IFACE_SERVICE, "Collections");
	if (what == STORE_CHANGED)
		say_changed(s, path, IFACE_COLLECTION, "Label");
}

/* ---- collections, which are known by their names while it is locked, too ---- */
static bool
know(void *arg, const struct entry *e)
{
	struct secrets *s = arg;
	char(*more)[OBJPATH_ID + 1] = realloc(s->known, (s->nknown + 1) * sizeof *more);

	if (!more)
		return false;
	s->known = more;
	if (e->collection.len <= OBJPATH_ID && !span_is(e->collection, OBJPATH_MAIN)) {
		memset(more[s->nknown], 0, sizeof *more);
		memcpy(more[s->nknown++], e->collection.p, e->collection.len);
	}
	return true;
}

static void
know_collections(struct secrets *s)
{
	if (secrets_open(s))
		return;
	s->nknown = 0;
	store_collections(s->store, know, s);
}

void
object_entry_changed(struct secrets *s, enum store_change what, const struct entry *e)
{
	char collection[OBJPATH_MOST], item[OBJPATH_MOST];

	objpath_collection(e->collection, collection);
	if (e->kind == OPS_ENTRY_COLLECTION) {
		know_collections(s);
		say_collection(s, what, collection);
		return;
	}
	objpath_item(e->collection, e->id, item);
	say_item(s, what, collection, item);
}

void
object_volatile_changed(struct secrets *s, enum store_change what, uint64_t number)
{
	char item[OBJPATH_MOST];

	objpath_numbered(OBJPATH_VOLATILE_ITEM, number, item);
	say_item(s, what, OBJPATH_ROOT "/collection/" OBJPATH_SESSION, item);
}

void
object_given(struct secrets *s, const struct peer *p, const uint8_t id[16])
{
	const struct entry *e = p ? store_find(s->store, id) : NULL;
	bool locked = e && !kept_may(s, p, e);
	char path[OBJPATH_MOST];
	sd_bus_message *m = NULL;

	kept_add(s, p, id);
	if (!locked)
		return;
	objpath_item(e->collection, e->id, path);
	if (sd_bus_message_new_signal(s->bus, &m, path, PROPERTIES, "PropertiesChanged") >= 0 &&
	    sd_bus_message_set_destination(m, p->name) >= 0 &&
	    sd_bus_message_append(m, "sa{sv}as", IFACE_ITEM, 1, "Locked", "b", false, 0) >= 0)
		(void)sd_bus_send(NULL, m, NULL);
	sd_bus_message_unref(m);
}

static void
say_locked(struct secrets *s, const char *path)
{
	(void)sd_bus_emit_signal(s->bus, path, PROPERTIES, "PropertiesChanged", "sa{sv}as",
	    IFACE_COLLECTION, 1, "Locked", "b", secrets_open(s) != ERR_OK, 1, "Items");
	(void)sd_bus_emit_signal(
	    s->bus, OBJPATH_ROOT, IFACE_SERVICE, "CollectionChanged", "o", path);
}

void
object_state_changed(struct secrets *s)
{
	char path[OBJPATH_MOST];

	know_collections(s);
	objpath_collection(SPAN_NONE, path);
	say_locked(s, path);
	for (size_t i = 0; i < s->nknown; i++) {
		objpath_collection(span_str(s->known[i]), path);
		say_locked(s, path);
	}
}
