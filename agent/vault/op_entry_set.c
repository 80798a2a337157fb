/* op_entry_set.c - an entry that an application makes or changes (lib/ops_entry.h). */
#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"

#define IN_HAS(m) wire_has(&ops_entry_set_map, in, m)

struct setting {
	const struct ops_entry_set *in;
	struct entry entry;
	struct entry_attrs attrs;
	struct itemop_new fresh;
	struct itemop_rev rev;
	struct item_client client;
	struct item item, old;
	struct buf name, box;
};
static struct setting setting; /* one at a time: the disk is ours */

enum err
op_entry_reply(struct req *r, const uint8_t id[16])
{
	struct ops_entry_rep rep = { .change = r->v->open.body.generation };
	struct ops_entry row;
	struct entry en;
	struct item it;

	if (body_item_by_id(&r->v->open.body, id, &it) || !entry_read(&it, &en))
		return ERR_NOTFOUND;
	op_entry_row(&it, &en, &row);
	rep.entry = (struct wire_list){ .v = &row, .n = 1 };
	wire_mark(&ops_entry_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- what is given ---- */
static int
compare(struct span a, struct span b)
{
	int d = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return d ? d : (a.len > b.len) - (a.len < b.len);
}

/* Sorted by name, each once. */
static enum err
place(struct entry *en, const struct ops_pair *p)
{
	size_t i = en->nattr;
	int d;

	if (entry_is_reserved(p->name))
		return ERR_RESERVED;
	if (p->name.len > OPS_ENTRY_NAME || p->value.len > OPS_ENTRY_VALUE)
		return ERR_TOOBIG;
	for (; i > 0; i--) {
		if ((d = compare(en->attr[i - 1].name, p->name)) == 0)
			return ERR_EXISTS;
		if (d < 0)
			break;
		en->attr[i] = en->attr[i - 1];
	}
	en->attr[i] = *p;
	en->nattr++;
	return ERR_OK;
}

static enum err
take_attributes(const struct ops_entry_set *in, struct entry *en)
{
	struct cbor c = wire_each(&in->attributes);
	struct ops_pair p;
	enum err e = ERR_OK;

	en->nattr = 0;
	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&ops_pair_map, &c, &p)))
			e = place(en, &p);
	return e;
}

static enum err
take_given(const struct ops_entry_set *in, struct entry *en)
{
	if (IN_HAS("collection"))
		en->collection = in->collection;
	if (IN_HAS("label"))
		en->label = in->label;
	if (IN_HAS("type"))
		en->type = in->type;
	return IN_HAS("attributes") ? take_attributes(in, en) : ERR_OK;
}

/* ---- new ---- */
static void
fill_new(struct setting *s)
{
	const struct ops_entry_set *in = s->in;

	s->entry.kind = in->kind;
	itemop_new(&s->fresh, ITEM_SECRET, &s->item);
	s->entry.created = IN_HAS("created") && in->import ? in->created : s->item.mtime;
	s->item.origin = (struct item_origin){ .kind = ORIGIN_IMPORTED };
	wire_mark(&item_origin_map, &s->item.origin);
	s->item.policy = (struct item_policy){ .use = IN_HAS("use") ? in->use : USE_ASK_ONCE,
		.may_export = true };
	if (IN_HAS("who") && !in->import && policy_client(&in->who, &s->client))
		s->item.policy.clients = (struct wire_list){ .v = &s->client, .n = 1 };
	wire_mark(&item_policy_map, &s->item.policy);
}

static enum err
find_old(struct req *r, struct setting *s)
{
	if (body_item_by_id(&r->v->open.body, s->in->id.p, &s->old) ||
	    !entry_read(&s->old, &s->entry) || s->entry.removed)
		return ERR_NOTFOUND;
	s->item = s->old;
	return itemop_next(&s->item, &s->rev);
}

static enum err
write_entry(struct req *r, struct setting *s)
{
	const struct ops_entry_set *in = s->in;
	bool is_new = !IN_HAS("id");
	struct delta d = DELTA_INIT;
	enum err e = ERR_OK;

	s->entry = (struct entry){ .collection = SPAN_LIT(ENTRY_COLLECTION) };
	if (is_new)
		fill_new(s);
	else
		e = find_old(r, s);
	if (e || (e = take_given(in, &s->entry)))
		return e;
	if (is_new || IN_HAS("label")) {
		if ((e = entry_name(
			 &r->v->open.body, s->entry.label, is_new ? NULL : s->item.id.p, &s->name)))
			return e;
		s->item.label = buf_span(&s->name);
	}
	entry_write(&s->entry, &s->attrs, &s->item);
	if ((e = is_new || IN_HAS("value") ? keyring_seal(r->v, &s->item, in->value, &s->box)
					   : itemop_reseal(r->v, &s->old, &s->item, &s->box)))
		return e;
	s->item.secret = buf_span(&s->box);
	wire_mark(&item_map, &s->item);
	delta_item(&d, &s->item);
	e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

/* What is there is changed by those who may read it. */
static enum err
may_change(struct req *r, const struct ops_entry_set *in)
{
	struct use u = { .verb = IN_HAS("value") ? "replace the secret" : "change what is around",
		.request = in->id,
		.who = op_entry_who(&ops_entry_set_map, in, &in->who) };

	return IN_HAS("id") ? op_entry_may(r, &u, in->id.p) : ERR_OK;
}

enum err
op_entry_set(struct req *r)
{
	const struct ops_entry_set *in = r->in;
	uint8_t id[16];
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = may_change(r, in)) || (e = store_take(r->job)))
		return e;
	setting = (struct setting){ .in = in };
	if (!(e = write_entry(r, &setting)))
		memcpy(id, in->id.len ? in->id.p : setting.fresh.id, 16);
	buf_done(&setting.name);
	buf_done(&setting.box);
	if (!e && !in->id.len && !in->import)
		policy_grant(r, op_entry_who(&ops_entry_set_map, in, &in->who), id);
	if (!e)
		e = op_entry_reply(r, id);
	vault_touch(r->v);
	return e;
}
