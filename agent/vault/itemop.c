/* itemop.c - what the handlers of identities and secrets share. */
#include "agent/vault/itemop.h"

#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/derive.h"
#include "agent/vault/epochs.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define LOOK_MOST  8192 /* items in one page: nobody waits for a search in a million */
#define SHOWN_MOST 4095

enum err
itemop_find(const struct vault *v, uint64_t kind, struct span label, struct item *it)
{
	uint8_t id[16];
	size_t n;

	/* the id first: names are chosen by clients, who must not take the place of another item */
	if (label.len == 32 && !text_decode(TEXT_HEX, label, id, sizeof id, &n) && n == 16 &&
	    !body_item_by_id(&v->open.body, id, it) &&
	    (kind ? it->kind == kind : it->kind <= ITEM_SECRET))
		return ERR_OK;
	for (uint64_t k = ITEM_KEY; k <= ITEM_SECRET; k++)
		if ((!kind || k == kind) && !body_item_by_label(&v->open.body, k, label, it))
			return ERR_OK;
	return ERR_NOTFOUND;
}

void
itemop_agree(const struct item *it, struct itemop_agreed *a)
{
	memcpy(a->id, it->id.p, sizeof a->id);
	a->use = it->policy.use;
}

enum err
itemop_again(const struct vault *v, const struct itemop_agreed *a, struct item *it)
{
	enum err e;

	if ((e = body_item_by_id(&v->open.body, a->id, it)))
		return e;
	return it->policy.use > a->use ? ERR_DENIED : ERR_OK;
}

bool
itemop_is_retired(const struct item *it)
{
	struct cbor c = wire_each(&it->epochs);
	struct item_epoch ep = { .state = EPOCH_ACTIVE };

	while (!cbor_at_end(&c) && !wire_next(&item_epoch_map, &c, &ep))
		;
	return ep.state != EPOCH_ACTIVE;
}

enum err
itemop_key(struct vault *v, const struct item *it, struct format_in *in)
{
	const struct sec *priv;
	const uint8_t *pub;
	size_t publen;
	enum err e;

	if ((e = keyring_get(v, it, &priv, &pub, &publen)))
		return e;
	*in = (struct format_in){ .account = it->origin.account,
		.priv = sec_span(priv),
		.pub = SPAN(pub, publen),
		.alg = it->origin.alg };
	return ERR_OK;
}

/* ---- rows of lists ---- */
static struct span
kept(struct buf *mem, size_t at)
{
	return mem->failed ? SPAN_NONE : SPAN(mem->p + at, mem->len - at);
}

/* The one-line public form, as it was stored when the key was made. */
static struct span
shown(const struct item *it)
{
	struct cbor c = cbor_from(it->public_part);
	struct span text = SPAN_NONE;

	if (!it->public_part.len || cbor_get_text(&c, &text) || text.len > SHOWN_MOST)
		return SPAN_NONE;
	return text;
}

static void
fill_epoch(const struct item *it, struct ops_item *row)
{
	struct item_epoch ep;

	epochs_current(it, &ep);
	row->epoch = ep.epoch;
	row->state = ep.state;
	row->generation = ep.generation;
	row->epochs = epochs_count(it);
}

/* From the phrase that the owner has now, that is the one of the newest seed. */
static bool
is_recoverable(const struct vault *v, const struct item *it)
{
	struct item_epoch ep;
	struct seed mine, newest;

	if (it->origin.kind != ORIGIN_DERIVED)
		return false;
	epochs_current(it, &ep);
	return !body_seed_get(&v->open.body, ep.generation, &mine) &&
	    !body_seed_last(&v->open.body, &newest) && span_eq(mine.fpr, newest.fpr);
}

void
itemop_row(struct vault *v, const struct item *it, struct buf *mem, struct ops_item *row)
{
	size_t at = mem->len;

	*row = (struct ops_item){ .label = it->label,
		.use = it->policy.use,
		.may_export = it->policy.may_export,
		.mtime = it->mtime,
		.origin = it->origin.kind,
		.exposed = it->exposed };
	buf_put_span(mem, it->id);
	row->id = kept(mem, at);
	row->recoverable = is_recoverable(v, it);
	if (it->kind == ITEM_KEY) {
		row->service = it->origin.service;
		row->account = it->origin.account;
		row->purpose = it->origin.purpose;
		row->alg = it->origin.alg;
		row->shown = shown(it);
		fill_epoch(it, row);
	}
	wire_mark(&ops_item_map, row);
}

/* ---- pages ---- */
static bool
contains(struct span text, struct span part)
{
	return !part.len || memmem(text.p, text.len, part.p, part.len);
}

static bool
is_retired(const struct item *it)
{
	struct item_epoch ep;

	epochs_current(it, &ep);
	return ep.state != EPOCH_ACTIVE;
}

/* Has it an attribute like this? */
static bool
has_attribute(const struct item *it, const struct ops_pair *p)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;

	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (span_eq(a.name, p->name) && span_eq(a.value, p->value))
			return true;
	return false;
}

static bool
has_attributes(const struct item *it, const struct wire_list *all)
{
	struct cbor c = wire_each(all);
	struct ops_pair p;

	while (!cbor_at_end(&c))
		if (wire_next(&ops_pair_map, &c, &p) || !has_attribute(it, &p))
			return false;
	return true;
}

static bool
wanted(const struct ops_page *in, uint64_t kind, const struct item *it)
{
	if (it->kind != kind || !contains(it->label, in->match))
		return false;
	if (in->service.len && !span_eq(in->service, it->origin.service))
		return false;
	return (in->all || !is_retired(it)) && has_attributes(it, &in->attributes);
}

/* The cursor is a position, which stays good until the vault is opened anew (body.h). */
static enum err
read_cursor(struct span cursor, size_t *pos)
{
	if (cursor.len && cursor.len != 8)
		return ERR_RANGE;
	*pos = cursor.len ? (size_t)be64(cursor.p) : 0;
	return ERR_OK;
}

enum err
itemop_list(struct req *r, uint64_t kind)
{
	static struct ops_item rows[OPS_PAGE];
	const struct ops_page *in = r->in;
	struct ops_item_list_rep rep = { .items.v = rows };
	struct buf mem = BUF_INIT;
	uint8_t cursor[8];
	struct item it;
	size_t pos, cost, looked = 0, budget = OPS_FRAME_MAX / 2;
	enum err e;

	if ((e = read_cursor(in->cursor, &pos)))
		return e;
	if (!buf_room(&mem, OPS_PAGE * ITEMOP_ROW))
		return ERR_NOMEM;
	while (rep.items.n < OPS_PAGE && budget > 8192 && looked < LOOK_MOST &&
	    body_item_next(&r->v->open.body, &pos, &it)) {
		looked++;
		if (!wanted(in, kind, &it))
			continue;
		itemop_row(r->v, &it, &mem, &rows[rep.items.n++]);
		cost = 128 + 2 * it.label.len + rows[rep.items.n - 1].shown.len;
		budget -= cost < budget ? cost : budget;
	}
	if (rep.items.n == OPS_PAGE || budget <= 8192 || looked == LOOK_MOST) {
		put_be64(cursor, pos);
		rep.cursor = SPAN(cursor, sizeof cursor);
	}
	wire_mark(&ops_item_list_rep_map, &rep);
	e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

/* ---- changes ---- */
void
itemop_new(struct itemop_new *n, uint64_t kind, struct item *it)
{
	*it = (struct item){ .kind = kind, .rev = 1, .mtime = (uint64_t)time(NULL) };
	crypto_random(n->id, sizeof n->id);
	crypto_random(n->rev_id, sizeof n->rev_id);
	n->rev = SPAN(n->rev_id, sizeof n->rev_id);
	it->id = SPAN(n->id, sizeof n->id);
	it->rev_ids = (struct wire_list){ .v = &n->rev, .n = 1 };
}

enum err
itemop_next(struct item *it, struct itemop_rev *rev)
{
	crypto_random(rev->rev_id, sizeof rev->rev_id);
	it->mtime = (uint64_t)time(NULL);
	return item_next_rev(it, rev->rev_id, &rev->h);
}

/* Secrets are sealed with their revision: the handler that changes one seals it itself.  Here only
 * what is around it changes, so it is opened and sealed again. */
enum err
itemop_reseal(struct vault *v, const struct item *old, struct item *it, struct buf *box)
{
	struct sec s = { 0 };
	enum err e = ERR_OK;

	if (!old->secret.len)
		return ERR_OK;
	if (!(e = keyring_secret(v, old, &s)) && !(e = keyring_seal(v, it, sec_span(&s), box)))
		it->secret = buf_span(box);
	sec_done(&s);
	return e;
}

enum err
itemop_change(struct req *r, struct item *it)
{
	struct delta d = DELTA_INIT;
	struct buf box = BUF_INIT;
	struct itemop_rev rev;
	struct item old = *it;
	enum err e;

	audit_about(r, it->id.p);
	if (!(e = itemop_next(it, &rev)) && !(e = itemop_reseal(r->v, &old, it, &box))) {
		wire_mark(&item_map, it);
		delta_item(&d, it);
		e = store_append(r->job, &d);
	}
	buf_done(&box);
	delta_done(&d);
	return e;
}
