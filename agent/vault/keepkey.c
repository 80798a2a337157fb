/*
 * keepkey.c - the item of a key from elsewhere.  One that has its path already is kept, too, when
 * it is to be replaced: retired, under a name that says so, because it may be needed to read what
 * is old, and there may be no other copy.
 */
#include "agent/vault/keepkey.h"

#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/derive.h"
#include "agent/vault/epochs.h"
#include "agent/vault/identity.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/policy.h"
#include "agent/vault/public.h"
#include "agent/vault/publicpart.h"
#include "agent/vault/sshrows.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

#define OLDER_MOST 1000

/* What the new item borrows from, and the one whose path it takes. */
struct keeping {
	const struct format *format;
	const struct format_key *row;
	struct span purpose;
	struct buf pub;
	struct identity id;
	struct item_attr cert;
	struct buf box;
	/* the older one */
	bool replaces;
	struct itemop_agreed agreed;
	struct item old;
	struct epochs epochs;
	struct itemop_rev rev;
	struct buf old_label, old_box;
};
static struct keeping keeping; /* one at a time: the disk is ours */

static void
keeping_done(struct keeping *k)
{
	buf_done(&k->pub);
	buf_done(&k->box);
	buf_done(&k->old_label);
	buf_done(&k->old_box);
	identity_done(&k->id);
	epochs_done(&k->epochs);
	*k = (struct keeping){ 0 };
}

/* ---- what is asked for ---- */
static enum err
check(const struct ops_key_add *in, struct keeping *k)
{
	struct derive_path p = { .service = in->service, .account = in->account };
	const struct format_import *row;
	enum err e;

	if (in->lifetime || in->confirm || in->dest.n)
		return ERR_KEY_LIMITS;
	if (!(k->format = format_find(in->service)))
		return ERR_UNSUPPORTED;
	if (!(row = format_import(k->format, in->purpose, in->alg)) || row->made ||
	    !(k->row = format_key(k->format, span_str(row->purpose))))
		return ERR_KEY_SERVICE;
	k->purpose = span_str(row->purpose);
	p.purpose = k->purpose;
	if ((e = derive_path_check(&p)) ||
	    (k->format->check && (e = k->format->check(in->account))))
		return e;
	return row->fn(in->private_key, &k->pub);
}

/* ---- the new item ---- */
static enum err
make_item(struct req *r, const struct keepkey *want, struct keeping *k)
{
	const struct ops_key_add *in = r->in;
	struct identity_want w = { .format = k->format, .key = k->row, .account = in->account };
	struct item *it = &k->id.item;
	enum err e;

	if ((e = identity_make(&k->id, &w)))
		return e;
	it->origin.kind = ORIGIN_IMPORTED;
	it->origin.alg = in->alg;
	it->origin.source = in->source;
	wire_mark(&item_origin_map, &it->origin);
	if (wire_has(&ops_key_add_map, in, "use"))
		it->policy.use = in->use;
	wire_mark(&item_policy_map, &it->policy);
	if (want->cert_line.len) {
		k->cert = (struct item_attr){ .name = SPAN_LIT(SSHROWS_CERT) };
		k->cert.value = want->cert_line;
		wire_mark(&item_attr_map, &k->cert);
		it->attributes = (struct wire_list){ .v = &k->cert, .n = 1 };
	}
	if ((e = keyring_seal(r->v, it, in->private_key, &k->box)))
		return e;
	it->secret = buf_span(&k->box);
	return buf_err(&k->box);
}

/* ---- the one that has its path ---- */
static bool
is_same(struct req *r, const struct item *it, const struct keeping *k)
{
	const struct ops_key_add *in = r->in;
	struct format_in have;

	return span_eq(it->origin.alg, in->alg) && !itemop_key(r->v, it, &have) &&
	    span_eq(have.pub, buf_span(&k->pub));
}

static enum err
answer(struct req *r, const struct item *it, bool there)
{
	struct ops_key_add_rep rep = { .id = it->id, .label = it->label, .there = there };

	wire_mark(&ops_key_add_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ERR_OK with *there answered; ERR_EXISTS: another key has the path. */
static enum err
look(struct req *r, const struct keepkey *want, struct keeping *k, bool *there)
{
	const struct sshrow *row = want->blob.len ? sshrows_find_blob(r->v, want->blob) : NULL;
	struct item it;

	*there = true;
	if (row && !body_item_by_id(&r->v->open.body, row->item, &it))
		return answer(r, &it, true);
	*there = false;
	if (itemop_find(r->v, ITEM_KEY, k->id.item.label, &it))
		return ERR_OK;
	*there = is_same(r, &it, k);
	return *there ? answer(r, &it, true) : ERR_EXISTS;
}

/* "path~1", "path~2": the first that is free. */
static enum err
name_older(struct req *r, struct keeping *k)
{
	struct item other;

	for (unsigned i = 1; i < OLDER_MOST; i++) {
		buf_reset(&k->old_label);
		buf_put_span(&k->old_label, k->old.label);
		buf_putf(&k->old_label, "~%u", i);
		if (buf_err(&k->old_label))
			return ERR_NOMEM;
		if (itemop_find(r->v, ITEM_KEY, buf_span(&k->old_label), &other))
			return ERR_OK;
	}
	return ERR_LIMIT;
}

static enum err
retire_older(struct req *r, struct keeping *k, struct delta *d)
{
	struct item before;
	enum err e;

	if ((e = itemop_again(r->v, &k->agreed, &k->old)))
		return e;
	before = k->old;
	if ((e = name_older(r, k)) || (e = epochs_load(&k->old, &k->epochs)))
		return e;
	(void)epochs_set_state(&k->epochs, EPOCH_RETIRED);
	epochs_store(&k->epochs, &k->old);
	k->old.label = buf_span(&k->old_label);
	if ((e = itemop_next(&k->old, &k->rev)) ||
	    (e = itemop_reseal(r->v, &before, &k->old, &k->old_box)))
		return e;
	wire_mark(&item_map, &k->old);
	delta_item(d, &k->old);
	return ERR_OK;
}

/* What people's programs use from now on is another key: its policy decides. */
static enum err
may_replace(struct req *r, struct keeping *k)
{
	struct use u = { .item = &k->old, .verb = "replace the key", .request = k->id.item.label };
	enum err e;

	if ((e = itemop_find(r->v, ITEM_KEY, k->id.item.label, &k->old)))
		return e;
	itemop_agree(&k->old, &k->agreed);
	k->replaces = true;
	return policy_use(r, &u);
}

/* ---- all of it ---- */
static enum err
write(struct req *r, const struct keepkey *want, struct keeping *k)
{
	struct delta d = DELTA_INIT;
	uint8_t added[16];
	struct item it;
	enum err e = ERR_OK;

	if (k->replaces)
		e = retire_older(r, k, &d);
	wire_mark(&item_map, &k->id.item);
	if (!e && !(e = publicpart_put(r->v, &k->id.item, &d)) && !(e = store_append(r->job, &d)) &&
	    !(e = body_item_by_id(&r->v->open.body, k->id.fresh.id, &it))) {
		/* in memory until lock it is not needed any more */
		addedkeys_id(want->blob, added);
		if (want->blob.len && addedkeys_find(r->v->ssh->added, added) &&
		    sshrows_hide(r->v, added))
			e = ERR_INTERNAL;
		public_send(r->v);
		audit_about(r, it.id.p);
		e = e ? e : answer(r, &it, false);
	}
	delta_done(&d);
	return e;
}

static enum err
prepare(struct req *r, const struct keepkey *want, struct keeping *k, bool *there)
{
	enum err e;

	if ((e = check(r->in, k)) || (e = make_item(r, want, k)))
		return e;
	return look(r, want, k, there);
}

enum err
keepkey(struct req *r, const struct keepkey *want)
{
	const struct ops_key_add *in = r->in;
	struct keeping ask = { .replaces = false };
	bool there = false;
	enum err e;

	REQ_MUST_WAIT(r);
	e = prepare(r, want, &ask, &there);
	if (e == ERR_EXISTS && in->replace)
		e = may_replace(r, &ask);
	if (!e && !there && !(e = store_take(r->job))) {
		/* waited: look again */
		keeping = (struct keeping){ .replaces = ask.replaces, .agreed = ask.agreed };
		e = prepare(r, want, &keeping, &there);
		if (e == ERR_EXISTS && keeping.replaces)
			e = ERR_OK;
		if (!e && !there)
			e = write(r, want, &keeping);
		keeping_done(&keeping);
	}
	keeping_done(&ask);
	return e;
}
