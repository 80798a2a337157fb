/* move_in.c - everything that another Secret Service keeps, as messages of lib/move.h. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/secrets/move.h"
#include "lib/text.h"

#define ITEMS_MAX 100000
#define SHOWN	  200 /* of a label that cannot be kept */

struct reading {
	struct move *m;
	char main[MOVE_PATH]; /* the collection that programs use if they name none */
	char collection[65];  /* its id here */
	bool again;	      /* after the person was asked to unlock */
	char **locked;	      /* items that have to be asked for by themselves */
	size_t nlocked;
};

/* What is around a secret; borrows from the reply. */
struct about {
	const char *label;
	bool locked;
	uint64_t created;
	struct ops_pair pair[OPS_ENTRY_ATTRS];
	size_t n;
	char **items;	 /* of a collection; ours */
	const char *why; /* it cannot be kept */
};

/* ---- properties ---- */
static int
by_name(const void *x, const void *y)
{
	const struct ops_pair *a = x, *b = y;
	int d = memcmp(a->name.p, b->name.p, a->name.len < b->name.len ? a->name.len : b->name.len);

	return d ? d : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static int
read_attributes(sd_bus_message *s, struct about *a)
{
	const char *name, *value;
	int r = sd_bus_message_enter_container(s, 'a', "{ss}");

	while (r >= 0 && (r = sd_bus_message_read(s, "{ss}", &name, &value)) > 0) {
		struct ops_pair p = { .name = span_str(name), .value = span_str(value) };

		if (a->n == OPS_ENTRY_ATTRS)
			a->why = "it has more than 48 attributes";
		else if (p.name.len > OPS_ENTRY_NAME || p.value.len > OPS_ENTRY_VALUE)
			a->why = "an attribute of it is too long: 200 bytes are for the name, "
				 "4096 for what it says";
		else {
			wire_mark(&ops_pair_map, &p);
			a->pair[a->n++] = p;
		}
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(s);
	qsort(a->pair, a->n, sizeof *a->pair, by_name);
	return r;
}

static int
read_items(sd_bus_message *s, struct about *a)
{
	int r;

	free(a->items);
	a->items = NULL;
	if ((r = sd_bus_message_enter_container(s, 'v', "ao")) < 0 ||
	    (r = sd_bus_message_read_strv(s, &a->items)) < 0)
		return r;
	return sd_bus_message_exit_container(s);
}

static int
read_one(sd_bus_message *s, const char *name, struct about *a)
{
	int locked, r;

	if (strcmp(name, "Label") == 0)
		return sd_bus_message_read(s, "v", "s", &a->label);
	if (strcmp(name, "Created") == 0)
		return sd_bus_message_read(s, "v", "t", &a->created);
	if (strcmp(name, "Locked") == 0) {
		r = sd_bus_message_read(s, "v", "b", &locked);
		a->locked = r >= 0 && locked;
		return r;
	}
	if (strcmp(name, "Items") == 0)
		return read_items(s, a);
	if (strcmp(name, "Attributes") != 0)
		return sd_bus_message_skip(s, "v");
	if ((r = sd_bus_message_enter_container(s, 'v', "a{ss}")) < 0 ||
	    (r = read_attributes(s, a)) < 0)
		return r;
	return sd_bus_message_exit_container(s);
}

/* *rep holds what a borrows. */
static enum err
read_about(
    struct move *m, const char *path, const char *iface, struct about *a, sd_bus_message **rep)
{
	sd_bus_message *in = NULL;
	const char *name;
	enum err e;
	int r;

	*rep = NULL;
	*a = (struct about){ .label = "" };
	if ((e = move_new_call(m, path, "org.freedesktop.DBus.Properties", "GetAll", &in)))
		return e;
	if ((r = sd_bus_message_append(in, "s", iface)) < 0) {
		sd_bus_message_unref(in);
		return move_error(m, r);
	}
	if ((e = move_call(m, in, rep)))
		return e;
	r = sd_bus_message_enter_container(*rep, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(*rep, 'e', "sv")) > 0)
		if ((r = sd_bus_message_read(*rep, "s", &name)) < 0 ||
		    (r = read_one(*rep, name, a)) < 0 ||
		    (r = sd_bus_message_exit_container(*rep)) < 0)
			break;
	return r < 0 ? move_error(m, r) : ERR_OK;
}

static void
free_all(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static size_t
count(char **list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* ---- messages ---- */
/* label: as the service says it, so that it may be long and have any characters. */
static enum err
refuse(struct reading *r, const char *label, const char *why, size_t n)
{
	struct move_msg msg = { .kind = MOVE_REFUSED,
		.collection = span_str(r->collection),
		.text = span_str(why),
		.count = n };
	struct buf shown = BUF_INIT;
	enum err e;

	text_printable(SPAN((const uint8_t *)label, strnlen(label, SHOWN)), &shown);
	msg.label = buf_span(&shown);
	if (!(e = buf_err(&shown)))
		e = move_send(r->m->fd, &msg);
	buf_done(&shown);
	return e;
}

/* The next try may find it open; else it is named. */
static enum err
put_aside(struct reading *r, const char *path, const struct about *a)
{
	char **more;

	if (r->again)
		return refuse(r, a->label, "it stayed locked", 1);
	if (!(more = realloc(r->locked, (r->nlocked + 2) * sizeof *more)))
		return ERR_NOMEM;
	r->locked = more;
	if (!(more[r->nlocked] = strdup(path)))
		return ERR_NOMEM;
	more[++r->nlocked] = NULL;
	return ERR_OK;
}

static enum err
send_item(struct reading *r, const struct about *a, struct span value, struct span type)
{
	struct move_msg msg = { .kind = MOVE_ITEM,
		.collection = span_str(r->collection),
		.label = span_str(a->label),
		.type = type,
		.value = value,
		.created = a->created };
	enum err e;

	msg.attributes = (struct wire_list){ .v = a->n ? a->pair : NULL, .n = a->n };
	e = move_send(r->m->fd, &msg);
	if (e == ERR_HANGUP || e == ERR_NOMEM || !e)
		return e;
	return refuse(r, a->label,
	    "its label, or an attribute, has characters or a length that cannot be kept", 1);
}

static enum err
read_value(struct reading *r, const char *path, const struct about *a)
{
	struct buf value = BUF_INIT, type = BUF_INIT;
	enum err e = move_secret(r->m, path, &value, &type);

	if (e == ERR_LOCKED)
		e = put_aside(r, path, a);
	else if (e == ERR_TOOBIG)
		e = refuse(r, a->label, "it is longer than 128 KiB", 1);
	else if (e == ERR_FORMAT)
		e = refuse(r, a->label, "its secret came damaged", 1);
	else if (e && e != ERR_NOMEM && sd_bus_is_ready(r->m->bus) > 0)
		e = refuse(r, a->label, r->m->wrong, 1);
	else if (!e)
		e = send_item(r, a, buf_span(&value), buf_span(&type));
	buf_done(&value);
	buf_done(&type);
	return e;
}

static enum err
read_item(struct reading *r, const char *path)
{
	static struct about a;
	sd_bus_message *rep = NULL;
	enum err e = read_about(r->m, path, MOVE_IFACE("Item"), &a, &rep);

	if (e == ERR_NOTFOUND)
		e = ERR_OK; /* removed since */
	else if (!e && a.why)
		e = refuse(r, a.label, a.why, 1);
	else if (!e)
		e = a.locked ? put_aside(r, path, &a) : read_value(r, path, &a);
	else if (e == ERR_MOVE_SERVICE && sd_bus_is_ready(r->m->bus) > 0)
		e = refuse(r, "", r->m->wrong, 1);
	free_all(a.items);
	sd_bus_message_unref(rep);
	return e;
}

/* Some services ask for each item, or for all that a program wants at once. */
static enum err
read_locked(struct reading *r)
{
	enum err e;

	if (!r->nlocked)
		return ERR_OK;
	move_say(
	    r->m, "%zu items are locked by themselves: allow it where it is asked now", r->nlocked);
	e = move_unlock(r->m, r->locked);
	r->again = true;
	if (e == ERR_REFUSED || e == ERR_MOVE_SERVICE)
		e = ERR_OK;
	for (size_t i = 0; i < r->nlocked && !e; i++)
		e = read_item(r, r->locked[i]);
	free_all(r->locked);
	r->locked = NULL;
	r->nlocked = 0;
	r->again = false;
	return e;
}

/* ---- collections ---- */
static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Parts of object paths are letters, digits and "_", as our ids. */
static void
name_collection(struct reading *r, const char *path)
{
	const char *last = last_part(path);

	if (strcmp(path, r->main) == 0)
		last = "default";
	else if (strcmp(last, "default") == 0 || strcmp(last, "login") == 0)
		last = strcmp(last, "login") == 0 ? "login_2" : "default_2";
	snprintf(r->collection, sizeof r->collection, "%.64s", last);
}

static enum err
read_collection(struct reading *r, const char *path)
{
	struct move_msg msg = { .kind = MOVE_COLLECTION };
	sd_bus_message *rep = NULL;
	static struct about a;
	char why[80];
	enum err e;

	name_collection(r, path);
	if ((e = read_about(r->m, path, MOVE_IFACE("Collection"), &a, &rep)))
		goto out;
	if (a.locked) {
		snprintf(why, sizeof why, "it stayed locked, with %zu items", count(a.items));
		e = refuse(r, a.label, why, count(a.items) ? count(a.items) : 1);
		goto out;
	}
	msg.collection = span_str(r->collection);
	msg.label = span_str(a.label);
	msg.created = a.created;
	if ((e = move_send(r->m->fd, &msg)) && e != ERR_HANGUP) {
		msg.label = span_str(r->collection);
		e = move_send(r->m->fd, &msg);
	}
	for (size_t i = 0; a.items && a.items[i] && !e; i++)
		e = i < ITEMS_MAX ? read_item(r, a.items[i]) : ERR_TOOBIG;
	if (!e)
		e = read_locked(r);
out:
	free_all(a.items);
	a.items = NULL;
	sd_bus_message_unref(rep);
	return e;
}

/* Programs put into "session" what is to be forgotten when the session ends. */
static bool
is_volatile(const char *path)
{
	return strcmp(path, MOVE_ROOT "/collection/session") == 0;
}

static enum err
list_collections(struct reading *r, char ***out)
{
	sd_bus_message *rep = NULL;
	enum err e = move_property(r->m, MOVE_ROOT, MOVE_IFACE("Service"), "Collections ao", &rep);
	int n;

	if (!e && (n = sd_bus_message_read_strv(rep, out)) < 0)
		e = move_error(r->m, n);
	sd_bus_message_unref(rep);
	return e;
}

/* All of them with one question, where there is any. */
static enum err
open_collections(struct reading *r, char **all)
{
	char **closed = calloc(count(all) + 1, sizeof *closed);
	sd_bus_message *rep = NULL;
	size_t n = 0;
	int locked;
	enum err e = closed ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; all && all[i] && !e; i++) {
		locked = 0;
		e = move_property(r->m, all[i], MOVE_IFACE("Collection"), "Locked b", &rep);
		if (!e && sd_bus_message_read(rep, "b", &locked) >= 0 && locked)
			closed[n++] = all[i];
		rep = sd_bus_message_unref(rep);
	}
	if (!e && n) {
		move_say(r->m,
		    "%zu of its collections are locked: answer the question that it asks now "
		    "(the password of your keyring, or of the login); Ctrl-C gives up",
		    n);
		e = move_unlock(r->m, closed);
	}
	free(closed);
	return e == ERR_REFUSED ? ERR_OK : e;
}

enum err
move_in(struct move *m)
{
	struct reading r = { .m = m };
	char **all = NULL;
	enum err e;

	if (!(e = move_alias(m, "default", r.main)) && !r.main[0])
		e = move_alias(m, "login", r.main);
	if (!e && !(e = list_collections(&r, &all)))
		e = open_collections(&r, all);
	for (size_t i = 0; all && all[i] && !e; i++)
		if (!is_volatile(all[i]))
			e = read_collection(&r, all[i]);
	free_all(all);
	free_all(r.locked);
	return e;
}
