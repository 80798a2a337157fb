/* create.c - CreateItem (collection.h). */
#include "cli/secrets/bus_session.h"
#include "cli/secrets/collection.h"
#include "cli/secrets/given.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/volatile.h"

/* Old versions of Chromium make this item only to have the collection unlocked. */
#define DUMMY	   "_chrome_dummy_schema_for_unlocking"
#define DUMMY_PATH OBJPATH_ROOT "/collection/login/dropped"

struct creating {
	struct secrets *s;
	sd_bus_message *m;
	struct peer *peer;
	struct objpath at;
	struct given given;
	struct sec value;
	bool replace;
};

static bool
is_dummy(const struct attrs *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (span_is(a->v[i].name, "xdg:schema"))
			return span_is(a->v[i].value, DUMMY);
	return false;
}

/* ---- replacing: the same attributes, no more and no fewer ---- */
struct same {
	size_t n;
	const struct entry *found;
};

static bool
take_same(void *arg, const struct entry *e)
{
	struct same *same = arg;

	if (e->nattr != same->n)
		return true;
	same->found = e;
	return false;
}

static const struct entry *
find_same(const struct secrets *s, const char *collection, const struct attrs *a)
{
	struct store_query q = { span_str(collection), a->v, a->n };
	struct same same = { .n = a->n };

	store_search(s->store, &q, take_same, &same);
	return same.found;
}

/* ---- one after the other ---- */
/* Two that replace the same would both find nothing: the later one waits for the answer to the
 * earlier. */
static void
put_part(struct buf *key, struct span part)
{
	uint8_t len[4];

	put_be32(len, (uint32_t)part.len);
	buf_put(key, len, sizeof len);
	buf_put_span(key, part);
}

static enum err
put_key(const struct creating *in, struct buf *key)
{
	const struct attrs *a = &in->given.attrs;

	put_part(key, span_str(in->at.collection));
	for (size_t i = 0; i < a->n; i++) {
		put_part(key, a->v[i].name);
		put_part(key, a->v[i].value);
	}
	return buf_err(key);
}

/* The oldest one but `but` with this key (s->calls has the newest first). */
static struct call *
find_key(const struct secrets *s, struct span key, bool waits, const struct call *but)
{
	struct call *found = NULL;

	for (struct call *k = s->calls; k; k = k->next)
		if (k != but && k->waits == waits && span_eq(buf_span(&k->key), key))
			found = k;
	return found;
}

static enum err create(struct creating *in);

static void
create_again(struct call *c)
{
	struct creating in = { .s = c->s, .m = sd_bus_message_ref(c->m), .peer = c->peer };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	enum err e = ERR_NOMEM;

	call_free(c);
	objpath_parse(sd_bus_message_get_path(in.m), &in.at);
	if (sd_bus_message_rewind(in.m, true) >= 0)
		e = create(&in);
	sec_done(&in.value);
	if (e) {
		(void)fail(&error, e, NULL);
		(void)sd_bus_reply_method_error(in.m, &error);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(in.m);
}

/* c was answered, or failed: the next one that waits for it, if there is none under way. */
static void
wake_next(struct call *c)
{
	struct buf key = c->key;
	struct call *next;

	c->key = (struct buf){ .len = 0 };
	while (key.len && !find_key(c->s, buf_span(&key), false, NULL) &&
	    (next = find_key(c->s, buf_span(&key), true, NULL)))
		create_again(next);
	buf_done(&key);
}

/* ---- into the vault ---- */
static void
was_created(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct call *c = arg;
	char path[OBJPATH_MOST];

	if (!err && !e)
		err = ERR_INTERNAL;
	if (!err) {
		if (c->peer)
			kept_add(c->s, c->peer, e->id);
		objpath_item(e->collection, e->id, path);
		(void)sd_bus_reply_method_return(c->m, "oo", path, "/");
	}
	wake_next(c);
	if (err)
		call_end(c, err, text);
	else
		call_free(c);
}

static enum err
put_entry(struct creating *in, struct call *c)
{
	struct store_set *set = &in->given.set;
	const struct entry *e = NULL;
	enum err r;

	if (in->replace && (r = put_key(in, &c->key)))
		return r;
	if (in->replace && find_key(in->s, buf_span(&c->key), false, c)) {
		c->waits = true;
		return ERR_OK;
	}
	if (in->replace && (e = find_same(in->s, in->at.collection, &in->given.attrs)))
		set->id = e->id;
	set->kind = OPS_ENTRY_ITEM;
	set->collection = span_str(in->at.collection);
	return store_put(
	    in->s->store, in->peer, set, (struct store_then){ was_created, c }, &c->request);
}

static enum err
create_entry(struct creating *in)
{
	const struct entry *e = NULL;
	struct call *c;
	enum err r;

	if ((r = object_collection(in->s, &in->at, &e)) ||
	    (r = call_new(in->s, in->m, in->peer, &c)))
		return r;
	if ((r = put_entry(in, c)))
		call_free(c);
	return r;
}

/* ---- into memory ---- */
static enum err
create_volatile(struct creating *in)
{
	char path[OBJPATH_MOST];
	struct volatile_item *v = NULL;
	bool old;
	enum err e;

	if (in->replace)
		v = volatile_same(in->s, &in->given.attrs);
	old = v != NULL;
	if ((e = volatile_put(in->s, &v, &in->given.set, &in->value)))
		return e;
	object_volatile_changed(in->s, old ? STORE_CHANGED : STORE_ADDED, v->number);
	objpath_numbered(OBJPATH_VOLATILE_ITEM, v->number, path);
	return sd_bus_reply_method_return(in->m, "oo", path, "/") < 0 ? ERR_NOMEM : ERR_OK;
}

/* ---- the call ---- */
static enum err
read_all(struct creating *in)
{
	struct store_set *set = &in->given.set;
	int replace;
	enum err e;

	if ((e = given_read(in->m, IFACE_ITEM, &in->given)) ||
	    (e = bus_session_read(in->s, in->peer, in->m, &in->value, &set->type)))
		return e;
	if (sd_bus_message_read(in->m, "b", &replace) < 0)
		return ERR_FORMAT;
	in->replace = replace != 0;
	set->has_label = set->has_attr = set->has_type = set->has_value = true;
	set->attr = in->given.attrs.v;
	set->nattr = in->given.attrs.n;
	set->value = sec_span(&in->value);
	return ERR_OK;
}

static enum err
create(struct creating *in)
{
	enum err e = ERR_OK;

	if (in->at.kind == OBJPATH_COLLECTION)
		e = secrets_open(in->s);
	if (e || (e = read_all(in)))
		return e;
	if (is_dummy(&in->given.attrs))
		return sd_bus_reply_method_return(in->m, "oo", DUMMY_PATH, "/") < 0 ? ERR_NOMEM
										    : ERR_OK;
	return in->at.kind == OBJPATH_VOLATILE ? create_volatile(in) : create_entry(in);
}

int
collection_create_item(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct creating in = { .s = arg, .m = m };
	enum err e = peers_of(in.s->peers, m, &in.peer);

	objpath_parse(sd_bus_message_get_path(m), &in.at);
	if (!e)
		e = create(&in);
	sec_done(&in.value);
	return e ? fail(error, e, NULL) : 1;
}
