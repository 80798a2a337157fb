#include "cli/secrets/given.h"

#include <errno.h>

#include "cli/secrets/object.h"
#include "cli/secrets/volatile.h"

/* The value of a property, if it has that signature. */
static enum err
enter(sd_bus_message *m, const char *signature)
{
	const char *contents;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0 || type != 'v' ||
	    strcmp(contents, signature) != 0 ||
	    sd_bus_message_enter_container(m, 'v', signature) < 0)
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
read_text(sd_bus_message *m, size_t most, struct span *out)
{
	const char *s;
	enum err e = enter(m, "s");

	if (e)
		return e;
	if (sd_bus_message_read(m, "s", &s) < 0 || sd_bus_message_exit_container(m) < 0)
		return ERR_FORMAT;
	*out = span_str(s);
	return out->len > most ? ERR_TOOBIG : ERR_OK;
}

static enum err
read_attributes(sd_bus_message *m, struct given *g)
{
	enum err e;

	if ((e = enter(m, "a{ss}")) || (e = read_attrs(m, &g->attrs)))
		return e;
	g->set.attr = g->attrs.v;
	g->set.nattr = g->attrs.n;
	g->set.has_attr = true;
	return sd_bus_message_exit_container(m) < 0 ? ERR_FORMAT : ERR_OK;
}

enum err
given_read_property(sd_bus_message *m, const char *name, struct given *g)
{
	if (strcmp(name, "Label") == 0) {
		g->set.has_label = true;
		return read_text(m, OPS_ENTRY_LABEL, &g->set.label);
	}
	if (strcmp(name, "Attributes") == 0)
		return read_attributes(m, g);
	return ERR_UNSUPPORTED;
}

static enum err
read_one(sd_bus_message *m, const char *interface, struct given *g)
{
	size_t n = strlen(interface);
	const char *name;
	enum err e;

	if (sd_bus_message_read(m, "s", &name) < 0)
		return ERR_FORMAT;
	e = strncmp(name, interface, n) == 0 && name[n] == '.'
	    ? given_read_property(m, name + n + 1, g)
	    : ERR_UNSUPPORTED;
	if (e == ERR_UNSUPPORTED)
		e = sd_bus_message_skip(m, "v") < 0 ? ERR_FORMAT : ERR_OK;
	if (!e && sd_bus_message_exit_container(m) < 0)
		e = ERR_FORMAT;
	return e;
}

enum err
given_read(sd_bus_message *m, const char *interface, struct given *g)
{
	enum err e = ERR_OK;
	int r;

	*g = (struct given){ .set.has_label = false };
	if (sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return ERR_FORMAT;
	while (!e && (r = sd_bus_message_enter_container(m, 'e', "sv")) != 0)
		e = r < 0 ? ERR_FORMAT : read_one(m, interface, g);
	if (!e && sd_bus_message_exit_container(m) < 0)
		e = ERR_FORMAT;
	return e;
}

/* ---- Properties.Set ---- */
static void
was_set(void *arg, enum err err, const char *text, const struct entry *e)
{
	(void)e;
	call_end(arg, err, text);
}

static enum err
target(const struct secrets *s, const struct objpath *o, struct store_set *set)
{
	const struct entry *e = NULL;
	enum err r =
	    o->kind == OBJPATH_COLLECTION ? object_collection(s, o, &e) : object_entry(s, o, &e);

	if (r)
		return r;
	set->id = e->id;
	set->kind = e->kind;
	set->collection = e->collection;
	if (o->kind == OBJPATH_COLLECTION) {
		set->kind = OPS_ENTRY_COLLECTION;
		set->id = object_is_kept(e) ? e->id : NULL;
	}
	return ERR_OK;
}

static enum err
set_volatile(struct secrets *s, sd_bus_message *m, const struct objpath *o, struct given *g)
{
	struct volatile_item *v = volatile_find(s, o->number);
	enum err e = v ? volatile_put(s, &v, &g->set, NULL) : ERR_NOTFOUND;

	if (e)
		return e;
	object_volatile_changed(s, STORE_CHANGED, v->number);
	return sd_bus_reply_method_return(m, "") < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err
set_property(struct secrets *s, sd_bus_message *m, const struct objpath *o, struct given *g)
{
	struct peer *peer;
	struct call *c;
	enum err e;

	if (o->kind == OBJPATH_VOLATILE_ITEM)
		return set_volatile(s, m, o, g);
	if ((e = peers_of(s->peers, m, &peer)) || (e = target(s, o, &g->set)) ||
	    (e = call_new(s, m, peer, &c)))
		return e;
	e = store_put(s->store, peer, &g->set, (struct store_then){ was_set, c }, &c->request);
	if (e)
		call_free(c);
	return e;
}

static bool
may_set(const struct objpath *o, const char *interface, const char *name)
{
	if (o->kind == OBJPATH_COLLECTION)
		return strcmp(interface, IFACE_COLLECTION) == 0 && strcmp(name, "Label") == 0;
	return (o->kind == OBJPATH_ITEM || o->kind == OBJPATH_PLACEHOLDER ||
		   o->kind == OBJPATH_VOLATILE_ITEM) &&
	    strcmp(interface, IFACE_ITEM) == 0 &&
	    (strcmp(name, "Label") == 0 || strcmp(name, "Attributes") == 0);
}

/* What is not taken here, sd-bus answers: what cannot be set, and what does not exist. */
int
given_on_set(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct given g = { .set.has_label = false };
	const char *interface, *name;
	struct objpath o;
	enum err e;

	if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Set") ||
	    !sd_bus_message_has_signature(m, "ssv"))
		return 0;
	objpath_parse(sd_bus_message_get_path(m), &o);
	if (sd_bus_message_read(m, "ss", &interface, &name) < 0 || !may_set(&o, interface, name))
		return sd_bus_message_rewind(m, true) < 0 ? -EBADMSG : 0;
	if (!(e = given_read_property(m, name, &g)))
		e = set_property(arg, m, &o, &g);
	return e ? fail(error, e, NULL) : 1;
}

/* ---- showing ---- */
int
given_append_text(sd_bus_message *m, struct span s)
{
	struct buf b = BUF_INIT;
	int r;

	buf_put_span(&b, s);
	r = sd_bus_message_append(m, "s", buf_cstr(&b));
	buf_done(&b);
	return r;
}

int
given_append_attrs(sd_bus_message *m, const struct store_attr *a, size_t n)
{
	int r = sd_bus_message_open_container(m, 'a', "{ss}");

	for (size_t i = 0; r >= 0 && i < n; i++)
		if ((r = sd_bus_message_open_container(m, 'e', "ss")) >= 0 &&
		    (r = given_append_text(m, a[i].name)) >= 0 &&
		    (r = given_append_text(m, a[i].value)) >= 0)
			r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}
