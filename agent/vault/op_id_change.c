/*
 * op_id_change.c - the life of an identity: rotated to the next epoch, retired, revoked.  A path
 * names one key, or all keys of an account ("matrix/@alice:example.org").
 *
 * A new epoch is always of the newest seed, so that rotating after `id reseed` moves the identity
 * to a seed that nobody else knows; older epochs stay derivable.
 */
#include <stdio.h>
#include <time.h>

#include "agent/vault/advice.h"
#include "agent/vault/epochs.h"
#include "agent/vault/idlog.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/public.h"
#include "agent/vault/jwtkeys.h"
#include "agent/vault/publicpart.h"
#include "agent/vault/rsakey.h"
#include "agent/vault/store.h"

#define KEYS_MAX 32 /* of one account */

struct changing;
typedef enum err change_fn(struct req *r, struct item *it, struct changing *c);

/* What is done, and what that is for the outside. */
struct kind {
	change_fn *fn;
	enum format_event event;
	bool prove;		/* contacts will see it, so an open vault is not enough */
	const struct sec *made; /* keys that are not derived: new ones */
};

/* One key that is being changed; what its item borrows lives here until it is encoded. */
struct changing {
	uint8_t id[16];
	struct epochs epochs;
	struct itemop_rev rev;
	enum format_event event;
	/* not derived: */
	const struct sec *made;
	struct sec secret;
};

static struct jwtkeys_old old_keys; /* one at a time: the disk is ours */

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

static bool
is_active(const struct item *it)
{
	struct item_epoch ep;

	epochs_current(it, &ep);
	return ep.state == EPOCH_ACTIVE;
}

/* Keys that everything hangs on that others know of a person are rotated by their own path only. */
static bool
stays(const struct item *it, const struct kind *k)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_key *row = f ? format_key(f, it->origin.purpose) : NULL;

	return k->event == FORMAT_ROTATE && row && (row->signs & FORMAT_STAYS);
}

/* Who names an account means the keys in use; only when there are none, the others. */
static enum err
find_account(struct req *r, const struct kind *k, struct changing *c, size_t *n)
{
	const struct ops_id_change *in = r->in;
	struct vault *v = r->v;
	struct span label = in->label;
	struct item it;
	size_t active = 0, pos = 0;

	while (body_kind_next(&v->open.body, ITEM_KEY, &pos, &it))
		active += is_meant(&it, label) && is_active(&it);
	pos = 0;
	while (body_kind_next(&v->open.body, ITEM_KEY, &pos, &it)) {
		if (!is_meant(&it, label) || (active && !is_active(&it)) || stays(&it, k))
			continue;
		if (*n == KEYS_MAX)
			return ERR_LIMIT;
		memcpy(c[(*n)++].id, it.id.p, 16);
	}
	return *n ? ERR_OK : ERR_NOTFOUND;
}

/* A service alone would be too much at once. */
static enum err
find_ids(struct req *r, const struct kind *k, struct changing *c, size_t *n)
{
	const struct ops_id_change *in = r->in;
	struct item it;

	*n = 0;
	if (!itemop_find(r->v, ITEM_KEY, in->label, &it)) {
		memcpy(c[(*n)++].id, it.id.p, 16);
		return ERR_OK;
	}
	if (!memchr(in->label.p, '/', in->label.len))
		return ERR_NOTFOUND;
	return find_account(r, k, c, n);
}

/* Rotating what others may know is a move, with other things to do. */
static void
note_events(struct vault *v, const struct kind *k, struct changing *c, size_t n)
{
	struct item it;

	for (size_t i = 0; i < n; i++) {
		c[i].made = k->made;
		c[i].event = k->event;
		if (k->event == FORMAT_ROTATE && !body_item_by_id(&v->open.body, c[i].id, &it) &&
		    it.exposed)
			c[i].event = FORMAT_MOVE;
	}
}

static enum err
find_keys(struct req *r, const struct kind *k, struct changing *c, size_t *n)
{
	enum err e = find_ids(r, k, c, n);

	if (!e)
		note_events(r->v, k, c, *n);
	return e;
}

/* ---- what ---- */
/* The next key signs from now on; what the old one signed can still be verified. */
static enum err
rotate_made(struct req *r, struct item *it, struct changing *c)
{
	struct sec old = { 0 };
	enum err e;

	if (!(e = keyring_secret(r->v, it, &old)) &&
	    !(e = rsakey_rotate(
		  sec_span(&old), sec_span(c->made), c->event == FORMAT_MOVE, &c->secret)) &&
	    !(e = jwtkeys_keep_old(r->v, it, &old_keys)) &&
	    !(e = epochs_next(&c->epochs, it->origin.generation, (uint64_t)time(NULL))))
		it->exposed = c->event == FORMAT_MOVE ? 0 : it->exposed;
	sec_done(&old);
	return e;
}

static enum err
rotate(struct req *r, struct item *it, struct changing *c)
{
	struct seed s;
	enum err e;

	if (jwtkeys_is(it) && c->event == FORMAT_MOVE)
		(void)epochs_set_state(&c->epochs, EPOCH_REVOKED);
	if (it->origin.kind == ORIGIN_GENERATED && c->made && c->made->len)
		return rotate_made(r, it, c);
	if (it->origin.kind != ORIGIN_DERIVED)
		return ERR_KEY_IMPORTED;
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
seal(struct req *r, const struct item *old, struct item *it, struct changing *c, struct buf *box)
{
	enum err e;

	if (!c->secret.len)
		return itemop_reseal(r->v, old, it, box);
	e = keyring_seal(r->v, it, sec_span(&c->secret), box);
	it->secret = buf_span(box);
	return e ? e : buf_err(box);
}

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
	    !(e = seal(r, &old, &it, c, &box))) {
		epochs_store(&c->epochs, &it);
		e = publicpart_put(r->v, &it, d);
	}
	buf_done(&box);
	epochs_done(&c->epochs);
	sec_done(&c->secret);
	jwtkeys_old_done(&old_keys);
	return e;
}

/* Keys whose state is so already are left alone, unless that is true for all. */
static enum err
build(struct req *r, change_fn *fn, struct changing *c, size_t n, struct delta *d)
{
	size_t done = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && !e; i++) {
		e = change_one(r, fn, &c[i], d);
		done += !e;
		if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	return e ? e : done ? ERR_OK : ERR_EXISTS;
}

/* What the phrase has to sign; the disk is given free for that.  NULL: nothing. */
static enum err
ask_phrase(struct req *r, change_fn *fn, struct changing *c, size_t n, struct logproofs **out)
{
	const struct ops_id_change *in = r->in;
	struct delta d = DELTA_INIT;
	enum err e;

	if (!in->succession || fn == retire)
		return ERR_OK;
	if (!(e = logproofs_new(out)) && !(e = build(r, fn, c, n, &d)))
		e = idlog_ask(r, c[0].id, &d, *out);
	store_release(r->job);
	delta_done(&d);
	return e;
}

/* The keys and their log, in one record. */
static enum err
change_all(
    struct req *r, change_fn *fn, struct changing *c, size_t n, const struct logproofs *proofs)
{
	struct delta d = DELTA_INIT;
	enum err e;

	if (!(e = build(r, fn, c, n, &d)) &&
	    !(e = fn == retire ? ERR_OK : idlog_put(r, c[0].id, proofs, &d)))
		e = store_append(r->job, &d);
	delta_done(&d);
	for (size_t i = 0; i < n; i++)
		keyring_forget(r->v, c[i].id);
	return e;
}

static enum err
answer(struct req *r, const struct changing *c, size_t n)
{
	struct ops_item rows[KEYS_MAX];
	struct ops_id_change_rep rep = { .items = { .v = rows } };
	static struct advice a; /* done with before anything waits */
	struct buf mem = BUF_INIT;
	struct item it;
	struct seed s;
	enum err e = buf_room(&mem, KEYS_MAX * ITEMOP_ROW) ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; i < n && !e; i++)
		if (!(e = body_item_by_id(&r->v->open.body, c[i].id, &it))) {
			itemop_row(r->v, &it, &mem, &rows[rep.items.n++]);
			advice_add(&a, &it, c[i].event);
		}
	if (!e && !(e = body_seed_last(&r->v->open.body, &s)))
		rep.exposed = s.exposed;
	rep.advice = buf_span(&a.sees);
	rep.steps = (struct wire_list){ .v = a.step, .n = a.nsteps };
	rep.owed = idlog_is_owed(r, c[0].id);
	wire_mark(&ops_id_change_rep_map, &rep);
	if (!e && !(e = buf_err(&a.sees)))
		e = req_reply(r, &rep);
	advice_done(&a);
	buf_done(&mem);
	return e;
}

/* Is one of them not derived? */
static bool
has_made(struct vault *v, const struct kind *k, const struct changing *c, size_t n)
{
	struct item it;

	for (size_t i = 0; i < n && k->fn == rotate; i++)
		if (!body_item_by_id(&v->open.body, c[i].id, &it) &&
		    it.origin.kind == ORIGIN_GENERATED && jwtkeys_is(&it))
			return true;
	return false;
}

/* Proven, and with new keys at hand. */
static enum err
change_found(struct req *r, const struct kind *k, struct changing *c, size_t *n)
{
	struct logproofs *proofs = NULL;
	enum err e;

	if (!(e = store_take(r->job)) && !(e = find_keys(r, k, c, n)) &&
	    !(e = ask_phrase(r, k->fn, c, *n, &proofs)) && !(e = store_take(r->job)) &&
	    !(e = find_keys(r, k, c, n)))
		e = change_all(r, k->fn, c, *n, proofs);
	logproofs_free(proofs);
	return e;
}

static enum err
change(struct req *r, struct kind *k)
{
	static struct changing c[KEYS_MAX]; /* one at a time: the disk is ours */
	const struct ops_id_change *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct sec made = { 0 };
	bool make;
	size_t n;
	enum err e;

	REQ_MUST_WAIT(r);
	/* before the person is asked for anything: is it there at all? */
	if ((e = store_take(r->job)) || (e = find_keys(r, k, c, &n)))
		return e;
	if (in->look)
		return answer(r, c, n);
	make = has_made(r->v, k, c, n);
	store_release(r->job);
	if (k->prove && (e = policy_prove(r, &p, NULL)))
		return e;
	k->made = &made;
	if (!make || !(e = rsakey_pair(r->job, &made)))
		e = change_found(r, k, c, &n);
	sec_done(&made);
	if (e)
		return e;
	public_send(r->v);
	return answer(r, c, n);
}

enum err
op_id_rotate(struct req *r)
{
	return change(r, &(struct kind){ rotate, FORMAT_ROTATE, true, NULL });
}

enum err
op_id_retire(struct req *r)
{
	return change(r, &(struct kind){ retire, FORMAT_RETIRE, false, NULL });
}

enum err
op_id_revoke(struct req *r)
{
	return change(r, &(struct kind){ revoke, FORMAT_REVOKE, true, NULL });
}
