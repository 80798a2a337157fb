/*
 * op_id_change.c - the life of an identity: rotated to the next epoch, retired, revoked.  A path
 * names one key, or all keys of an account ("matrix/@alice:example.org").
 *
 * A new epoch is always of the newest seed, so that rotating after `id reseed` moves the identity
 * to a seed that nobody else knows; older epochs stay derivable.
 */
#include <stdio.h>
#include <time.h>

#include "agent/vault/epochs.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/public.h"
#include "agent/vault/publicpart.h"
#include "agent/vault/store.h"

#define KEYS_MAX 32 /* of one account */

struct changing;
typedef enum err change_fn(struct req *r, struct item *it, struct changing *c);

/* One key that is being changed; what its item borrows lives here until it is encoded. */
struct changing {
	uint8_t id[16];
	struct epochs epochs;
	struct itemop_rev rev;
};

/* ---- which ---- */
static bool
is_meant(const struct item *it, struct span label)
{
	if (it->kind != ITEM_KEY)
		return false;
	if (span_eq(it->label, label))
		return true;
	return it->label.len > label.len && it->label.p[label.len] == '/' &&
	    span_eq(span_sub(it->label, 0, label.len), label);
}

/* A service alone would be too much at once. */
static enum err
find_keys(struct vault *v, struct span label, struct changing *c, size_t *n)
{
	struct item it;
	size_t pos = 0;

	*n = 0;
	if (!itemop_find(v, ITEM_KEY, label, &it)) {
		memcpy(c[(*n)++].id, it.id.p, 16);
		return ERR_OK;
	}
	if (!memchr(label.p, '/', label.len))
		return ERR_NOTFOUND;
	while (body_item_next(&v->open.body, &pos, &it)) {
		if (!is_meant(&it, label))
			continue;
		if (*n == KEYS_MAX)
			return ERR_LIMIT;
		memcpy(c[(*n)++].id, it.id.p, 16);
	}
	return *n ? ERR_OK : ERR_NOTFOUND;
}

/* ---- what ---- */
static enum err
rotate(struct req *r, struct item *it, struct changing *c)
{
	struct seed s;
	enum err e;

	if (it->origin.kind != ORIGIN_DERIVED)
		return ERR_UNSUPPORTED;
	if ((e = body_seed_last(&r->v->open.body, &s)) ||
	    (e = epochs_next(&c->epochs, s.generation, (uint64_t)time(NULL))))
		return e;
	if (!s.exposed)
		it->exposed = 0;
	return ERR_OK;
}

static enum err
retire(struct req *r, struct item *it, struct changing *c)
{
	(void)r;
	(void)it;
	return epochs_set_state(&c->epochs, EPOCH_RETIRED) ? ERR_OK : ERR_EXISTS;
}

static enum err
revoke(struct req *r, struct item *it, struct changing *c)
{
	(void)r;
	(void)it;
	return epochs_set_state(&c->epochs, EPOCH_REVOKED) ? ERR_OK : ERR_EXISTS;
}

/* ---- doing it ---- */
static enum err
change_one(struct req *r, change_fn *fn, struct changing *c, struct delta *d)
{
	struct buf box = BUF_INIT;
	struct item old, it;
	enum err e;

	if ((e = body_item_by_id(&r->v->open.body, c->id, &old)) ||
	    (e = epochs_load(&old, &c->epochs)))
		return e;
	it = old;
	if (!(e = fn(r, &it, c)) && !(e = itemop_next(&it, &c->rev)) &&
	    !(e = itemop_reseal(r->v, &old, &it, &box))) {
		epochs_store(&c->epochs, &it);
		e = publicpart_put(r->v, &it, d);
	}
	buf_done(&box);
	epochs_done(&c->epochs);
	return e;
}

/* Keys whose state is so already are left alone, unless that is true for all. */
static enum err
change_all(struct req *r, change_fn *fn, struct changing *c, size_t n)
{
	struct delta d = DELTA_INIT;
	size_t done = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && !e; i++) {
		e = change_one(r, fn, &c[i], &d);
		done += !e;
		if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	if (!e && done)
		e = store_append(r->job, &d);
	delta_done(&d);
	for (size_t i = 0; i < n; i++)
		keyring_forget(r->v, c[i].id);
	return e ? e : done ? ERR_OK : ERR_EXISTS;
}

static struct span
advice(const struct item *it)
{
	const struct format *f = format_find(it->origin.service);

	return f && f->advice ? span_str(f->advice) : SPAN_NONE;
}

static enum err
answer(struct req *r, const struct changing *c, size_t n)
{
	struct ops_item rows[KEYS_MAX];
	struct ops_id_change_rep rep = { .items = { .v = rows } };
	struct buf mem = BUF_INIT;
	struct item it;
	struct seed s;
	enum err e = buf_room(&mem, KEYS_MAX * ITEMOP_ROW) ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; i < n && !e; i++)
		if (!(e = body_item_by_id(&r->v->open.body, c[i].id, &it))) {
			itemop_row(r->v, &it, &mem, &rows[rep.items.n++]);
			rep.advice = advice(&it);
		}
	if (!e && !(e = body_seed_last(&r->v->open.body, &s)))
		rep.exposed = s.exposed;
	wire_mark(&ops_id_change_rep_map, &rep);
	if (!e)
		e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

/* prove: contacts will see it, so an open vault is not enough. */
static enum err
change(struct req *r, change_fn *fn, bool prove)
{
	static struct changing c[KEYS_MAX]; /* one at a time: the disk is ours */
	const struct ops_id_change *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	size_t n;
	enum err e;

	REQ_MUST_WAIT(r);
	/* before the person is asked for anything: is it there at all? */
	if ((e = store_take(r->job)) || (e = find_keys(r->v, in->label, c, &n)))
		return e;
	store_release(r->job);
	if (prove && (e = policy_prove(r, &p, NULL)))
		return e;
	if ((e = store_take(r->job)) || (e = find_keys(r->v, in->label, c, &n)) ||
	    (e = change_all(r, fn, c, n)))
		return e;
	public_send(r->v);
	return answer(r, c, n);
}

enum err
op_id_rotate(struct req *r)
{
	return change(r, rotate, true);
}

enum err
op_id_retire(struct req *r)
{
	return change(r, retire, false);
}

enum err
op_id_revoke(struct req *r)
{
	return change(r, revoke, true);
}
