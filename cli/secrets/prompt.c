#include "cli/secrets/prompt.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/secrets/collection.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/starter.h"
#include "cli/secrets/volatile.h"

enum prompt_kind { PROMPT_UNLOCK, PROMPT_DELETE, PROMPT_CREATE };
enum prompt_state {
	PROMPT_NEW,	/* Prompt() was not called */
	PROMPT_OPENING, /* store_unlock is under way */
	PROMPT_ASKING,	/* a request of the store is */
	PROMPT_REFUSED, /* the person said no to its items: prompt_retry */
	PROMPT_OVER	/* ... and its answer is for nobody */
};

struct prompt {
	struct secrets *s;
	struct peer *peer; /* NULL when it is over */
	uint64_t number, request;
	enum prompt_kind kind;
	enum prompt_state state;
	struct buf text; /* paths, each with its NUL; or a label */
	size_t npaths;
	uint8_t (*ids)[16]; /* that are asked for */
	size_t nids;
	struct prompt *next;
};

static struct prompt *
find(const struct secrets *s, uint64_t number)
{
	struct prompt *p = s->prompts;

	while (p && (p->number != number || p->state == PROMPT_OVER))
		p = p->next;
	return p;
}

bool
prompt_is(const struct secrets *s, uint64_t number)
{
	return find(s, number) != NULL;
}

static enum err
make(struct secrets *s, struct peer *peer, enum prompt_kind kind, struct prompt **out)
{
	struct prompt *p;

	if (peer->prompts >= SECRETS_PROMPTS)
		return ERR_LIMIT;
	p = calloc(1, sizeof *p);
	if (!p)
		return ERR_NOMEM;
	*p = (struct prompt){
		.s = s, .peer = peer, .number = ++s->last_prompt, .kind = kind, .next = s->prompts
	};
	s->prompts = p;
	peer->prompts++;
	*out = p;
	return ERR_OK;
}

static void
release(struct prompt *p)
{
	struct prompt **at = &p->s->prompts;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->peer)
		p->peer->prompts--;
	buf_done(&p->text);
	free(p->ids);
	free(p);
}

/* The object is gone; what is under way is called off, and its answer awaited. */
static void
end(struct prompt *p)
{
	struct store *store = p->s->store;

	if (p->state == PROMPT_OPENING)
		store_unlock_cancel(store, p);
	if (p->state != PROMPT_ASKING) {
		release(p);
		return;
	}
	p->state = PROMPT_OVER;
	p->peer->prompts--;
	p->peer = NULL;
	store_cancel(store, p->request);
}

void
prompt_peer_gone(struct secrets *s, const struct peer *peer)
{
	struct prompt *p, *next;

	for (p = s->prompts; p; p = next) {
		next = p->next;
		if (p->peer == peer)
			end(p);
	}
}

void
prompt_clear(struct secrets *s)
{
	while (s->prompts)
		release(s->prompts);
}

/* ---- Completed(b, v) ---- */
static const char *
next_path(const struct prompt *p, const char *path)
{
	path = path ? path + strlen(path) + 1 : (const char *)p->text.p;
	return path < (const char *)p->text.p + p->text.len ? path : NULL;
}

/* Is it open, for this client? */
static bool
is_open(const struct prompt *p, const char *path)
{
	const struct entry *e;
	struct objpath o;

	objpath_parse(path, &o);
	if (o.kind == OBJPATH_COLLECTION)
		return !object_collection(p->s, &o, &e);
	return !object_entry(p->s, &o, &e) && kept_has(p->s, p->peer, e->id);
}

static int
append_opened(const struct prompt *p, sd_bus_message *m, bool dismissed)
{
	int r;

	if ((r = sd_bus_message_open_container(m, 'v', "ao")) < 0 ||
	    (r = sd_bus_message_open_container(m, 'a', "o")) < 0)
		return r;
	for (const char *path = NULL; !dismissed && (path = next_path(p, path));)
		if (is_open(p, path) && (r = sd_bus_message_append(m, "o", path)) < 0)
			return r;
	if ((r = sd_bus_message_close_container(m)) < 0)
		return r;
	return sd_bus_message_close_container(m);
}

/* To its client alone: which items it has is nobody else's business. */
static int
send_completed(const struct prompt *p, bool dismissed, const char *result)
{
	sd_bus_message *m = NULL;
	char path[OBJPATH_MOST];
	int r;

	objpath_numbered(OBJPATH_PROMPT, p->number, path);
	if ((r = sd_bus_message_new_signal(p->s->bus, &m, path, IFACE_PROMPT, "Completed")) >= 0 &&
	    (r = sd_bus_message_set_destination(m, p->peer->name)) >= 0 &&
	    (r = sd_bus_message_append(m, "b", dismissed)) >= 0)
		r = p->kind == PROMPT_UNLOCK ? append_opened(p, m, dismissed)
					     : sd_bus_message_append(m, "v", "o", result);
	if (r >= 0)
		r = sd_bus_send(NULL, m, NULL);
	sd_bus_message_unref(m);
	return r;
}

static void
complete(struct prompt *p, bool dismissed, const char *result)
{
	if (p->state != PROMPT_OVER)
		(void)send_completed(p, dismissed, result);
	release(p);
}

/* ---- once it is open ---- */
static void proceed(struct prompt *p);

/* Nobody said no: it was locked again, or nobody was there to answer. */
static bool
goes_on(const struct prompt *p, enum err e)
{
	return p->state != PROMPT_OVER &&
	    (e == ERR_LOCKED || e == ERR_NOAGENT || e == ERR_HANGUP || e == ERR_TIMEOUT ||
		e == ERR_TOUCH_TIMEOUT);
}

/* No, for now or for good: a client that hears it throws away what it cannot open (prompt.h). */
static bool
is_no(enum err e)
{
	return e == ERR_REFUSED || e == ERR_CANCELLED || e == ERR_DENIED || e == ERR_PERMISSION ||
	    e == ERR_NOPROMPT || e == ERR_LIMIT;
}

/* Asked again: those that were refused, of all or of one application. */
static void
retry(struct secrets *s, const char *app)
{
	struct prompt *p, *next;

	for (p = s->prompts; p; p = next) {
		next = p->next;
		if (p->state == PROMPT_REFUSED && (!app || !strcmp(p->peer->app, app)))
			proceed(p);
	}
}

void
prompt_opened(struct secrets *s)
{
	retry(s, NULL);
}

void
prompt_entry_changed(struct secrets *s, const struct entry *e)
{
	struct prompt *p, *next;
	size_t i;

	for (p = s->prompts; p; p = next) {
		next = p->next;
		for (i = 0; i < p->nids && memcmp(p->ids[i], e->id, 16) != 0; i++)
			;
		if (p->state == PROMPT_REFUSED && i < p->nids)
			proceed(p);
	}
}

/* What one process of an application was given, another one that still waits may have, too. */
static void
settle(struct prompt *p, bool good)
{
	struct secrets *s = p->s;
	char app[OPS_ENTRY_APP + 1] = "";

	if (good && p->state != PROMPT_OVER)
		snprintf(app, sizeof app, "%s", p->peer->app);
	complete(p, !good, "/");
	if (app[0])
		retry(s, app);
}

static void
got_values(void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n)
{
	struct prompt *p = arg;
	bool any = false;
	enum err e = err || !n ? err : (enum err)v[0].err;

	(void)text;
	for (size_t i = 0; p->state != PROMPT_OVER && !err && i < n; i++) {
		if (v[i].err)
			continue;
		object_given(p->s, p->peer, p->ids[i]);
		any = true;
	}
	if (!any && goes_on(p, e))
		proceed(p);
	else if (!any && is_no(e) && p->state != PROMPT_OVER)
		p->state = PROMPT_REFUSED;
	else
		settle(p, any || e == ERR_NOTFOUND);
}

/* The items that this client was given no value of yet. */
static enum err
collect_ids(struct prompt *p)
{
	const struct entry *e;
	struct objpath o;

	p->nids = 0;
	free(p->ids);
	p->ids = calloc(p->npaths + 1, sizeof *p->ids);
	if (!p->ids)
		return ERR_NOMEM;
	for (const char *path = NULL; (path = next_path(p, path));) {
		objpath_parse(path, &o);
		if (o.kind == OBJPATH_COLLECTION || object_entry(p->s, &o, &e) ||
		    kept_has(p->s, p->peer, e->id))
			continue;
		memcpy(p->ids[p->nids++], e->id, 16);
	}
	return ERR_OK;
}

/* The person is asked about these items here, where the client has no limit of time; more than one
 * request holds are asked about when their values are wanted. */
static enum err
ask_items(struct prompt *p)
{
	enum err e = collect_ids(p);
	size_t n = p->nids;

	if (e || !n) {
		complete(p, e != ERR_OK, "/");
		return ERR_OK;
	}
	return store_get(p->s->store, p->peer,
	    call_ids(p->ids, n < OPS_ENTRY_IDS ? n : OPS_ENTRY_IDS),
	    (struct store_values_then){ got_values, p }, &p->request);
}

static void
was_done(void *arg, enum err err, const char *text, const struct entry *e)
{
	struct prompt *p = arg;
	char path[OBJPATH_MOST] = "/";

	(void)text;
	if (!err && e && p->kind == PROMPT_CREATE)
		objpath_collection(e->collection, path);
	if (goes_on(p, err))
		proceed(p);
	else
		complete(p, err && err != ERR_NOTFOUND, path);
}

static enum err
remove_object(struct prompt *p)
{
	const struct entry *entry;
	struct objpath o;
	enum err e;

	objpath_parse((const char *)p->text.p, &o);
	e = o.kind == OBJPATH_COLLECTION ? object_collection(p->s, &o, &entry)
					 : object_entry(p->s, &o, &entry);
	if (e) {
		complete(p, e != ERR_NOTFOUND, "/");
		return ERR_OK;
	}
	return store_remove(
	    p->s->store, p->peer, entry->id, (struct store_then){ was_done, p }, &p->request);
}

static enum err
create_collection(struct prompt *p)
{
	char id[OBJPATH_ID + 1];
	struct store_set set = {
		.kind = OPS_ENTRY_COLLECTION, .label = buf_span(&p->text), .has_label = true
	};

	collection_new_id(p->s, buf_span(&p->text), id);
	set.collection = span_str(id);
	return store_put(
	    p->s->store, p->peer, &set, (struct store_then){ was_done, p }, &p->request);
}

static void
opened(void *arg, enum err err, const char *text, const struct entry *entry)
{
	struct prompt *p = arg;

	(void)text;
	(void)entry;
	/* no means not now: a client that hears it throws away what it cannot open (prompt.h) */
	if (err == ERR_REFUSED && p->kind == PROMPT_UNLOCK &&
	    !store_await(p->s->store, (struct store_then){ opened, p }))
		return;
	p->state = PROMPT_NEW; /* nothing is under way */
	if (err)
		complete(p, true, "/");
	else
		proceed(p);
}

/* Open it, or do what is to be done when it is. */
static void
proceed(struct prompt *p)
{
	enum err e = secrets_open(p->s);

	p->state = PROMPT_ASKING;
	if (!e && p->kind == PROMPT_UNLOCK)
		e = ask_items(p);
	else if (!e)
		e = p->kind == PROMPT_DELETE ? remove_object(p) : create_collection(p);
	if (e == ERR_LOCKED || e == ERR_NOAGENT) {
		p->state = PROMPT_OPENING;
		e = store_unlock(p->s->store, (struct store_then){ opened, p });
	}
	if (e)
		complete(p, true, "/");
}

/* ---- methods ---- */
static enum err
mine(struct secrets *s, sd_bus_message *m, struct prompt **out)
{
	struct objpath o;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);

	if (e)
		return e;
	objpath_parse(sd_bus_message_get_path(m), &o);
	*out = find(s, o.number);
	if (!*out)
		return ERR_NOTFOUND;
	return (*out)->peer == peer ? ERR_OK : ERR_PERMISSION;
}

static int
on_prompt(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct prompt *p;
	enum err e = mine(s, m, &p);
	int r;

	if (e)
		return fail(error, e, NULL);
	if (p->state != PROMPT_NEW && p->state != PROMPT_REFUSED)
		return fail(error, ERR_BUSY, NULL);
	if ((r = sd_bus_reply_method_return(m, "")) < 0)
		return r;
	starter_wake(s);
	proceed(p);
	return 1;
}

static int
on_dismiss(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct prompt *p;
	enum err e = mine(arg, m, &p);
	int r;

	if (e)
		return fail(error, e, NULL);
	r = sd_bus_reply_method_return(m, "");
	(void)send_completed(p, true, "/");
	end(p);
	return r;
}

/* clang-format off */
const sd_bus_vtable prompt_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Prompt", SD_BUS_ARGS("s", window_id), SD_BUS_NO_RESULT,
	    on_prompt, 0),
	SD_BUS_METHOD("Dismiss", "", "", on_dismiss, 0),
	SD_BUS_SIGNAL_WITH_ARGS("Completed", SD_BUS_ARGS("b", dismissed, "v", result), 0),
	SD_BUS_VTABLE_END
};
/* clang-format on */

/* ---- making them ---- */
int
prompt_reply_delete(struct secrets *s, sd_bus_message *m, struct peer *peer, sd_bus_error *error)
{
	char path[OBJPATH_MOST];
	const char *what = sd_bus_message_get_path(m);
	struct prompt *p;
	enum err e = make(s, peer, PROMPT_DELETE, &p);

	if (e)
		return fail(error, e, NULL);
	buf_put(&p->text, what, strlen(what) + 1);
	if ((e = buf_err(&p->text))) {
		release(p);
		return fail(error, e, NULL);
	}
	objpath_numbered(OBJPATH_PROMPT, p->number, path);
	return sd_bus_reply_method_return(m, "o", path);
}

int
prompt_reply_create(
    struct secrets *s, sd_bus_message *m, struct peer *peer, struct span label, sd_bus_error *error)
{
	char path[OBJPATH_MOST];
	struct prompt *p;
	enum err e = make(s, peer, PROMPT_CREATE, &p);

	if (e)
		return fail(error, e, NULL);
	buf_put_span(&p->text, label);
	if ((e = buf_err(&p->text))) {
		release(p);
		return fail(error, e, NULL);
	}
	objpath_numbered(OBJPATH_PROMPT, p->number, path);
	return sd_bus_reply_method_return(m, "oo", "/", path);
}

/* ---- Unlock ---- */
enum verdict { LEAVE_OUT, OPEN, CLOSED };

static enum verdict
judge(const struct secrets *s, const struct peer *peer, const char *path)
{
	const struct entry *entry;
	struct objpath o;
	enum err e;

	objpath_parse(path, &o);
	if (o.kind == OBJPATH_VOLATILE)
		return OPEN;
	if (o.kind == OBJPATH_VOLATILE_ITEM)
		return volatile_find(s, o.number) ? OPEN : LEAVE_OUT;
	e = o.kind == OBJPATH_COLLECTION ? object_collection(s, &o, &entry)
					 : object_entry(s, &o, &entry);
	if (e)
		return e == ERR_NOTFOUND ? LEAVE_OUT : CLOSED;
	return o.kind == OBJPATH_COLLECTION || kept_has(s, peer, entry->id) ? OPEN : CLOSED;
}

/* Appends what is open to the reply, and the rest to a prompt that it makes when there is one. */
static enum err
sort_paths(struct secrets *s, struct peer *peer, sd_bus_message *m, sd_bus_message *reply,
    struct prompt **p)
{
	const char *path;
	size_t n = 0;
	enum verdict v;
	enum err e = ERR_OK;
	int r;

	while (!e && (r = sd_bus_message_read(m, "o", &path)) != 0) {
		if (r < 0 || ++n > SECRETS_PATHS)
			return r < 0 ? ERR_FORMAT : ERR_TOOBIG;
		v = judge(s, peer, path);
		if (v == OPEN && sd_bus_message_append(reply, "o", path) < 0)
			return ERR_NOMEM;
		if (v != CLOSED)
			continue;
		if (secrets_open(s) == ERR_NOVAULT)
			return ERR_NOVAULT;
		if (!*p && (e = make(s, peer, PROMPT_UNLOCK, p)))
			return e;
		buf_put(&(*p)->text, path, strlen(path) + 1);
		(*p)->npaths++;
		e = buf_err(&(*p)->text);
	}
	return e;
}

static enum err
unlock(struct secrets *s, struct peer *peer, sd_bus_message *m, sd_bus_message *reply)
{
	char path[OBJPATH_MOST] = "/";
	struct prompt *p = NULL;
	enum err e;

	if (sd_bus_message_enter_container(m, 'a', "o") < 0 ||
	    sd_bus_message_open_container(reply, 'a', "o") < 0)
		return ERR_FORMAT;
	e = sort_paths(s, peer, m, reply, &p);
	if (!e && p)
		objpath_numbered(OBJPATH_PROMPT, p->number, path);
	if (!e &&
	    (sd_bus_message_close_container(reply) < 0 ||
		sd_bus_message_append(reply, "o", path) < 0 || sd_bus_send(NULL, reply, NULL) < 0))
		e = ERR_NOMEM;
	if (e && p)
		release(p);
	return e;
}

int
prompt_on_unlock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	sd_bus_message *reply = NULL;
	struct peer *peer;
	enum err e;

	if (!(e = peers_of(s->peers, m, &peer)) && sd_bus_message_new_method_return(m, &reply) < 0)
		e = ERR_NOMEM;
	if (!e)
		e = unlock(s, peer, m, reply);
	sd_bus_message_unref(reply);
	return e ? fail(error, e, NULL) : 1;
}
