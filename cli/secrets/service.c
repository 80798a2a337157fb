#include "cli/secrets/service.h"

#include <stdlib.h>

#include "cli/secrets/bus_session.h"
#include "cli/secrets/given.h"
#include "cli/secrets/item.h"
#include "cli/secrets/object.h"
#include "cli/secrets/collection.h"
#include "cli/secrets/prompt.h"

#define MAIN_PATH     OBJPATH_ROOT "/collection/login"
#define VOLATILE_PATH OBJPATH_ROOT "/collection/" OBJPATH_SESSION

/* ---- Collections ---- */
static int
get_collections(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	const struct secrets *s = arg;
	char known[OBJPATH_MOST];
	int r;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	if ((r = sd_bus_message_open_container(reply, 'a', "o")) < 0 ||
	    (r = sd_bus_message_append(reply, "o", MAIN_PATH)) < 0 ||
	    (r = sd_bus_message_append(reply, "o", VOLATILE_PATH)) < 0)
		return r;
	for (size_t i = 0; i < s->nknown; i++) {
		objpath_collection(span_str(s->known[i]), known);
		if ((r = sd_bus_message_append(reply, "o", known)) < 0)
			return r;
	}
	return sd_bus_message_close_container(reply);
}

/* ---- SearchItems(a{ss}) -> (ao unlocked, ao locked) ---- */
static int
append_locked(sd_bus_message *reply, struct secrets *s, const struct attrs *a, struct peer *peer,
    sd_bus_error *error)
{
	struct store_query q = { .attr = a->v, .nattr = a->n };

	if (!secrets_open(s))
		return object_append_asked(reply, s, a, peer);
	return object_append_items(reply, s, &q, peer, error);
}

static int
on_search(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	sd_bus_message *reply = NULL;
	struct attrs a;
	struct peer *peer;
	enum err e;
	int r;

	if ((e = peers_of(s->peers, m, &peer)) || (e = read_attrs(m, &a)))
		return fail(error, e, NULL);
	if (secrets_open(s) == ERR_NOVAULT)
		return fail(error, ERR_NOVAULT, NULL);
	if ((r = sd_bus_message_new_method_return(m, &reply)) >= 0 &&
	    (r = object_append_open(reply, s, &a, peer)) >= 0 &&
	    (r = append_locked(reply, s, &a, peer, error)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

/* ---- Lock ---- */
static bool
concerns_vault(const char *path)
{
	struct objpath o;

	objpath_parse(path, &o);
	return o.kind == OBJPATH_COLLECTION || o.kind == OBJPATH_ITEM ||
	    o.kind == OBJPATH_PLACEHOLDER;
}

static int
reply_locked(sd_bus_message *m, const char *const *paths, size_t n)
{
	sd_bus_message *reply = NULL;
	int r;

	if ((r = sd_bus_message_new_method_return(m, &reply)) < 0 ||
	    (r = sd_bus_message_open_container(reply, 'a', "o")) < 0)
		goto out;
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (concerns_vault(paths[i]))
			r = sd_bus_message_append(reply, "o", paths[i]);
	if (r >= 0 && (r = sd_bus_message_close_container(reply)) >= 0 &&
	    (r = sd_bus_message_append(reply, "o", "/")) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
out:
	sd_bus_message_unref(reply);
	return r;
}

static void
was_locked(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct call *c = arg;

	(void)e;
	if (err && err != ERR_LOCKED && err != ERR_NOAGENT && err != ERR_HANGUP) {
		call_end(c, err, text);
		return;
	}
	(void)reply_locked(c->m, c->paths, c->n);
	call_free(c);
}

static int
on_lock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	const char **paths = NULL;
	bool vault = false;
	struct peer *peer;
	struct call *c;
	size_t n = 0;
	enum err e;
	int r = 1;

	if ((e = peers_of(s->peers, m, &peer)) || (e = read_paths(m, &paths, &n)))
		return fail(error, e, NULL);
	for (size_t i = 0; i < n; i++)
		vault = vault || concerns_vault(paths[i]);
	if (!vault || secrets_open(s)) {
		r = reply_locked(m, paths, n);
		free(paths);
		return r;
	}
	if ((e = call_new(s, m, peer, &c))) {
		free(paths);
		return fail(error, e, NULL);
	}
	c->paths = paths;
	c->n = n;
	if ((e = store_lock(s->store, (struct store_then){ was_locked, c })))
		call_free(c);
	return e ? fail(error, e, NULL) : r;
}

/* ---- aliases: those that there are, are fixed ---- */
static const char *
alias_path(const char *name)
{
	if (strcmp(name, "default") == 0 || strcmp(name, "login") == 0)
		return MAIN_PATH;
	return strcmp(name, "session") == 0 ? VOLATILE_PATH : "/";
}

static int
on_read_alias(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	(void)arg;
	if (r < 0)
		return fail_read(error, r);
	return sd_bus_reply_method_return(m, "o", alias_path(name));
}

static int
on_set_alias(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	char canonical[OBJPATH_MOST];
	const char *name, *path;
	struct objpath o;
	int r = sd_bus_message_read(m, "so", &name, &path);

	(void)arg;
	if (r < 0)
		return fail_read(error, r);
	objpath_parse(path, &o);
	objpath_put(&o, canonical);
	if (strcmp(alias_path(name), "/") == 0 || strcmp(alias_path(name), canonical) != 0)
		return fail(error, ERR_SECRETS_ALIAS, NULL);
	return sd_bus_reply_method_return(m, "");
}

/* ---- CreateCollection(a{sv}, s) -> (o collection, o prompt) ---- */
static void
was_created(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct call *c = arg;
	char path[OBJPATH_MOST];

	if (err || !e) {
		call_end(c, err ? err : ERR_INTERNAL, text);
		return;
	}
	objpath_collection(e->collection, path);
	(void)sd_bus_reply_method_return(c->m, "oo", path, "/");
	call_free(c);
}

static enum err
create(struct secrets *s, sd_bus_message *m, struct peer *peer, struct store_set *set)
{
	char id[OBJPATH_ID + 1];
	struct call *c;
	enum err e;

	if ((e = secrets_open(s)) || (e = call_new(s, m, peer, &c)))
		return e;
	collection_new_id(s, set->label, id);
	set->kind = OPS_ENTRY_COLLECTION;
	set->collection = span_str(id);
	set->has_label = true;
	e = store_put(s->store, peer, set, (struct store_then){ was_created, c }, &c->request);
	if (e)
		call_free(c);
	return e;
}

static int
on_create(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	const char *alias;
	struct given g;
	struct peer *peer;
	enum err e;

	if ((e = peers_of(s->peers, m, &peer)) || (e = given_read(m, IFACE_COLLECTION, &g)))
		return fail(error, e, NULL);
	if (sd_bus_message_read(m, "s", &alias) < 0)
		return fail(error, ERR_FORMAT, NULL);
	if (strcmp(alias_path(alias), "/") != 0)
		return sd_bus_reply_method_return(m, "oo", alias_path(alias), "/");
	if (*alias)
		return fail(error, ERR_SECRETS_ALIAS, NULL);
	e = create(s, m, peer, &g.set);
	if (e == ERR_LOCKED)
		return prompt_reply_create(s, m, peer, g.set.label, error);
	return e ? fail(error, e, NULL) : 1;
}

/* clang-format off */
const sd_bus_vtable service_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_ARGS("s", algorithm, "v", input),
	    SD_BUS_RESULT("v", output, "o", result), bus_session_open, 0),
	SD_BUS_METHOD_WITH_ARGS("CreateCollection", SD_BUS_ARGS("a{sv}", properties, "s", alias),
	    SD_BUS_RESULT("o", collection, "o", prompt), on_create, 0),
	SD_BUS_METHOD_WITH_ARGS("SearchItems", SD_BUS_ARGS("a{ss}", attributes),
	    SD_BUS_RESULT("ao", unlocked, "ao", locked), on_search, 0),
	SD_BUS_METHOD_WITH_ARGS("Unlock", SD_BUS_ARGS("ao", objects),
	    SD_BUS_RESULT("ao", unlocked, "o", prompt), prompt_on_unlock, 0),
	SD_BUS_METHOD_WITH_ARGS("Lock", SD_BUS_ARGS("ao", objects),
	    SD_BUS_RESULT("ao", locked, "o", prompt), on_lock, 0),
	SD_BUS_METHOD_WITH_ARGS("GetSecrets", SD_BUS_ARGS("ao", items, "o", session),
	    SD_BUS_RESULT("a{o" SECRET_STRUCT "}", secrets), item_get_secrets,
	    SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_METHOD_WITH_ARGS("ReadAlias", SD_BUS_ARGS("s", name),
	    SD_BUS_RESULT("o", collection), on_read_alias, 0),
	SD_BUS_METHOD_WITH_ARGS("SetAlias", SD_BUS_ARGS("s", name, "o", collection),
	    SD_BUS_NO_RESULT, on_set_alias, 0),
	SD_BUS_PROPERTY("Collections", "ao", get_collections, 0,
	    SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_SIGNAL_WITH_ARGS("CollectionCreated", SD_BUS_ARGS("o", collection), 0),
	SD_BUS_SIGNAL_WITH_ARGS("CollectionDeleted", SD_BUS_ARGS("o", collection), 0),
	SD_BUS_SIGNAL_WITH_ARGS("CollectionChanged", SD_BUS_ARGS("o", collection), 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */
