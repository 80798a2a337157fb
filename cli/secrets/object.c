#include "cli/secrets/object.h"

#include "cli/secrets/kept.h"
#include "cli/secrets/volatile.h"

static void
show_entry(const struct entry *e, struct object_item *v)
{
	*v = (struct object_item){ .label = e->label,
		.attr = e->attr,
		.nattr = e->nattr,
		.created = e->created,
		.modified = e->modified };
}

static enum err
show_volatile(const struct secrets *s, uint64_t number, struct object_item *v)
{
	const struct volatile_item *i = volatile_find(s, number);

	if (!i)
		return ERR_NOTFOUND;
	*v = (struct object_item){ .label = i->label,
		.attr = i->attr,
		.nattr = i->nattr,
		.created = i->created,
		.modified = i->modified };
	return ERR_OK;
}

enum err
object_item(const struct secrets *s, const struct objpath *o, struct object_item *v)
{
	const struct placeholder *h;
	const struct entry *e;
	enum err r;

	*v = (struct object_item){ .locked = true };
	if (o->kind == OBJPATH_VOLATILE_ITEM)
		return show_volatile(s, o->number, v);
	r = object_entry(s, o, &e);
	if (!r)
		show_entry(e, v);
	if (!r || r == ERR_NOTFOUND)
		return r;
	h = o->kind == OBJPATH_PLACEHOLDER ? placeholders_find(s->holders, o->number) : NULL;
	if (h) {
		v->attr = h->query.attr;
		v->nattr = h->query.nattr;
	}
	return ERR_OK;
}

enum err
object_entry(const struct secrets *s, const struct objpath *o, const struct entry **e)
{
	const struct placeholder *h;
	enum err r = secrets_open(s);

	if (o->kind != OBJPATH_ITEM && o->kind != OBJPATH_PLACEHOLDER)
		return ERR_NOTFOUND;
	if (r)
		return r;
	if (o->kind == OBJPATH_ITEM) {
		*e = store_find(s->store, o->id);
		if (!*e || (*e)->kind != OPS_ENTRY_ITEM ||
		    !span_is((*e)->collection, o->collection))
			return ERR_NOTFOUND;
		return ERR_OK;
	}
	h = placeholders_find(s->holders, o->number);
	*e = h ? placeholder_entry(h, s->store) : NULL;
	return *e ? ERR_OK : ERR_NOTFOUND;
}

enum err
object_collection(const struct secrets *s, const struct objpath *o, const struct entry **e)
{
	enum err r = secrets_open(s);

	if (o->kind != OBJPATH_COLLECTION)
		return ERR_NOTFOUND;
	if (r)
		return r;
	*e = store_collection(s->store, span_str(o->collection));
	return *e ? ERR_OK : ERR_NOTFOUND;
}

bool
object_is_kept(const struct entry *collection)
{
	static const uint8_t none[16];

	return memcmp(collection->id, none, sizeof none) != 0;
}

/* ---- lists ---- */
struct adding {
	sd_bus_message *m;
	int r;
	/* only those that are, or are not, locked for this client */
	const struct secrets *s;
	const struct peer *peer;
	bool may;
};

static bool
add_entry(void *arg, const struct entry *e)
{
	struct adding *a = arg;
	char path[OBJPATH_MOST];

	if (a->s && kept_may(a->s, a->peer, e) != a->may)
		return true;
	objpath_item(e->collection, e->id, path);
	a->r = sd_bus_message_append(a->m, "o", path);
	return a->r >= 0;
}

static int
add_placeholder(sd_bus_message *reply, struct secrets *s, const struct store_query *q,
    struct peer *peer, sd_bus_error *error)
{
	const struct placeholder *h;
	struct objpath o = { .kind = OBJPATH_PLACEHOLDER, .collection = OBJPATH_MAIN };
	char path[OBJPATH_MOST];
	enum err e = placeholders_get(s->holders, peer, q, &h);

	if (e)
		return fail(error, e, "searches of one client");
	if (q->collection.len && q->collection.len <= OBJPATH_ID) {
		memset(o.collection, 0, sizeof o.collection);
		memcpy(o.collection, q->collection.p, q->collection.len);
	}
	o.number = h->number;
	objpath_put(&o, path);
	return sd_bus_message_append(reply, "o", path);
}

static int
add_volatile(sd_bus_message *reply, const struct secrets *s, const struct attrs *a)
{
	char path[OBJPATH_MOST];
	int r = 0;

	for (const struct volatile_item *v = s->items; r >= 0 && v; v = v->next) {
		if (!volatile_matches(v, a))
			continue;
		objpath_numbered(OBJPATH_VOLATILE_ITEM, v->number, path);
		r = sd_bus_message_append(reply, "o", path);
	}
	return r;
}

int
object_append_items(sd_bus_message *reply, struct secrets *s, const struct store_query *q,
    struct peer *held, sd_bus_error *error)
{
	struct adding a = { .m = reply };
	int r = sd_bus_message_open_container(reply, 'a', "o");

	if (r >= 0 && !secrets_open(s)) {
		store_search(s->store, q, add_entry, &a);
		r = a.r;
	} else if (r >= 0 && held)
		r = add_placeholder(reply, s, q, held, error);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int
object_append_volatile(sd_bus_message *reply, const struct secrets *s, const struct attrs *a)
{
	int r = sd_bus_message_open_container(reply, 'a', "o");

	if (r >= 0)
		r = add_volatile(reply, s, a);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int
object_append_asked(
    sd_bus_message *reply, const struct secrets *s, const struct attrs *a, const struct peer *peer)
{
	struct store_query q = { .attr = a->v, .nattr = a->n };
	struct adding adding = { .m = reply, .s = s, .peer = peer, .may = false };
	int r = sd_bus_message_open_container(reply, 'a', "o");

	if (r >= 0) {
		store_search(s->store, &q, add_entry, &adding);
		r = adding.r;
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int
object_append_open(
    sd_bus_message *reply, const struct secrets *s, const struct attrs *a, const struct peer *peer)
{
	struct store_query q = { .attr = a->v, .nattr = a->n };
	struct adding adding = { .m = reply, .s = s, .peer = peer, .may = true };
	int r = sd_bus_message_open_container(reply, 'a', "o");

	if (r >= 0)
		r = add_volatile(reply, s, a);
	if (r >= 0 && !secrets_open(s)) {
		store_search(s->store, &q, add_entry, &adding);
		r = adding.r;
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
