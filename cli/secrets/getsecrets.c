/* getsecrets.c - values of several items at once (item.h): those that are locked, gone, or refused
 * are left out, so that one of them does not keep the others back. */
#include <stdlib.h>

#include "cli/secrets/bus_session.h"
#include "cli/secrets/item.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/volatile.h"

static void got(
    void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n);

static int
append(sd_bus_message *m, const struct bus_session *b, const char *path,
    const struct ops_entry_value *v)
{
	int r;

	if ((r = sd_bus_message_open_container(m, 'e', "o" SECRET_STRUCT)) < 0 ||
	    (r = sd_bus_message_append(m, "o", path)) < 0 || (r = bus_session_append(m, b, v)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

/* The next of them, or the answer. */
static enum err
ask(struct call *c)
{
	size_t left = c->n - c->done;
	struct store_ids ids =
	    call_ids(c->ids + c->done, left < OPS_ENTRY_IDS ? left : OPS_ENTRY_IDS);
	sd_bus_message *reply = c->reply;

	if (left)
		return store_get(
		    c->s->store, c->peer, ids, (struct store_values_then){ got, c }, &c->request);
	c->reply = NULL;
	if (sd_bus_message_close_container(reply) < 0)
		reply = sd_bus_message_unref(reply);
	call_reply(c, reply);
	return ERR_OK;
}

static enum err
append_all(struct call *c, const struct ops_entry_value *v, size_t n)
{
	const struct bus_session *b = bus_session_of(c->s, c->peer, c->session);

	if (!b || n > c->n - c->done)
		return b ? ERR_INTERNAL : ERR_SECRETS_SESSION;
	for (size_t i = 0; i < n; i++) {
		if (v[i].err)
			continue;
		object_given(c->s, c->peer, c->ids[c->done + i]);
		if (append(c->reply, b, c->paths[c->done + i], &v[i]) < 0)
			return ERR_TOOBIG;
	}
	return ERR_OK;
}

static void
got(void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n)
{
	struct call *c = arg;

	if (!err && !(err = append_all(c, v, n))) {
		c->done += n;
		err = n ? ask(c) : ERR_INTERNAL;
		text = NULL;
	}
	if (err)
		call_end(c, err, text);
}

/* Values in memory go into the answer at once; what the vault has is noted. */
static enum err
take(struct call *c, const struct bus_session *b, const char *path)
{
	const struct volatile_item *i;
	struct ops_entry_value v;
	const struct entry *e;
	struct objpath o;

	objpath_parse(path, &o);
	if (o.kind == OBJPATH_VOLATILE_ITEM) {
		if (!(i = volatile_find(c->s, o.number)))
			return ERR_OK;
		v = (struct ops_entry_value){ .value = sec_span(&i->value), .type = i->type };
		return append(c->reply, b, path, &v) < 0 ? ERR_TOOBIG : ERR_OK;
	}
	if (object_entry(c->s, &o, &e))
		return ERR_OK;
	c->paths[c->n] = path;
	memcpy(c->ids[c->n++], e->id, 16);
	return ERR_OK;
}

static enum err
begin(struct call *c, const struct bus_session *b, const char *const *paths, size_t n)
{
	enum err e = ERR_OK;

	c->session = b->number;
	c->paths = calloc(n + 1, sizeof *c->paths);
	c->ids = calloc(n + 1, sizeof *c->ids);
	if (!c->paths || !c->ids || sd_bus_message_new_method_return(c->m, &c->reply) < 0 ||
	    sd_bus_message_open_container(c->reply, 'a', "{o" SECRET_STRUCT "}") < 0)
		return ERR_NOMEM;
	for (size_t i = 0; !e && i < n; i++)
		e = take(c, b, paths[i]);
	return e ? e : ask(c);
}

int
item_get_secrets(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	const char **paths = NULL, *session;
	struct bus_session *b;
	struct peer *peer;
	struct call *c;
	size_t n = 0;
	enum err e;

	if ((e = peers_of(s->peers, m, &peer)) || (e = read_paths(m, &paths, &n)))
		return fail(error, e, NULL);
	if (sd_bus_message_read(m, "o", &session) < 0)
		e = ERR_FORMAT;
	else if (!(b = bus_session_at(s, peer, session)))
		e = ERR_SECRETS_SESSION;
	else if (!(e = call_new(s, m, peer, &c)) && (e = begin(c, b, paths, n)))
		call_free(c);
	free(paths);
	return e ? fail(error, e, NULL) : 1;
}
