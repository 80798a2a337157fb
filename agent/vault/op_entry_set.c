/* op_entry_set.c - an entry that an application makes or changes (lib/ops_entry.h). */
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

#define IN_HAS(m) wire_has(&ops_entry_set_map, in, m)

#define ATTRS_MOST (64 * 1024) /* bytes of all attributes of one */

struct setting {
	const struct ops_entry_set *in;
	struct entry was, entry;
	struct itemop_new fresh;
	struct item_client client;
	struct item item;
	struct buf name;
};
static struct setting setting; /* large; one at a time: the disk is ours */

enum err
op_entry_reply(struct req *r, const uint8_t id[16])
{
	struct ops_entry_rep rep = { .change = store_change(r->v) };
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
check_sizes(struct req *r, const struct ops_pair *p, size_t *all)
{
	*all += p->name.len + p->value.len;
	if (p->name.len > OPS_ENTRY_NAME)
		req_text(r, "an attribute's name may have %d bytes, not %zu", OPS_ENTRY_NAME,
		    p->name.len);
	else if (p->value.len > OPS_ENTRY_VALUE)
		req_text(r, "an attribute's value may have %d bytes, not %zu", OPS_ENTRY_VALUE,
		    p->value.len);
	else if (*all > ATTRS_MOST)
		req_text(r, "all attributes together may have %d bytes", ATTRS_MOST);
	else
		return ERR_OK;
	return ERR_TOOBIG;
}

static enum err
take_attributes(struct req *r, const struct ops_entry_set *in, struct entry *en)
{
	struct cbor c = wire_each(&in->attributes);
	struct ops_pair p;
	size_t all = 0;
	enum err e = ERR_OK;

	en->nattr = 0;
	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&ops_pair_map, &c, &p)) && !(e = check_sizes(r, &p, &all)))
			e = place(en, &p);
	return e;
}

static bool
is_taken(const struct body *b, struct span collection)
{
	static struct entry en; /* large */
	struct item it;
	size_t pos = 0;

	while (body_entry_next(b, &pos, &it))
		if (entry_read(&it, &en) && en.kind == OPS_ENTRY_COLLECTION && !en.removed &&
		    span_eq(en.collection, collection))
			return true;
	return false;
}

/* A collection keeps its id: what is in it is found by it. */
static enum err
take_collection(struct req *r, const struct ops_entry_set *in, bool is_new, struct entry *en)
{
	if (!entry_is_collection_id(in->collection)) {
		req_text(r, "the id of a collection has letters, digits and _ alone");
		return ERR_TEXT;
	}
	if (en->kind == OPS_ENTRY_COLLECTION && is_new &&
	    is_taken(&r->v->open.body, in->collection))
		return ERR_EXISTS;
	if (en->kind == OPS_ENTRY_COLLECTION && !is_new && !span_eq(in->collection, en->collection))
		return ERR_EXISTS;
	en->collection = in->collection;
	return ERR_OK;
}

static enum err
take_given(struct req *r, struct setting *s, bool is_new)
{
	const struct ops_entry_set *in = s->in;
	enum err e = ERR_OK;

	if (is_new && s->entry.kind == OPS_ENTRY_COLLECTION && !IN_HAS("collection"))
		e = ERR_RANGE;
	else if (IN_HAS("collection"))
		e = take_collection(r, in, is_new, &s->entry);
	if (IN_HAS("label"))
		s->entry.label = in->label;
	if (IN_HAS("type"))
		s->entry.type = in->type;
	if (!e && IN_HAS("attributes"))
		e = take_attributes(r, in, &s->entry);
	return e;
}

static enum err
take_name(struct req *r, struct setting *s, const uint8_t *self)
{
	enum err e = entry_name(&r->v->open.body, s->entry.label, self, &s->name);

	s->item.label = buf_span(&s->name);
	return e;
}

/* ---- new ---- */
static uint64_t
usual_use(const struct ops_entry_set *in)
{
	if (IN_HAS("use"))
		return in->use;
	return in->kind == OPS_ENTRY_COLLECTION ? USE_FREE : USE_ASK_ONCE;
}

static void
fill_new(const struct req *r, struct setting *s)
{
	const struct ops_entry_set *in = s->in;

	s->entry.kind = (enum ops_entry_kind)in->kind;
	itemop_new(&s->fresh, ITEM_SECRET, &s->item);
	s->entry.created = IN_HAS("created") && in->import ? in->created : s->item.mtime;
	s->item.origin = (struct item_origin){ .kind = ORIGIN_IMPORTED };
	wire_mark(&item_origin_map, &s->item.origin);
	s->item.policy = (struct item_policy){ .use = usual_use(in), .may_export = true };
	/* what others claim makes nobody an owner */
	if (IN_HAS("who") && !in->import && r->c && policy_is_adapter(r->c) &&
	    policy_client(&in->who, &s->client))
		s->item.policy.clients = (struct wire_list){ .v = &s->client, .n = 1 };
	wire_mark(&item_policy_map, &s->item.policy);
}

static enum err
make(struct req *r, struct setting *s, struct entry_change *ch)
{
	enum err e;

	s->entry = (struct entry){ .collection = SPAN_LIT(ENTRY_COLLECTION) };
	fill_new(r, s);
	if ((e = take_given(r, s, true)) || (e = take_name(r, s, NULL)))
		return e;
	return entry_change_new(r, ch, &s->entry, &s->item, s->in->value);
}

/* ---- what is there ---- */
static enum err
is_other_value(struct req *r, struct setting *s, bool *is)
{
	const struct ops_entry_set *in = s->in;
	struct sec own = { 0 };
	enum err e = ERR_OK;

	*is = false;
	if (IN_HAS("value") && !(e = keyring_secret(r->v, &s->item, &own)))
		*is = !crypto_eq(sec_span(&own), in->value);
	sec_done(&own);
	return e;
}

/* What is as it was needs no change: programs write the same again and again. */
static bool
is_same(const struct setting *s)
{
	return span_eq(s->was.label, s->entry.label) && span_eq(s->was.type, s->entry.type) &&
	    entry_same(&s->was, &s->entry);
}

static enum err
edit(struct req *r, struct setting *s, struct entry_change *ch)
{
	bool other, renamed;
	enum err e;

	if ((e = op_entry_find(r->v, s->in->id, false, &s->item, &s->was)))
		return e;
	s->entry = s->was;
	if ((e = take_given(r, s, false)) || (e = is_other_value(r, s, &other)))
		return e;
	if (!other && is_same(s))
		return ERR_OK;
	renamed = !span_eq(s->was.label, s->entry.label);
	if (other) {
		if ((e = entry_change_aside(r, ch, &s->item, &s->was, renamed)))
			return e;
		s->item.exposed = 0; /* nobody else knows the new value */
	}
	if (renamed && (e = take_name(r, s, other ? NULL : s->in->id.p)))
		return e;
	return entry_change_next(r, ch, &s->entry, &s->item, other ? &s->in->value : NULL);
}

/* ---- both ---- */
/* What is there is changed by those who may read it. */
static enum err
may_change(struct req *r, const struct ops_entry_set *in)
{
	struct use u = { .verb = IN_HAS("value") ? "replace the secret" : "change the entry",
		.request = in->id,
		.who = op_entry_who(&ops_entry_set_map, in, &in->who) };
	struct use_item one = { .err = ERR_OK };
	struct item it;

	if (!IN_HAS("id"))
		return ERR_OK;
	memcpy(one.id, in->id.p, sizeof one.id);
	if (op_entry_find(r->v, in->id, false, &it, &setting.was))
		return ERR_NOTFOUND;
	return op_entry_may(r, &u, &one, 1);
}

enum err
op_entry_set(struct req *r)
{
	const struct ops_entry_set *in = r->in;
	struct entry_change ch = ENTRY_CHANGE_INIT;
	bool is_new = !IN_HAS("id");
	uint8_t id[16];
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = may_change(r, in)) || (e = store_take(r->job)))
		return e;
	setting = (struct setting){ .in = in };
	if (!(e = is_new ? make(r, &setting, &ch) : edit(r, &setting, &ch))) {
		memcpy(id, is_new ? setting.fresh.id : in->id.p, sizeof id);
		e = entry_change_commit(r, &ch);
	}
	entry_change_done(&ch);
	buf_done(&setting.name);
	if (e)
		return e;
	if (is_new && !in->import)
		policy_grant(r, op_entry_who(&ops_entry_set_map, in, &in->who), id);
	vault_touch(r->v);
	return op_entry_reply(r, id);
}
