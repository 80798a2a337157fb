/* store.c - the entries of the open vault: what state it is in, questions, and changes. */
#include "cli/secrets/store.h"

#include <stdlib.h>

#include "cli/secrets/peer.h"
#include "cli/secrets/store_parts.h"
#include "lib/loop.h"

#define MAIN "default"

/* ---- requests ---- */
struct ask *
store_ask_new(struct store *s)
{
	struct ask *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->s = s;
	k->at = &s->asks;
	if ((k->next = s->asks))
		k->next->at = &k->next;
	s->asks = k;
	return k;
}

void
store_ask_free(struct ask *k)
{
	*k->at = k->next;
	if (k->next)
		k->next->at = k->at;
	store_values_free(k);
	free(k);
}

enum err
store_ask_send(struct ask *k, enum op op, const void *req, async_reply_fn *fn)
{
	struct async_then then = { fn, k };
	enum err e = async_call(k->s->async, op, req, then, &k->now);

	if (e)
		store_ask_free(k);
	else if (!k->call)
		k->call = k->now;
	return e;
}

void
store_who(const struct peer *who, struct ops_who *out)
{
	*out = (struct ops_who){ .has = 0 };
	if (!who)
		return;
	out->pid = who->pid > 0 ? (uint64_t)who->pid : 0;
	out->app = span_str(who->app);
	out->vouched = who->vouched;
}

enum err
store_check_open(const struct store *s)
{
	if (s->state == STORE_NO_AGENT)
		return ERR_NOAGENT;
	return s->state == STORE_OPEN ? ERR_OK : ERR_LOCKED;
}

void
store_cancel(struct store *s, uint64_t call)
{
	for (const struct ask *k = s->asks; k; k = k->next)
		if (call && k->call == call)
			async_cancel(s->async, k->now);
}

/* ---- states ---- */
void
store_set_state(struct store *s, enum store_state now)
{
	if (s->state == now)
		return;
	s->state = now;
	if (now != STORE_OPEN) {
		index_free(s->open);
		s->open = NULL;
	}
	if (now != STORE_OPEN && now != STORE_READING)
		store_read_stop(s);
	if (s->hooks.state)
		s->hooks.state(s->arg, now);
}

void
store_tell(struct store *s, enum store_change what, const struct entry *e)
{
	if (s->hooks.change)
		s->hooks.change(s->arg, what, e);
}

static void
on_status(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_status_rep *st = rep;
	struct ask *k = arg;
	struct store *s = k->s;

	(void)text;
	store_ask_free(k);
	if (!status && s->state == STORE_LOCKED && st->locked && !st->vault)
		store_set_state(s, STORE_NO_VAULT);
}

static void
on_up(void *arg, const struct ops_hello_rep *hello)
{
	struct store *s = arg;
	struct ask *k;

	s->unlock_at = s->waiters ? loop_now() : 0;
	s->delay = 0;
	if (!hello->locked) {
		store_set_state(s, STORE_READING);
		store_read_all(s);
		return;
	}
	store_set_state(s, STORE_LOCKED);
	if ((k = store_ask_new(s)) && store_ask_send(k, OP_STATUS, NULL, on_status))
		return; /* whether there is a vault, unlocking will tell, too */
}

static void
on_down(void *arg)
{
	struct store *s = arg;

	store_set_state(s, STORE_NO_AGENT);
}

/* Ids are the agent's; our callers know theirs. */
static void
pass_on(struct store *s, const struct ops_event *ev)
{
	struct ops_event theirs = *ev;

	if (!s->hooks.event)
		return;
	for (const struct ask *k = s->asks; k && ev->request; k = k->next)
		if (k->now == ev->request)
			theirs.request = k->call;
	if (ev->request && ev->request == s->unlocking)
		theirs.request = 0;
	s->hooks.event(s->arg, &theirs);
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	struct store *s = arg;

	if (ev->kind == OPS_EV_LOCKED && s->state != STORE_NO_VAULT)
		store_set_state(s, STORE_LOCKED);
	if (ev->kind == OPS_EV_UNLOCKED && s->state != STORE_OPEN && s->state != STORE_READING) {
		store_set_state(s, STORE_READING);
		store_read_all(s);
	}
	if (ev->kind == OPS_EV_CHANGED)
		store_heard(s, ev->change);
	pass_on(s, ev);
}

/* ---- questions ---- */
const struct entry *
store_find(const struct store *s, const uint8_t id[16])
{
	return s->open ? index_find(s->open, id) : NULL;
}

const struct entry *
store_collection(const struct store *s, struct span id)
{
	const struct entry *e = s->open ? index_collection(s->open, id) : NULL;

	return !e && s->open && span_is(id, MAIN) ? &s->fallback : e;
}

void
store_search(const struct store *s, const struct store_query *q, store_each_fn *fn, void *arg)
{
	if (s->open)
		index_search(s->open, q, fn, arg);
}

void
store_collections(const struct store *s, store_each_fn *fn, void *arg)
{
	if (!s->open)
		return;
	if (!index_collection(s->open, SPAN_LIT(MAIN)) && !fn(arg, &s->fallback))
		return;
	index_collections(s->open, fn, arg);
}

size_t
store_count(const struct store *s)
{
	return s->open ? index_count(s->open) : 0;
}

enum store_state
store_state(const struct store *s)
{
	return s->state;
}

struct async *
store_async(struct store *s)
{
	return s->async;
}

/* ---- the loop ---- */
int
store_fd(const struct store *s)
{
	return async_fd(s->async);
}

short
store_events(const struct store *s)
{
	return async_events(s->async);
}

static int
sooner(int ms, uint64_t at)
{
	uint64_t now = loop_now();
	int left = at > now ? (int)(at - now) : 0;

	return at && (ms < 0 || left < ms) ? left : ms;
}

int
store_timeout(const struct store *s)
{
	int ms = sooner(async_timeout(s->async), s->read_at);

	return sooner(ms, store_unlock_due(s));
}

void
store_run(struct store *s)
{
	async_run(s->async);
	if (s->read_at && s->read_at <= loop_now() &&
	    (s->state == STORE_READING || s->state == STORE_OPEN))
		store_read_all(s);
	store_unlock_turn(s);
}

/* ---- beginning and end ---- */
/* What the agent may need to ask a person: the screen that applications are on. */
static struct ops_hello
our_hello(void)
{
	return (struct ops_hello){ .client = SPAN_LIT("ownkey-secrets " OWNKEY_VERSION),
		.display = span_str(getenv("DISPLAY")),
		.wayland = span_str(getenv("WAYLAND_DISPLAY")),
		.xauthority = span_str(getenv("XAUTHORITY")),
		.bus = span_str(getenv("DBUS_SESSION_BUS_ADDRESS")),
		.lang = span_str(getenv("LANG")) };
}

enum err
store_new(struct store **out, const struct store_hooks *hooks, void *arg)
{
	static const struct async_hooks ours = { on_up, on_down, on_event };
	struct store *s = calloc(1, sizeof *s);
	struct ops_hello hello = our_hello();
	enum err e;

	if (!s)
		return ERR_NOMEM;
	if ((e = async_new(&s->async, &hello, &ours, s))) {
		free(s);
		return e;
	}
	s->hooks = *hooks;
	s->arg = arg;
	s->fallback = (struct entry){ .kind = OPS_ENTRY_COLLECTION,
		.collection = SPAN_LIT(MAIN),
		.label = SPAN_LIT("Login") };
	*out = s;
	return ERR_OK;
}

void
store_done(struct store *s)
{
	if (!s)
		return;
	async_done(s->async);
	store_read_stop(s);
	while (s->asks)
		store_ask_free(s->asks);
	store_unlock_done(s);
	index_free(s->open);
	free(s);
}
