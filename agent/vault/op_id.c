/* op_id.c - identities: listed, derived, shown; and the policy of any item. */
#include <stdio.h>
#include <time.h>

#include "agent/vault/derive.h"
#include "agent/vault/identity.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/public.h"
#include "agent/vault/publicpart.h"
#include "agent/vault/rsakey.h"
#include "agent/vault/store.h"
#include "lib/text.h"

#define KEYS_MAX  16 /* of one identity */
#define SHOW_MOST (64 * 1024)

enum err
op_id_list(struct req *r)
{
	return itemop_list(r, ITEM_KEY);
}

/* ---- add ---- */
static enum err
make_item(struct req *r, const struct identity_want *w, struct identity *id)
{
	struct item other;
	enum err e;

	if ((e = identity_make(id, w)))
		return e;
	return itemop_find(r->v, ITEM_KEY, id->item.label, &other) ? ERR_OK : ERR_EXISTS;
}

static bool
is_wanted(const struct ops_id_add *in, const struct format_key *k)
{
	if (in->purpose.len)
		return span_is(in->purpose, k->purpose);
	return identity_wants(k, in->account);
}

static enum err
seal_made(struct req *r, const struct sec *made, struct identity *id)
{
	enum err e = keyring_seal(r->v, &id->item, sec_span(made), &id->box);

	id->item.secret = buf_span(&id->box);
	return e ? e : buf_err(&id->box);
}

/* What is not derived is made before the disk is taken. */
static enum err
make_keys(struct req *r, const struct format *f, struct sec *made)
{
	for (size_t i = 0; i < f->nkey; i++)
		if (is_wanted(r->in, &f->key[i]) && !identity_is_derived(&f->key[i]))
			return rsakey_pair(r->job, made);
	return ERR_OK;
}

/* What is being added. */
struct adding {
	const struct format *format;
	struct sec made;
	struct delta d;
	struct identity *id;
	size_t n;
};

static enum err
add_keys(struct req *r, struct adding *a)
{
	const struct format *f = a->format;
	const struct ops_id_add *in = r->in;
	struct identity_want w = { .format = f, .account = in->account, .epoch = in->epoch };
	struct seed s;
	enum err e;

	if ((e = body_seed_last(&r->v->open.body, &s)))
		return e;
	w.generation = s.generation;
	for (size_t i = 0; i < f->nkey && !e && a->n < KEYS_MAX; i++) {
		struct identity *id = &a->id[a->n];

		if (!is_wanted(in, &f->key[i]))
			continue;
		w.key = &f->key[i];
		e = make_item(r, &w, id);
		if (!e && !identity_is_derived(w.key))
			e = seal_made(r, &a->made, id);
		if (!e)
			e = publicpart_put(r->v, &id->item, &a->d);
		a->n++;
	}
	return e ? e : a->n ? ERR_OK : ERR_NOTFOUND;
}

static enum err
answer_added(struct req *r, struct identity *a, size_t n)
{
	struct ops_item rows[KEYS_MAX];
	struct ops_item_list_rep rep = { .items = { .v = rows, .n = n } };
	struct buf mem = BUF_INIT;
	struct item it;
	enum err e = buf_room(&mem, KEYS_MAX * ITEMOP_ROW) ? ERR_OK : ERR_NOMEM;

	for (size_t i = 0; i < n && !e; i++)
		if (!(e = body_item_by_id(&r->v->open.body, a[i].fresh.id, &it)))
			itemop_row(r->v, &it, &mem, &rows[i]);
	wire_mark(&ops_item_list_rep_map, &rep);
	if (!e)
		e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

static enum err
check_add(const struct ops_id_add *in, const struct format **f)
{
	struct derive_path p = { .service = in->service,
		.account = in->account,
		.purpose = SPAN_LIT("x"),
		.epoch = (uint32_t)in->epoch };
	enum err e;

	if (!(*f = format_find(in->service)))
		return ERR_UNSUPPORTED;
	if ((e = derive_path_check(&p)))
		return e;
	return (*f)->check ? (*f)->check(in->account) : ERR_OK;
}

enum err
op_id_add(struct req *r)
{
	static struct identity id[KEYS_MAX]; /* one at a time: the disk is ours */
	struct adding a = { .id = id };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = check_add(r->in, &a.format)) || (e = make_keys(r, a.format, &a.made)) ||
	    (e = store_take(r->job)))
		goto out;
	memset(id, 0, sizeof id);
	if (!(e = add_keys(r, &a)) && !(e = store_append(r->job, &a.d))) {
		public_send(r->v);
		e = answer_added(r, id, a.n);
	}
out:
	for (size_t i = 0; i < a.n; i++)
		identity_done(&id[i]);
	delta_done(&a.d);
	sec_done(&a.made);
	return e;
}

/* ---- show ---- */
#define PARTS_MAX 16

static enum err
collect_parts(const struct format *f, const struct format_in *in, struct span purpose,
    struct ops_id_show_rep *rep, struct buf *mem)
{
	static struct ops_pair parts[PARTS_MAX];
	enum err e = ERR_OK;

	rep->parts = (struct wire_list){ .v = parts };
	for (size_t i = 0; i < f->npublic && !e && rep->parts.n < PARTS_MAX; i++) {
		size_t at = mem->len;

		if (!span_is(purpose, f->public[i].purpose))
			continue;
		if ((e = f->public[i].fn(in, mem)) || (e = buf_err(mem)))
			return e;
		parts[rep->parts.n] = (struct ops_pair){ .name = span_str(f->public[i].name) };
		parts[rep->parts.n].value = SPAN(mem->p + at, mem->len - at);
		wire_mark(&ops_pair_map, &parts[rep->parts.n++]);
	}
	return e;
}

static void
collect_forms(const struct format *f, struct span purpose, struct ops_id_show_rep *rep)
{
	static struct ops_pair forms[PARTS_MAX];

	rep->forms = (struct wire_list){ .v = forms };
	for (size_t i = 0; i < f->nexport && rep->forms.n < PARTS_MAX; i++) {
		if (!span_is(purpose, f->export[i].purpose))
			continue;
		forms[rep->forms.n] = (struct ops_pair){ .name = span_str(f->export[i].name),
			.value = span_str(f->export[i].help) };
		wire_mark(&ops_pair_map, &forms[rep->forms.n++]);
	}
}

enum err
op_id_show(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct ops_id_show_rep rep = { .advice = SPAN_NONE };
	const struct format_advice *advice;
	struct buf mem = BUF_INIT;
	const struct format *f;
	struct format_in key;
	struct ops_item row;
	struct item it;
	enum err e;

	if ((e = itemop_find(r->v, ITEM_KEY, in->label, &it)))
		return e;
	if (!(f = format_find(it.origin.service)))
		return ERR_UNSUPPORTED;
	mem.max = SHOW_MOST; /* what borrows from it must not move */
	if (!buf_room(&mem, SHOW_MOST))
		return ERR_NOMEM;
	itemop_row(r->v, &it, &mem, &row);
	rep.item = (struct wire_list){ .v = &row, .n = 1 };
	advice = format_advice(f, it.origin.purpose, FORMAT_ROTATE);
	rep.advice = span_str(advice ? advice->sees : NULL);
	if (!(e = itemop_key(r->v, &it, &key)) &&
	    !(e = collect_parts(f, &key, it.origin.purpose, &rep, &mem))) {
		collect_forms(f, it.origin.purpose, &rep);
		wire_mark(&ops_id_show_rep_map, &rep);
		e = req_reply(r, &rep);
	}
	buf_done(&mem);
	return e;
}

/* ---- policy ---- */
static void
apply_policy(const struct ops_policy *in, struct item_policy *p)
{
	if (wire_has(&ops_policy_map, in, "use"))
		p->use = in->use;
	if (wire_has(&ops_policy_map, in, "may_export"))
		p->may_export = in->may_export;
	if (wire_has(&ops_policy_map, in, "rate"))
		p->rate = in->rate;
	if (wire_has(&ops_policy_map, in, "raw"))
		p->raw = in->raw;
	wire_mark(&item_policy_map, p);
}

/* Weaker than it is now?  Asked again when the disk is ours: it may have become stricter. */
static enum err
find_for_policy(struct req *r, struct item *it, struct item_policy *next)
{
	const struct ops_policy *in = r->in;
	enum err e;

	if ((e = itemop_find(r->v, 0, in->label, it)))
		return e;
	*next = it->policy;
	apply_policy(in, next);
	return policy_is_weaker(&it->policy, next) ? ERR_NEEDFACTOR : ERR_OK;
}

enum err
op_policy_set(struct req *r)
{
	const struct ops_policy *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct item_policy next;
	struct item it;
	bool proven;
	enum err e;

	REQ_MUST_WAIT(r);
	e = find_for_policy(r, &it, &next);
	if ((proven = e == ERR_NEEDFACTOR))
		e = policy_prove(r, &p, NULL);
	if (e || (e = store_take(r->job)))
		return e;
	if ((e = find_for_policy(r, &it, &next)) && !(proven && e == ERR_NEEDFACTOR))
		return e;
	it.policy = next;
	it.policy.rev = it.rev + 1;
	return itemop_change(r, &it);
}
