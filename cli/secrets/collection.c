#include "cli/secrets/collection.h"

#include <stdio.h>

#include "cli/secrets/given.h"
#include "cli/secrets/object.h"
#include "cli/secrets/prompt.h"

int
collection_find(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error)
{
	const struct entry *entry;
	struct objpath o;

	(void)bus;
	(void)interface;
	objpath_parse(path, &o);
	if (o.kind != OBJPATH_COLLECTION && o.kind != OBJPATH_VOLATILE)
		return 0;
	if (o.kind == OBJPATH_COLLECTION && object_collection(arg, &o, &entry) == ERR_NOTFOUND)
		return fail(error, ERR_NOTFOUND, path);
	*found = arg;
	return 1;
}

/* ---- properties ---- */
static int
get_items(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	static const struct attrs any;
	struct secrets *s = arg;
	sd_bus_message *asked = sd_bus_get_current_message(bus);
	struct store_query q = { .nattr = 0 };
	struct peer *peer = NULL;
	struct objpath o;
	enum err e;

	(void)interface;
	(void)property;
	objpath_parse(path, &o);
	if (o.kind == OBJPATH_VOLATILE)
		return object_append_volatile(reply, s, &any);
	q.collection = span_str(o.collection);
	/* "none" would be a lie; without a vault it is true */
	if (asked && secrets_open(s) == ERR_LOCKED && (e = peers_of(s->peers, asked, &peer)))
		return fail(error, e, NULL);
	return object_append_items(reply, s, &q, peer, error);
}

static struct span
label_of(const struct objpath *o, const struct entry *e)
{
	if (e && e->label.len)
		return e->label;
	if (strcmp(o->collection, OBJPATH_MAIN) == 0)
		return SPAN_LIT("Login");
	return span_str(o->collection);
}

static int
get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	const struct secrets *s = arg;
	const struct entry *e = NULL;
	struct objpath o;

	(void)bus;
	(void)interface;
	(void)error;
	objpath_parse(path, &o);
	if (object_collection(s, &o, &e))
		e = NULL;
	switch (property[0]) {
	case 'C':
		return sd_bus_message_append(reply, "t", e ? e->created : 0);
	case 'M':
		return sd_bus_message_append(reply, "t", e ? e->modified : 0);
	default:
		break;
	}
	if (property[1] == 'a')
		return given_append_text(reply, label_of(&o, e));
	return sd_bus_message_append(
	    reply, "b", o.kind == OBJPATH_COLLECTION && secrets_open(s) != ERR_OK);
}

/* given.c is asked before. */
static int
set_property(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *value, void *arg, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)value;
	(void)arg;
	return fail(error, ERR_UNSUPPORTED, NULL);
}

/* ---- SearchItems ---- */
static int
append_found(sd_bus_message *m, sd_bus_message *reply, struct secrets *s, sd_bus_error *error)
{
	struct store_query q = { .nattr = 0 };
	struct attrs a;
	struct objpath o;
	struct peer *peer;
	enum err e;

	if ((e = peers_of(s->peers, m, &peer)) || (e = read_attrs(m, &a)))
		return fail(error, e, NULL);
	objpath_parse(sd_bus_message_get_path(m), &o);
	if (o.kind == OBJPATH_VOLATILE)
		return object_append_volatile(reply, s, &a);
	if (secrets_open(s) == ERR_NOVAULT)
		return fail(error, ERR_NOVAULT, NULL);
	q = (struct store_query){ span_str(o.collection), a.v, a.n };
	return object_append_items(reply, s, &q, peer, error);
}

static int
on_search(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0 && (r = append_found(m, reply, arg, error)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

/* ---- Delete ---- */
static void
was_removed(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct call *c = arg;

	(void)e;
	if (err) {
		call_end(c, err, text);
		return;
	}
	(void)sd_bus_reply_method_return(c->m, "o", "/");
	call_free(c);
}

static enum err delete (
    struct secrets *s, sd_bus_message *m, struct peer *peer, const struct entry *entry) {
	struct call *c; enum err e = call_new(s, m, peer, &c);

	if (e) return e;
	e = store_remove(
	    s->store, peer, entry->id, (struct store_then){ was_removed, c }, &c->request);
	if (e) call_free(c);
	return e;
}

static int
on_delete(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	const struct entry *entry;
	struct objpath o;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);

	objpath_parse(sd_bus_message_get_path(m), &o);
	if (!e && (o.kind == OBJPATH_VOLATILE || strcmp(o.collection, OBJPATH_MAIN) == 0))
		e = ERR_SECRETS_MAIN;
	if (!e)
		e = object_collection(s, &o, &entry);
	if (e == ERR_LOCKED)
		return prompt_reply_delete(s, m, peer, error);
	if (!e)
		e = delete (s, m, peer, entry);
	return e ? fail(error, e, NULL) : 1;
}

/* clang-format off */
const sd_bus_vtable collection_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_RESULT("o", prompt), on_delete, 0),
	SD_BUS_METHOD_WITH_ARGS("SearchItems", SD_BUS_ARGS("a{ss}", attributes),
	    SD_BUS_RESULT("ao", results), on_search, 0),
	SD_BUS_METHOD_WITH_ARGS("CreateItem",
	    SD_BUS_ARGS("a{sv}", properties, SECRET_STRUCT, secret, "b", replace),
	    SD_BUS_RESULT("o", item, "o", prompt), collection_create_item,
	    SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_PROPERTY("Items", "ao", get_items, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_WRITABLE_PROPERTY("Label", "s", get_property, set_property, 0,
	    SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_PROPERTY("Locked", "b", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Created", "t", get_property, 0, 0),
	SD_BUS_PROPERTY("Modified", "t", get_property, 0, 0),
	SD_BUS_SIGNAL_WITH_ARGS("ItemCreated", SD_BUS_ARGS("o", item), 0),
	SD_BUS_SIGNAL_WITH_ARGS("ItemDeleted", SD_BUS_ARGS("o", item), 0),
	SD_BUS_SIGNAL_WITH_ARGS("ItemChanged", SD_BUS_ARGS("o", item), 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */

/* ---- names of collections ---- */
static bool
is_taken(const struct secrets *s, const char *id)
{
	return strcmp(id, "login") == 0 || strcmp(id, OBJPATH_MAIN) == 0 ||
	    strcmp(id, OBJPATH_SESSION) == 0 || store_collection(s->store, span_str(id));
}

void
collection_new_id(const struct secrets *s, struct span label, char out[OBJPATH_ID + 1])
{
	char stem[41];
	size_t n = 0;

	for (size_t i = 0; i < label.len && n < sizeof stem - 1; i++) {
		uint8_t c = label.p[i] | 0x20;

		if ((c >= 'a' && c <= 'z') || (label.p[i] >= '0' && label.p[i] <= '9'))
			stem[n++] = (char)c;
		else if (n && stem[n - 1] != '_')
			stem[n++] = '_';
	}
	stem[n] = '\0';
	snprintf(out, OBJPATH_ID + 1, "%s", n ? stem : "collection");
	for (unsigned i = 2; is_taken(s, out); i++)
		snprintf(out, OBJPATH_ID + 1, "%s_%u", n ? stem : "collection", i);
}
