#include "cli/secrets/item.h"

#include <stdlib.h>

#include "cli/secrets/bus_session.h"
#include "cli/secrets/given.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/prompt.h"
#include "cli/secrets/volatile.h"

int
item_find(sd_bus *bus, const char *path, const char *interface, void *arg, void **found,
    sd_bus_error *error)
{
	struct object_item v;
	struct objpath o;
	enum err e;

	(void)bus;
	(void)interface;
	objpath_parse(path, &o);
	if (o.kind != OBJPATH_ITEM && o.kind != OBJPATH_PLACEHOLDER &&
	    o.kind != OBJPATH_VOLATILE_ITEM)
		return 0;
	if ((e = object_item(arg, &o, &v)))
		return fail(error, e, path);
	*found = arg;
	return 1;
}

/* ---- properties ---- */
/* Would the person be asked, if who wants to know the property wanted the value? */
static bool
is_asked(sd_bus *bus, const struct secrets *s, const struct objpath *o)
{
	sd_bus_message *m = sd_bus_get_current_message(bus);
	const struct entry *e;
	struct peer *peer;

	if (object_entry(s, o, &e))
		return false;
	return !m || peers_of(s->peers, m, &peer) || !kept_may(s, peer, e);
}

static int
show(sd_bus *bus, const char *path, const char *name, sd_bus_message *m, const struct secrets *s)
{
	struct span type = SPAN_LIT("org.freedesktop.Secret.Generic");
	struct object_item v;
	struct objpath o;

	objpath_parse(path, &o);
	if (object_item(s, &o, &v))
		v = (struct object_item){ .locked = true };
	switch (name[0]) {
	case 'L':
		return name[1] == 'o'
		    ? sd_bus_message_append(m, "b", v.locked || is_asked(bus, s, &o))
		    : given_append_text(m, v.label);
	case 'A':
		return given_append_attrs(m, v.attr, v.nattr);
	case 'C':
		return sd_bus_message_append(m, "t", v.created);
	case 'M':
		return sd_bus_message_append(m, "t", v.modified);
	default:
		for (size_t i = 0; i < v.nattr; i++)
			if (span_is(v.attr[i].name, "xdg:schema"))
				type = v.attr[i].value;
		return given_append_text(m, type);
	}
}

static int
get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	(void)interface;
	(void)error;
	return show(bus, path, property, reply, arg);
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

/* ---- GetSecret ---- */
static void
got_one(void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n)
{
	struct call *c = arg;
	const struct bus_session *b = bus_session_of(c->s, c->peer, c->session);
	sd_bus_message *reply = NULL;

	if (!err)
		err = n != 1 ? ERR_INTERNAL : (enum err)v->err;
	if (!err && !b)
		err = ERR_SECRETS_SESSION;
	/* of all errors the one after which programs keep what they have, and try again later */
	if (err == ERR_REFUSED || err == ERR_CANCELLED || err == ERR_DENIED) {
		call_end(c, ERR_LOCKED, "the person said no: Unlock asks again");
		return;
	}
	if (err) {
		call_end(c, err, text);
		return;
	}
	object_given(c->s, c->peer, c->ids[0]);
	if (sd_bus_message_new_method_return(c->m, &reply) < 0 ||
	    bus_session_append(reply, b, v) < 0)
		reply = sd_bus_message_unref(reply);
	call_reply(c, reply);
}

static int
get_volatile(sd_bus_message *m, const struct volatile_item *i, const struct bus_session *b)
{
	struct ops_entry_value v = { .value = sec_span(&i->value), .type = i->type };
	sd_bus_message *reply = NULL;
	int r;

	if ((r = sd_bus_message_new_method_return(m, &reply)) >= 0 &&
	    (r = bus_session_append(reply, b, &v)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static enum err
ask_one(struct secrets *s, sd_bus_message *m, struct peer *peer, const struct bus_session *b)
{
	const struct entry *entry;
	struct objpath o;
	struct call *c;
	enum err e;

	objpath_parse(sd_bus_message_get_path(m), &o);
	if ((e = object_entry(s, &o, &entry)) || (e = call_new(s, m, peer, &c)))
		return e;
	c->session = b->number;
	c->ids = malloc(sizeof *c->ids);
	e = c->ids ? ERR_OK : ERR_NOMEM;
	if (!e) {
		memcpy(c->ids[0], entry->id, 16);
		e = store_get(s->store, peer, call_ids(c->ids, 1),
		    (struct store_values_then){ got_one, c }, &c->request);
	}
	if (e)
		call_free(c);
	return e;
}

static int
on_get(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct volatile_item *v = NULL;
	struct bus_session *b;
	const char *session;
	struct objpath o;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);
	int r;

	if (e)
		return fail(error, e, NULL);
	if ((r = sd_bus_message_read(m, "o", &session)) < 0)
		return fail_read(error, r);
	objpath_parse(sd_bus_message_get_path(m), &o);
	if (o.kind == OBJPATH_VOLATILE_ITEM)
		v = volatile_find(s, o.number);
	if (!(b = bus_session_at(s, peer, session)))
		return fail(error, ERR_SECRETS_SESSION, session);
	if (v)
		return get_volatile(m, v, b);
	e = ask_one(s, m, peer, b);
	return e ? fail(error, e, NULL) : 1;
}

/* ---- SetSecret ---- */
static void
was_set(void *arg, enum err err, const char *text, const struct entry *e)
{
	(void)e;
	call_end(arg, err, text);
}

static enum err
set_entry(struct secrets *s, sd_bus_message *m, struct peer *peer, struct store_set *set)
{
	const struct entry *entry;
	struct objpath o;
	struct call *c;
	enum err e;

	objpath_parse(sd_bus_message_get_path(m), &o);
	if ((e = object_entry(s, &o, &entry)) || (e = call_new(s, m, peer, &c)))
		return e;
	set->id = entry->id;
	set->collection = entry->collection;
	e = store_put(s->store, peer, set, (struct store_then){ was_set, c }, &c->request);
	if (e)
		call_free(c);
	return e;
}

static enum err
set_volatile(struct secrets *s, sd_bus_message *m, const struct store_set *set, struct sec *value)
{
	struct volatile_item *v;
	struct objpath o;
	enum err e;

	objpath_parse(sd_bus_message_get_path(m), &o);
	v = volatile_find(s, o.number);
	if ((e = v ? volatile_put(s, &v, set, value) : ERR_NOTFOUND))
		return e;
	object_volatile_changed(s, STORE_CHANGED, v->number);
	return sd_bus_reply_method_return(m, "") < 0 ? ERR_NOMEM : ERR_OK;
}

static int
on_set(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct store_set set = { .kind = OPS_ENTRY_ITEM, .has_value = true, .has_type = true };
	struct sec value = { 0 };
	struct objpath o;
	struct peer *peer;
	enum err e;

	objpath_parse(sd_bus_message_get_path(m), &o);
	if (!(e = peers_of(s->peers, m, &peer)) && o.kind != OBJPATH_VOLATILE_ITEM)
		e = secrets_open(s);
	if (!e && !(e = bus_session_read(s, peer, m, &value, &set.type))) {
		set.value = sec_span(&value);
		e = o.kind == OBJPATH_VOLATILE_ITEM ? set_volatile(s, m, &set, &value)
						    : set_entry(s, m, peer, &set);
	}
	sec_done(&value);
	return e ? fail(error, e, NULL) : 1;
}

/* ---- Delete ---- */
static void
was_removed(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct call *c = arg;
	sd_bus_message *reply = NULL;

	(void)e;
	if (err) {
		call_end(c, err, text);
		return;
	}
	if (sd_bus_message_new_method_return(c->m, &reply) >= 0 &&
	    sd_bus_message_append(reply, "o", "/") < 0)
		reply = sd_bus_message_unref(reply);
	call_reply(c, reply);
}

static enum err
delete_entry(struct secrets *s, sd_bus_message *m, struct peer *peer, const struct objpath *o)
{
	const struct entry *entry;
	struct call *c;
	enum err e;

	if ((e = object_entry(s, o, &entry)) || (e = call_new(s, m, peer, &c)))
		return e;
	e = store_remove(
	    s->store, peer, entry->id, (struct store_then){ was_removed, c }, &c->request);
	if (e)
		call_free(c);
	return e;
}

static int
on_delete(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct volatile_item *v;
	struct objpath o;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);

	if (e)
		return fail(error, e, NULL);
	objpath_parse(sd_bus_message_get_path(m), &o);
	if (o.kind == OBJPATH_VOLATILE_ITEM) {
		if (!(v = volatile_find(s, o.number)))
			return fail(error, ERR_NOTFOUND, NULL);
		volatile_drop(s, v);
		object_volatile_changed(s, STORE_REMOVED, o.number);
		return sd_bus_reply_method_return(m, "o", "/");
	}
	e = delete_entry(s, m, peer, &o);
	if (e == ERR_LOCKED)
		return prompt_reply_delete(s, m, peer, error);
	return e ? fail(error, e, NULL) : 1;
}

/* clang-format off */
const sd_bus_vtable item_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_RESULT("o", prompt), on_delete, 0),
	SD_BUS_METHOD_WITH_ARGS("GetSecret", SD_BUS_ARGS("o", session),
	    SD_BUS_RESULT(SECRET_STRUCT, secret), on_get, SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_METHOD_WITH_ARGS("SetSecret", SD_BUS_ARGS(SECRET_STRUCT, secret), SD_BUS_NO_RESULT,
	    on_set, SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_PROPERTY("Locked", "b", get_property, 0, 0),
	SD_BUS_WRITABLE_PROPERTY("Attributes", "a{ss}", get_property, set_property, 0,
	    SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_WRITABLE_PROPERTY("Label", "s", get_property, set_property, 0,
	    SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_PROPERTY("Type", "s", get_property, 0, 0),
	SD_BUS_PROPERTY("Created", "t", get_property, 0, 0),
	SD_BUS_PROPERTY("Modified", "t", get_property, 0, 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */
