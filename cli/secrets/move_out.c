/* move_out.c - entries of the vault into another Secret Service: added, never in place of one. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/secrets/move.h"

struct writing {
	struct move *m;
	struct move_msg msg;	/* the one at hand; borrows from frame */
	char id[65];		/* of the collection at hand */
	char target[MOVE_PATH]; /* what it is there; "" = none could be made */
	bool there;
};

/* KeePassXC says no to an item that has them, and leaves an empty entry behind. */
static bool
is_theirs(const struct writing *w, struct span name)
{
	return w->m->keepassxc && (span_is(name, "Uuid") || span_is(name, "Path"));
}

static enum err
append_attributes(const struct writing *w, sd_bus_message *in)
{
	struct cbor c = wire_each(&w->msg.attributes);
	struct buf b = BUF_INIT;
	struct ops_pair p;
	int r = sd_bus_message_open_container(in, 'a', "{ss}");
	enum err e = ERR_OK;

	while (r >= 0 && !e && !cbor_at_end(&c)) {
		if ((e = wire_next(&ops_pair_map, &c, &p)))
			break;
		if (is_theirs(w, p.name))
			continue;
		buf_reset(&b);
		buf_put_span(&b, p.name);
		buf_put_u8(&b, 0);
		buf_put_span(&b, p.value);
		buf_put_u8(&b, 0);
		if (!(e = buf_err(&b)))
			r = sd_bus_message_append(
			    in, "{ss}", (char *)b.p, (char *)b.p + p.name.len + 1);
	}
	buf_done(&b);
	if (r >= 0 && !e)
		r = sd_bus_message_close_container(in);
	return e ? e : r < 0 ? ERR_NOMEM : ERR_OK;
}

/* ---- collections ---- */
static bool
has_label(struct move *m, const char *path, const char *iface, struct span label)
{
	sd_bus_message *rep = NULL;
	const char *text = NULL;
	bool same;

	if (move_property(m, path, iface, "Label s", &rep) ||
	    sd_bus_message_read(rep, "s", &text) < 0)
		text = NULL;
	same = text && span_eq(span_str(text), label);
	sd_bus_message_unref(rep);
	return same;
}

/* One that was made from this one before has its label. */
static enum err
find_collection(struct writing *w)
{
	sd_bus_message *rep = NULL;
	const char *path;
	enum err e = move_property(w->m, MOVE_ROOT, MOVE_IFACE("Service"), "Collections ao", &rep);
	int r = 0;

	if (!e)
		r = sd_bus_message_enter_container(rep, 'a', "o");
	while (!e && r >= 0 && !w->target[0] && (r = sd_bus_message_read(rep, "o", &path)) > 0)
		if (strlen(path) < MOVE_PATH &&
		    has_label(w->m, path, MOVE_IFACE("Collection"), w->msg.label))
			snprintf(w->target, MOVE_PATH, "%s", path);
	sd_bus_message_unref(rep);
	return e ? e : r < 0 ? move_error(w->m, r) : ERR_OK;
}

static enum err
ask_for_collection(struct writing *w, const char *alias, sd_bus_message **rep)
{
	sd_bus_message *in = NULL;
	struct buf label = BUF_INIT;
	enum err e = move_new_call(w->m, MOVE_ROOT, MOVE_IFACE("Service"), "CreateCollection", &in);
	int r;

	if (e)
		return e;
	buf_put_span(&label, w->msg.label);
	r = sd_bus_message_append(
	    in, "a{sv}s", 1, MOVE_IFACE("Collection.Label"), "s", buf_cstr(&label), alias);
	buf_done(&label);
	if (r < 0) {
		sd_bus_message_unref(in);
		return move_error(w->m, r);
	}
	return move_call(w->m, in, rep);
}

static enum err
make_collection(struct writing *w, const char *alias)
{
	sd_bus_message *rep = NULL;
	const char *path, *prompt;
	enum err e;
	int r;

	move_say(w->m,
	    "a collection is made there: answer the question that it asks now "
	    "(it wants a password for it)");
	if ((e = ask_for_collection(w, alias, &rep)))
		return e;
	if ((r = sd_bus_message_read(rep, "oo", &path, &prompt)) < 0)
		e = move_error(w->m, r);
	else if (path[1] && strlen(path) < MOVE_PATH)
		snprintf(w->target, MOVE_PATH, "%s", path);
	else
		e = move_prompt(w->m, prompt, w->target);
	sd_bus_message_unref(rep);
	return e;
}

static enum err
open_collection(struct writing *w)
{
	char *paths[] = { w->target, NULL };
	sd_bus_message *rep = NULL;
	int locked = 0;
	enum err e = move_property(w->m, w->target, MOVE_IFACE("Collection"), "Locked b", &rep);

	if (!e && sd_bus_message_read(rep, "b", &locked) >= 0 && locked) {
		move_say(w->m, "it is locked there: answer the question that it asks now");
		e = move_unlock(w->m, paths);
	}
	sd_bus_message_unref(rep);
	return e;
}

static enum err
take_collection(struct writing *w)
{
	bool is_main = span_is(w->msg.collection, "default");
	enum err e = ERR_OK;

	w->target[0] = '\0';
	snprintf(w->id, sizeof w->id, "%.*s", (int)w->msg.collection.len,
	    (const char *)w->msg.collection.p);
	if (is_main)
		e = move_alias(w->m, "default", w->target);
	if (!e && !w->target[0])
		e = find_collection(w);
	w->there = w->target[0];
	if (!e && !w->target[0])
		e = make_collection(w, is_main ? "default" : "");
	if (!e)
		e = open_collection(w);
	if (e)
		w->target[0] = '\0';
	return e;
}

/* ---- items ---- */
static bool
is_same(struct writing *w, const char *item, struct buf *value, struct buf *type)
{
	return has_label(w->m, item, MOVE_IFACE("Item"), w->msg.label) &&
	    !move_secret(w->m, item, value, type) && value->len == w->msg.value.len &&
	    (!value->len || memcmp(value->p, w->msg.value.p, value->len) == 0);
}

/* Is it there already, attributes, label and value? */
static enum err
look(struct writing *w)
{
	struct buf value = BUF_INIT, type = BUF_INIT;
	sd_bus_message *in = NULL, *rep = NULL;
	const char *path;
	int r = 0;
	enum err e = move_new_call(w->m, w->target, MOVE_IFACE("Collection"), "SearchItems", &in);

	w->there = false;
	if (e)
		return e;
	if ((e = append_attributes(w, in))) {
		sd_bus_message_unref(in);
		return e;
	}
	if (!(e = move_call(w->m, in, &rep)))
		r = sd_bus_message_enter_container(rep, 'a', "o");
	while (!e && r >= 0 && !w->there && (r = sd_bus_message_read(rep, "o", &path)) > 0)
		w->there = is_same(w, path, &value, &type);
	sd_bus_message_unref(rep);
	buf_done(&value);
	buf_done(&type);
	return e ? e : r < 0 ? move_error(w->m, r) : ERR_OK;
}

static int
append_label(sd_bus_message *in, struct span label)
{
	struct buf b = BUF_INIT;
	int r;

	buf_put_span(&b, label);
	r = sd_bus_message_append(in, "{sv}", MOVE_IFACE("Item.Label"), "s", buf_cstr(&b));
	buf_done(&b);
	return r;
}

static enum err
append_item(struct writing *w, sd_bus_message *in)
{
	enum err e;
	int r;

	if ((r = sd_bus_message_open_container(in, 'a', "{sv}")) < 0 ||
	    (r = append_label(in, w->msg.label)) < 0 ||
	    (r = sd_bus_message_open_container(in, 'e', "sv")) < 0 ||
	    (r = sd_bus_message_append(in, "s", MOVE_IFACE("Item.Attributes"))) < 0 ||
	    (r = sd_bus_message_open_container(in, 'v', "a{ss}")) < 0)
		return move_error(w->m, r);
	if ((e = append_attributes(w, in)))
		return e;
	if ((r = sd_bus_message_close_container(in)) < 0 ||
	    (r = sd_bus_message_close_container(in)) < 0 ||
	    (r = sd_bus_message_close_container(in)) < 0)
		return move_error(w->m, r);
	return ERR_OK;
}

static enum err
append_secret(struct writing *w, sd_bus_message *in)
{
	struct buf iv = BUF_INIT, value = BUF_INIT, type = BUF_INIT;
	enum err e = transport_seal(&w->m->transport, w->msg.value, &iv, &value);
	int r = 0;

	buf_put_span(&type, w->msg.type.len ? w->msg.type : SPAN_LIT("text/plain"));
	if (!e && !(e = buf_err(&type)) &&
	    ((r = sd_bus_message_open_container(in, 'r', "oayays")) < 0 ||
		(r = sd_bus_message_append(in, "o", w->m->session)) < 0 ||
		(r = sd_bus_message_append_array(in, 'y', iv.p, iv.len)) < 0 ||
		(r = sd_bus_message_append_array(in, 'y', value.p, value.len)) < 0 ||
		(r = sd_bus_message_append(in, "s", buf_cstr(&type))) < 0 ||
		(r = sd_bus_message_close_container(in)) < 0 ||
		(r = sd_bus_message_append(in, "b", 0)) < 0))
		e = move_error(w->m, r);
	buf_done(&iv);
	buf_done(&value);
	buf_done(&type);
	return e;
}

static enum err
make_item(struct writing *w)
{
	sd_bus_message *in = NULL, *rep = NULL;
	const char *path, *prompt;
	enum err e = move_new_call(w->m, w->target, MOVE_IFACE("Collection"), "CreateItem", &in);
	int r;

	if (e)
		return e;
	(void)sd_bus_message_sensitive(in);
	if ((e = append_item(w, in)) || (e = append_secret(w, in))) {
		sd_bus_message_unref(in);
		return e;
	}
	if ((e = move_call(w->m, in, &rep)))
		return e;
	if ((r = sd_bus_message_read(rep, "oo", &path, &prompt)) < 0)
		e = move_error(w->m, r);
	else if (!path[1])
		e = move_prompt(w->m, prompt, NULL);
	if (e == ERR_REFUSED) {
		/* some ask about each item without a question to the person */
		snprintf(w->m->wrong, sizeof w->m->wrong,
		    "it did not take it, or its question was answered with no");
		e = ERR_MOVE_SERVICE;
	}
	sd_bus_message_unref(rep);
	return e;
}

static enum err
take_item(struct writing *w)
{
	enum err e;

	if (!w->target[0] || !span_is(w->msg.collection, w->id))
		return ERR_REFUSED;
	if ((e = look(w)) || w->there)
		return e;
	return make_item(w);
}

/* One that does not go in is no reason to leave the others. */
static enum err
answer(struct writing *w, enum err e)
{
	struct move_msg taken = { .kind = MOVE_TAKEN, .err = e, .there = !e && w->there };

	if (e == ERR_HANGUP || e == ERR_NOMEM || sd_bus_is_ready(w->m->bus) <= 0)
		return e ? e : ERR_MOVE_SERVICE;
	if (e == ERR_MOVE_SERVICE)
		taken.text = span_str(w->m->wrong);
	return move_send(w->m->fd, &taken);
}

enum err
move_out(struct move *m)
{
	struct writing w = { .m = m };
	struct buf frame = BUF_INIT;
	enum err e;

	do {
		if ((e = move_recv(m->fd, -1, &frame, &w.msg)) || w.msg.kind == MOVE_END)
			break;
		w.there = false;
		if (w.msg.kind == MOVE_COLLECTION)
			e = answer(&w, take_collection(&w));
		else
			e = w.msg.kind == MOVE_ITEM ? answer(&w, take_item(&w)) : ERR_FORMAT;
	} while (!e);
	buf_done(&frame);
	return e;
}
