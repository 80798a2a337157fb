/* store_get.c - values: fetched for one question, handed over, wiped. */
#include <stdlib.h>

#include "cli/secrets/store_parts.h"

#define HELD_MAX (16u * 1024 * 1024) /* bytes for one question; the rest is ERR_TOOBIG */

struct held_value {
	uint8_t id[16];
	struct buf value, type;
	enum err err;
};

void
store_values_free(struct ask *k)
{
	for (size_t i = 0; k->held && i < k->n; i++) {
		buf_done(&k->held[i].value);
		buf_done(&k->held[i].type);
	}
	free(k->held);
	k->held = NULL;
}

/* ---- the end ---- */
static void
finish(struct ask *k, enum err err, const char *text)
{
	struct ops_entry_value *v = err ? NULL : calloc(k->n ? k->n : 1, sizeof *v);
	struct store_values_then then = k->values;

	if (!err && !v)
		err = ERR_NOMEM;
	for (size_t i = 0; !err && i < k->n; i++)
		v[i] = (struct ops_entry_value){ .id = SPAN(k->held[i].id, 16),
			.value = buf_span(&k->held[i].value),
			.type = buf_span(&k->held[i].type),
			.err = (uint64_t)k->held[i].err };
	if (then.fn)
		then.fn(then.arg, err, text, v, err ? 0 : k->n);
	free(v);
	store_ask_free(k);
}

/* ---- one answer ---- */
static size_t
held(const struct ask *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += k->held[i].value.len;
	return n;
}

static void
hold(struct held_value *h, const struct ops_entry_value *v, size_t room)
{
	h->err = err_is_known(v->err) ? (enum err)v->err : ERR_INTERNAL;
	if (!h->err && v->value.len > room)
		h->err = ERR_LIMIT;
	if (h->err)
		return;
	buf_put_span(&h->value, v->value);
	buf_put_span(&h->type, v->type);
	if (buf_err(&h->value) || buf_err(&h->type)) {
		buf_reset(&h->value);
		h->err = ERR_NOMEM;
	}
}

/* Those from `first` on, in their order; another's value in a place would be handed to who asked
 * for this one. */
static enum err
take(struct ask *k, size_t first, const struct wire_list *values)
{
	struct cbor c = wire_each(values);
	size_t used = held(k);
	struct ops_entry_value v;
	enum err e;

	for (size_t i = first; !cbor_at_end(&c); i++) {
		if ((e = wire_next(&ops_entry_value_map, &c, &v)))
			return e;
		if (i >= k->n || !span_eq(v.id, SPAN(k->held[i].id, 16)))
			return ERR_FORMAT;
		hold(&k->held[i], &v, HELD_MAX - used);
		used += k->held[i].value.len;
	}
	return ERR_OK;
}

/* ---- asking ---- */
static void on_values(void *arg, enum err status, const char *text, const void *rep);

/* n of them from `first` on; k is freed when that fails. */
static enum err
send(struct ask *k, size_t first, size_t n)
{
	struct ops_entry_get q = { .who = k->who };
	struct span *id = calloc(n ? n : 1, sizeof *id);
	enum err e;

	if (!id) {
		store_ask_free(k);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++)
		id[i] = SPAN(k->held[first + i].id, 16);
	q.ids = (struct wire_list){ .v = id, .n = n };
	q.who.app = span_str(k->app);
	wire_mark(&ops_entry_get_map, &q);
	e = store_ask_send(k, OP_ENTRY_GET, &q, on_values);
	free(id);
	return e;
}

/* The next one that did not fit, by itself; false when there is none. */
static bool
send_again(struct ask *k)
{
	struct store_values_then then = k->values;
	enum err e;

	while (k->again < k->n && k->held[k->again].err != ERR_TOOBIG)
		k->again++;
	if (k->again >= k->n)
		return false;
	k->held[k->again].err = ERR_OK;
	if ((e = send(k, k->again, 1)) && then.fn)
		then.fn(then.arg, e, "", NULL, 0);
	return true;
}

static void
on_values(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_entry_get_rep *r = rep;
	struct ask *k = arg;
	bool first = k->again == k->n;
	size_t want = first ? k->n : 1;

	if (!status && (r->values.n != want || take(k, first ? 0 : k->again, &r->values)))
		status = ERR_FORMAT;
	if (first)
		k->again = 0;
	else
		k->again++; /* too big even by itself is what it stays */
	if (status || !send_again(k))
		finish(k, status, text);
}

enum err
store_get(struct store *s, const struct peer *who, struct store_ids ids,
    struct store_values_then then, uint64_t *call)
{
	struct ask *k;
	enum err e;

	if ((e = store_check_open(s)))
		return e;
	if (ids.n > OPS_ENTRY_IDS)
		return ERR_LIMIT;
	if (!(k = store_ask_new(s)))
		return ERR_NOMEM;
	if (!(k->held = calloc(ids.n ? ids.n : 1, sizeof *k->held))) {
		store_ask_free(k);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < ids.n; i++)
		memcpy(k->held[i].id, ids.id[i], 16);
	k->n = k->again = ids.n;
	k->values = then;
	store_who(who, &k->who);
	if (k->who.app.len && k->who.app.len < sizeof k->app)
		memcpy(k->app, k->who.app.p, k->who.app.len);
	if ((e = send(k, 0, ids.n)))
		return e;
	if (call)
		*call = k->call;
	return ERR_OK;
}

/* ---- the portal ---- */
static void
on_portal(void *arg, enum err status, const char *text, const void *rep)
{
	const struct ops_secret_rep *r = rep;
	struct ask *k = arg;

	if (!status)
		hold(&k->held[0], &(struct ops_entry_value){ .value = r->value }, HELD_MAX);
	finish(k, status, text);
}

enum err
store_portal(struct store *s, const struct peer *who, struct span app,
    struct store_values_then then, uint64_t *call)
{
	struct ops_portal q = { .app = app };
	struct ask *k;
	enum err e;

	if ((e = store_check_open(s)))
		return e;
	if (!(k = store_ask_new(s)))
		return ERR_NOMEM;
	if (!(k->held = calloc(1, sizeof *k->held))) {
		store_ask_free(k);
		return ERR_NOMEM;
	}
	k->n = 1;
	k->values = then;
	store_who(who, &q.who);
	wire_mark(&ops_portal_map, &q);
	if ((e = store_ask_send(k, OP_PORTAL_SECRET, &q, on_portal)))
		return e;
	if (call)
		*call = k->call;
	return ERR_OK;
}
