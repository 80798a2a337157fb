/* op_secret.c - secrets that cannot be derived: kept sealed, opened one at a time. */
#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/entry.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"
#include "lib/password.h"
#include "lib/text.h"

#define NAME_MAX_LEN 255

enum err
op_secret_list(struct req *r)
{
	return itemop_list(r, ITEM_SECRET);
}

/* ---- get ---- */
/* A derived key whose bytes are for the program that asks (format.h). */
static bool
is_given(const struct item *it)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_key *k = f ? format_key(f, it->origin.purpose) : NULL;

	return k && (k->signs & FORMAT_GIVES) && !itemop_is_retired(it);
}

static enum err
find(const struct vault *v, struct span label, struct item *it)
{
	enum err e = itemop_find(v, ITEM_SECRET, label, it);

	if (e != ERR_NOTFOUND || itemop_find(v, ITEM_KEY, label, it))
		return e;
	return is_given(it) ? ERR_OK : e;
}

static enum err
hand_out_key(struct req *r, const struct item *it)
{
	struct ops_secret_rep rep = { .has = 1 };
	struct format_in key;
	enum err e;

	if ((e = itemop_key(r->v, it, &key)))
		return e;
	rep.value = key.priv;
	e = req_reply(r, &rep);
	vault_touch(r->v);
	return e;
}

static enum err
hand_out(struct req *r, const struct item *it)
{
	struct ops_secret_rep rep = { .has = 1 };
	struct sec value = { 0 };
	enum err e;

	if (it->kind == ITEM_KEY)
		return hand_out_key(r, it);
	if (!(e = keyring_secret(r->v, it, &value))) {
		rep.value = sec_span(&value);
		e = req_reply(r, &rep);
		vault_touch(r->v);
	}
	sec_done(&value);
	return e;
}

enum err
op_secret_get(struct req *r)
{
	const struct ops_secret *in = r->in;
	struct use u = { .verb = "read the secret", .request = in->label };
	struct itemop_agreed agreed;
	struct item it;
	enum err e;

	if ((e = find(r->v, in->label, &it)))
		return e;
	u.item = &it;
	itemop_agree(&it, &agreed);
	if ((e = policy_use(r, &u)))
		return e;
	if (r->job && (e = itemop_again(r->v, &agreed, &it)))
		return e;
	return hand_out(r, &it);
}

/* ---- set ---- */
struct setting {
	const struct ops_secret *in;
	uint64_t origin;  /* of a new one: enum item_origin_kind */
	bool keep_value;  /* only what is around it changes */
	bool may_replace; /* the one that was agreed to */
	struct itemop_agreed agreed;
	struct itemop_new fresh;
	struct itemop_rev rev;
	struct item item, old;
	struct item_attr attr[ENTRY_OWN + OPS_SECRET_ATTRS];
	struct buf box;
};

/* Those that make an entry of it (entry.h) stay with it. */
static size_t
keep_own(const struct item *old, struct item_attr *v)
{
	struct cbor c = wire_each(&old->attributes);
	struct item_attr a;
	size_t n = 0;

	while (n < ENTRY_OWN && !cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (entry_is_reserved(a.name))
			v[n++] = a;
	return n;
}

/* Nobody sets those; who gives them back as they are only edits what is beside them. */
static enum err
refuse_own(const struct ops_pair *p, const struct item_attr *own, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(own[i].name, p->name) && span_eq(own[i].value, p->value))
			return ERR_OK;
	return ERR_RESERVED;
}

static enum err
copy_attributes(const struct ops_secret *in, struct setting *s)
{
	struct cbor c = wire_each(&in->attributes);
	size_t own = keep_own(&s->old, s->attr), n = own;
	/* of an entry, no more than applications could find it by */
	size_t most = own ? own + OPS_ENTRY_ATTRS : OPS_SECRET_ATTRS;
	struct ops_pair p;
	enum err e;

	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&ops_pair_map, &c, &p)))
			return e;
		if (entry_is_reserved(p.name)) {
			if ((e = refuse_own(&p, s->attr, own)))
				return e;
			continue;
		}
		if (n == most)
			return ERR_TOOBIG;
		s->attr[n] = (struct item_attr){ .name = p.name, .value = p.value };
		wire_mark(&item_attr_map, &s->attr[n++]);
	}
	if (wire_has(&ops_secret_map, in, "attributes"))
		s->item.attributes = (struct wire_list){ .v = s->attr, .n = n };
	return ERR_OK;
}

/* A new item, or the next revision of the one with this name. */
static enum err
prepare(struct req *r, struct setting *s)
{
	const struct ops_secret *in = s->in;
	enum err e = itemop_find(r->v, ITEM_SECRET, in->label, &s->item);

	if (e && s->keep_value)
		return e;
	if (!e && !in->replace)
		return ERR_EXISTS;
	if (!e &&
	    (!s->may_replace || memcmp(s->item.id.p, s->agreed.id, 16) != 0 ||
		s->item.policy.use > s->agreed.use))
		return ERR_BUSY;
	if (!e) {
		/* a stricter policy than before is taken, a weaker one is for policy.set */
		if (in->use > s->item.policy.use)
			s->item.policy.use = in->use;
		wire_mark(&item_policy_map, &s->item.policy);
		s->old = s->item;
		if (!s->keep_value) {
			s->item.exposed = 0; /* nobody else knows the new value */
			s->item.origin.kind = s->origin;
			wire_mark(&item_origin_map, &s->item.origin);
		}
		return itemop_next(&s->item, &s->rev);
	}
	itemop_new(&s->fresh, ITEM_SECRET, &s->item);
	s->item.label = in->label;
	s->item.origin = (struct item_origin){ .kind = s->origin };
	wire_mark(&item_origin_map, &s->item.origin);
	s->item.policy = (struct item_policy){ .use = in->use, .may_export = true };
	wire_mark(&item_policy_map, &s->item.policy);
	return ERR_OK;
}

static enum err
write_secret(struct req *r, struct setting *s)
{
	struct delta d = DELTA_INIT;
	enum err e;

	if ((e = prepare(r, s)) || (e = copy_attributes(s->in, s)) ||
	    (e = s->keep_value ? itemop_reseal(r->v, &s->old, &s->item, &s->box)
			       : keyring_seal(r->v, &s->item, s->in->value, &s->box)))
		return e;
	s->item.secret = buf_span(&s->box);
	wire_mark(&item_map, &s->item);
	delta_item(&d, &s->item);
	e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

static struct setting setting; /* one at a time: the disk is ours */

/* The old value is gone afterwards: its policy decides. */
static enum err
may_replace(struct req *r, const struct ops_secret *in, struct itemop_agreed *agreed, bool *may)
{
	struct use u = { .verb = "replace the secret", .request = in->label };
	struct item it;

	*may = false;
	if (!in->replace || itemop_find(r->v, ITEM_SECRET, in->label, &it))
		return ERR_OK;
	*may = true;
	u.item = &it;
	itemop_agree(&it, agreed);
	return policy_use(r, &u);
}

/* Of set and generate; in a job. */
static enum err
keep(struct req *r, const struct ops_secret *in, uint64_t origin)
{
	struct itemop_agreed agreed;
	bool may;
	enum err e;

	if (!text_is_name(in->label) || in->label.len > NAME_MAX_LEN)
		return ERR_TEXT;
	if ((e = may_replace(r, in, &agreed, &may)) || (e = store_take(r->job)))
		return e;
	setting =
	    (struct setting){ .in = in, .origin = origin, .may_replace = may, .box = BUF_INIT };
	setting.keep_value = in->replace && !wire_has(&ops_secret_map, in, "value");
	if (may)
		setting.agreed = agreed;
	e = write_secret(r, &setting);
	buf_done(&setting.box);
	if (!e)
		vault_touch(r->v);
	return e;
}

enum err
op_secret_set(struct req *r)
{
	REQ_MUST_WAIT(r);
	return keep(r, r->in, ORIGIN_IMPORTED);
}

/* ---- generate ---- */
enum err
op_secret_generate(struct req *r)
{
	const struct ops_secret_generate *in = r->in;
	struct ops_secret q = { .label = in->label,
		.use = in->use,
		.replace = in->replace,
		.attributes = in->attributes };
	struct sec value = { 0 };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = password_make((enum password_alphabet)in->alphabet, in->length, &value)))
		return e;
	q.value = sec_span(&value);
	wire_mark(&ops_secret_map, &q);
	e = keep(r, &q, ORIGIN_GENERATED);
	sec_done(&value);
	return e;
}

/* ---- remove ---- */
enum err
op_secret_remove(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct proof p = { .ways = in->proof,
		.label = in->proof_label,
		.force = in->force,
		.request = in->label };
	struct delta d = DELTA_INIT;
	struct body_tomb_revs revs;
	struct tomb t;
	struct item it;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = itemop_find(r->v, ITEM_SECRET, in->label, &it)))
		return e;
	audit_about(r, it.id.p);
	if ((e = policy_prove(r, &p, NULL)) || (e = store_take(r->job)) ||
	    (e = itemop_find(r->v, ITEM_SECRET, in->label, &it)))
		return e;
	audit_about(r, it.id.p);
	body_item_tomb(&r->v->open.body, &it, (uint64_t)time(NULL), &t, &revs);
	delta_tomb(&d, &t);
	e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}
