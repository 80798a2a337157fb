/* op_entry_aside.c - what applications remove is set aside, and can be taken back. */
#include <stdlib.h>
#include <time.h>

#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"
#include "lib/text.h"

/* Large; one at a time: the disk is ours, or nothing waits while they are used. */
static struct entry one, other;

enum err
op_entry_find(
    const struct vault *v, struct span id, bool removed, struct item *it, struct entry *en)
{
	if (body_item_by_id(&v->open.body, id.p, it) || !entry_read(it, en) ||
	    (en->removed != 0) != removed)
		return ERR_NOTFOUND;
	return ERR_OK;
}

/* ---- which ---- */
/* A list that grows. */
struct ids {
	struct use_item *v;
	size_t n, cap;
};

static enum err
add_id(struct ids *l, struct span id)
{
	size_t cap = l->cap ? 2 * l->cap : 16;
	struct use_item *v;

	if (l->n == l->cap) {
		if (!(v = realloc(l->v, cap * sizeof *v)))
			return ERR_NOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n] = (struct use_item){ .err = ERR_OK };
	memcpy(l->v[l->n++].id, id.p, 16);
	return ERR_OK;
}

/* It, and of a collection what is in it: not removed, or removed with it.  *latest: when something
 * in it was removed last. */
static enum err
collect(struct req *r, struct span id, bool removed, struct ids *l, uint64_t *latest)
{
	struct item it;
	size_t pos = 0;
	enum err e;

	*latest = 0;
	if ((e = op_entry_find(r->v, id, removed, &it, &one)) || (e = add_id(l, it.id)))
		return e;
	if (one.kind != OPS_ENTRY_COLLECTION)
		return ERR_OK;
	while (!e && body_entry_next(&r->v->open.body, &pos, &it)) {
		if (!entry_read(&it, &other) || !span_eq(other.collection, one.collection))
			continue;
		if (other.removed > *latest)
			*latest = other.removed;
		if (other.removed == one.removed && other.kind == OPS_ENTRY_ITEM)
			e = add_id(l, it.id);
	}
	return e;
}

/* Nothing came or went while the person was asked. */
static enum err
still(struct req *r, struct span id, bool removed, const struct ids *l)
{
	struct ids again = { .n = 0 };
	uint64_t latest;
	bool same;
	enum err e;

	e = collect(r, id, removed, &again, &latest);
	same = !e && again.n == l->n;
	for (size_t i = 0; same && i < l->n; i++)
		same = memcmp(again.v[i].id, l->v[i].id, 16) == 0;
	free(again.v);
	return e ? e : same ? ERR_OK : ERR_BUSY;
}

/* ---- remove ---- */
/* What went with a collection is told from what went before it by its time. */
static enum err
set_aside(struct req *r, struct ids *l, uint64_t latest, struct entry_change *ch)
{
	uint64_t now = (uint64_t)time(NULL);
	bool alone = l->n == 1;
	struct item it;
	enum err e = ERR_OK;

	if (!alone && now <= latest)
		now = latest + 1;
	for (size_t i = 0; i < l->n && !e; i++) {
		if ((e = op_entry_find(r->v, SPAN(l->v[i].id, 16), false, &it, &one)))
			break;
		if (alone && (e = entry_change_prune(r, ch, &it, &one)))
			break;
		one.removed = now;
		one.of = SPAN_NONE;
		e = entry_change_next(r, ch, &one, &it, NULL);
	}
	return e;
}

static enum err
remove_entry(struct req *r, const struct use *u, struct span id, struct ids *l)
{
	struct entry_change ch = ENTRY_CHANGE_INIT;
	uint64_t latest;
	enum err e;

	if ((e = collect(r, id, false, l, &latest)) || (e = op_entry_may(r, u, l->v, l->n)) ||
	    (e = store_take(r->job)) || (e = still(r, id, false, l)))
		return e;
	if (!(e = set_aside(r, l, latest, &ch)))
		e = entry_change_commit(r, &ch);
	entry_change_done(&ch);
	return e;
}

enum err
op_entry_remove(struct req *r)
{
	const struct ops_entry_sel *in = r->in;
	struct use u = { .verb = "remove",
		.request = in->id,
		.who = op_entry_who(&ops_entry_sel_map, in, &in->who) };
	struct ops_change_rep rep = { .has = 0 };
	struct ids l = { .n = 0 };
	enum err e;

	REQ_MUST_WAIT(r);
	e = remove_entry(r, &u, in->id, &l);
	free(l.v);
	if (e)
		return e;
	vault_touch(r->v);
	rep.change = store_change(r->v);
	wire_mark(&ops_change_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- back ---- */
/* The entry whose value it was, if it is still there; its item and content. */
static bool
find_replacing(struct req *r, const struct entry *aside, struct item *it, struct entry *en)
{
	uint8_t id[16];
	size_t n;

	return aside->of.len == 32 && !text_decode(TEXT_HEX, aside->of, id, sizeof id, &n) &&
	    n == sizeof id && !op_entry_find(r->v, SPAN(id, sizeof id), false, it, en);
}

/* Both values stay: the newer one is set aside in its place. */
static enum err
exchange(struct req *r, struct entry_change *ch, const struct item *aside, const struct item *now)
{
	struct span type = one.type, value;
	struct sec old = { 0 }, newer = { 0 };
	enum err e;

	one.type = other.type;
	other.type = type;
	one.removed = (uint64_t)time(NULL);
	if ((e = keyring_secret(r->v, aside, &old)) || (e = keyring_secret(r->v, now, &newer)))
		goto out;
	value = sec_span(&old);
	if ((e = entry_change_next(r, ch, &other, now, &value)))
		goto out;
	value = sec_span(&newer);
	e = entry_change_next(r, ch, &one, aside, &value);
out:
	sec_done(&old);
	sec_done(&newer);
	return e;
}

static bool
has_collection(struct req *r, struct span id)
{
	struct item it;
	size_t pos = 0;

	while (body_entry_next(&r->v->open.body, &pos, &it))
		if (entry_read(&it, &other) && other.kind == OPS_ENTRY_COLLECTION &&
		    !other.removed && span_eq(other.collection, id))
			return true;
	return false;
}

/* Where its collection is gone: into the one that is always there. */
static enum err
take_back(struct req *r, struct ids *l, struct entry_change *ch)
{
	struct item it;
	bool alone = l->n == 1;
	enum err e = ERR_OK;

	for (size_t i = 0; i < l->n && !e; i++) {
		if ((e = op_entry_find(r->v, SPAN(l->v[i].id, 16), true, &it, &one)))
			break;
		one.removed = 0;
		if (alone && one.kind == OPS_ENTRY_ITEM && !has_collection(r, one.collection))
			one.collection = SPAN_LIT(ENTRY_COLLECTION);
		e = entry_change_next(r, ch, &one, &it, NULL);
	}
	return e;
}

/* *id: what there is now. */
static enum err
put_back(struct req *r, struct ids *l, struct entry_change *ch, uint8_t id[16])
{
	struct item it, now;
	enum err e;

	memcpy(id, l->v[0].id, 16);
	if ((e = op_entry_find(r->v, SPAN(id, 16), true, &it, &one)))
		return e;
	if (one.kind != OPS_ENTRY_ITEM || !find_replacing(r, &one, &now, &other))
		return take_back(r, l, ch);
	if (l->n != 2 || memcmp(l->v[1].id, now.id.p, 16) != 0)
		return ERR_BUSY; /* that one was not asked about */
	memcpy(id, now.id.p, 16);
	return exchange(r, ch, &it, &now);
}

static enum err
back(struct req *r, const struct use *u, struct ids *l, uint8_t id[16])
{
	struct entry_change ch = ENTRY_CHANGE_INIT;
	struct item now;
	uint64_t latest;
	enum err e;

	if ((e = collect(r, u->request, true, l, &latest)))
		return e;
	if (l->n == 1 && find_replacing(r, &one, &now, &other) && (e = add_id(l, now.id)))
		return e;
	if ((e = op_entry_may(r, u, l->v, l->n)) || (e = store_take(r->job)))
		return e;
	if (!(e = put_back(r, l, &ch, id)))
		e = entry_change_commit(r, &ch);
	entry_change_done(&ch);
	return e;
}

enum err
op_entry_back(struct req *r)
{
	const struct ops_entry_sel *in = r->in;
	struct use u = { .verb = "take back",
		.request = in->id,
		.who = op_entry_who(&ops_entry_sel_map, in, &in->who) };
	struct ids l = { .n = 0 };
	uint8_t id[16];
	enum err e;

	REQ_MUST_WAIT(r);
	e = back(r, &u, &l, id);
	free(l.v);
	if (e)
		return e;
	vault_touch(r->v);
	return op_entry_reply(r, id);
}
