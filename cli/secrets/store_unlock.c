/* store_unlock.c - waiting for the vault to be open: one question for all who wait. */
#include <stdlib.h>

#include "cli/secrets/store_parts.h"
#include "lib/loop.h"

#define DELAY_MIN 500
#define DELAY_MAX 10000

/* Nobody said no, and it may go better next time.  The rest (a blocked PIN, a damaged vault,
 * no window to ask in) is asked for again when somebody new wants it; who waits goes on waiting:
 * another way may open it. */
static bool
may_pass(enum err e)
{
	switch (e) {
	case ERR_TIMEOUT:
	case ERR_TOUCH_TIMEOUT:
	case ERR_TOKEN_ABSENT:
	case ERR_TOKEN_GONE:
	case ERR_TOKEN_IO:
	case ERR_TOKEN_WRONG:
	case ERR_TOKEN_MANY:
	case ERR_BUSY:
	case ERR_LIMIT:
	case ERR_NOMEM:
	case ERR_LOCKED:
	case ERR_PIN_WRONG:
		return true;
	default:
		return false;
	}
}

/* Somebody waits who wants the person to be asked. */
static bool
wanted(const struct store *s)
{
	const struct waiter *w = s->waiters;

	while (w && w->quiet)
		w = w->next;
	return w != NULL;
}

/* All that wait; of a "no" those do not hear that wait for another to ask. */
static struct waiter *
take_waiters(struct store *s, bool refused)
{
	struct waiter *taken = NULL, **last = &taken, **at = &s->waiters;

	while (*at) {
		struct waiter *w = *at;

		if (refused && w->quiet) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = NULL;
		*last = w;
		last = &w->next;
	}
	return taken;
}

void
store_unlock_end(struct store *s, enum err err, const char *text)
{
	struct waiter *all = take_waiters(s, err == ERR_REFUSED);

	s->unlock_at = 0;
	s->delay = 0;
	while (all) {
		struct waiter *w = all;

		all = w->next;
		if (w->then.fn)
			w->then.fn(w->then.arg, err, text, NULL);
		free(w);
	}
}

static void
again_later(struct store *s)
{
	s->delay = s->delay ? s->delay * 2 : DELAY_MIN;
	if (s->delay > DELAY_MAX)
		s->delay = DELAY_MAX;
	s->unlock_at = loop_now() + s->delay;
}

static void
on_unlock(void *arg, enum err status, const char *text, const void *rep)
{
	struct ask *k = arg;
	struct store *s = k->s;
	bool stop = s->stop;

	(void)rep;
	store_ask_free(k);
	s->asking = s->stop = false;
	s->unlocking = 0;
	if (!status) {
		if (s->state == STORE_LOCKED || s->state == STORE_NO_VAULT) {
			store_set_state(s, STORE_READING);
			store_read_all(s);
		}
	} else if (!wanted(s)) {
		s->unlock_at = 0;
	} else if (stop) {
		s->unlock_at = loop_now(); /* who came since wants it */
	} else if (status == ERR_REFUSED || status == ERR_CANCELLED) {
		store_unlock_end(s, ERR_REFUSED, text);
	} else if (status == ERR_NOVAULT) {
		store_set_state(s, STORE_NO_VAULT);
		store_unlock_end(s, ERR_NOVAULT, text);
	} else if (may_pass(status)) {
		again_later(s);
	}
}

static void
ask(struct store *s)
{
	struct ops_unlock q = { .has = 0 };
	struct ask *k = store_ask_new(s);

	s->unlock_at = 0;
	wire_mark(&ops_unlock_map, &q);
	if (!k || store_ask_send(k, OP_UNLOCK, &q, on_unlock)) {
		again_later(s);
		return;
	}
	s->asking = true;
	s->unlocking = k->now;
}

void
store_unlock_turn(struct store *s)
{
	if (!s->waiters)
		return;
	if (s->state == STORE_OPEN)
		store_unlock_end(s, ERR_OK, "");
	else if (wanted(s) && !s->asking &&
	    (s->state == STORE_LOCKED || s->state == STORE_NO_VAULT) && s->unlock_at &&
	    s->unlock_at <= loop_now())
		ask(s);
}

uint64_t
store_unlock_due(const struct store *s)
{
	if (!s->waiters)
		return 0;
	if (s->state == STORE_OPEN)
		return 1;
	return !wanted(s) || s->asking || s->state == STORE_NO_AGENT || s->state == STORE_READING
	    ? 0
	    : s->unlock_at;
}

static enum err
add_waiter(struct store *s, struct store_then then, bool quiet)
{
	struct waiter *w = calloc(1, sizeof *w), **at = &s->waiters;

	if (!w)
		return ERR_NOMEM;
	w->then = then;
	w->quiet = quiet;
	while (*at)
		at = &(*at)->next;
	*at = w;
	return ERR_OK;
}

enum err
store_await(struct store *s, struct store_then then)
{
	return add_waiter(s, then, true);
}

enum err
store_unlock(struct store *s, struct store_then then)
{
	enum err e = add_waiter(s, then, false);

	if (e)
		return e;
	s->unlock_at = loop_now();
	s->delay = 0;
	if (s->state == STORE_NO_AGENT)
		async_hurry(s->async);
	return ERR_OK;
}

void
store_unlock_cancel(struct store *s, void *arg)
{
	for (struct waiter **at = &s->waiters; *at;) {
		struct waiter *w = *at;

		if (w->then.arg != arg) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
	if (!wanted(s) && s->asking && !s->stop) {
		s->stop = true;
		async_cancel(s->async, s->unlocking);
	}
}

void
store_unlock_done(struct store *s)
{
	while (s->waiters) {
		struct waiter *w = s->waiters;

		s->waiters = w->next;
		free(w);
	}
}

/* ---- lock ---- */
static void
on_lock(void *arg, enum err status, const char *text, const void *rep)
{
	struct ask *k = arg;
	struct store *s = k->s;
	struct store_then then = k->then;

	(void)rep;
	store_ask_free(k);
	if (!status && s->state != STORE_NO_VAULT)
		store_set_state(s, STORE_LOCKED);
	if (then.fn)
		then.fn(then.arg, status, text, NULL);
}

enum err
store_lock(struct store *s, struct store_then then)
{
	struct ask *k;

	if (s->state == STORE_NO_AGENT)
		return ERR_NOAGENT;
	if (!(k = store_ask_new(s)))
		return ERR_NOMEM;
	k->then = then;
	return store_ask_send(k, OP_LOCK, NULL, on_lock);
}
