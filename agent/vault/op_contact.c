/*
 * op_contact.c - other people's cards, pinned.  A card that is there is replaced by one that its
 * owner's keys vouch for; by any other only with a fresh factor, and so is forgetting one: a
 * program at the socket cannot exchange somebody's keys for others.
 */
#include <stdlib.h>
#include <time.h>

#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"
#include "lib/didkey.h"
#include "lib/idcard.h"

/* ---- stored ones ---- */
static enum err
card_of(const struct item *it, struct span *card)
{
	struct cbor c = cbor_from(it->public_part);

	return cbor_get_bytes(&c, card);
}

static enum err
open_item(const struct item *it, struct idcard *card)
{
	struct span bytes;
	enum err e = card_of(it, &bytes);

	return e ? e : idcard_verify(bytes, card);
}

static enum err
find(const struct vault *v, struct span name, struct item *it)
{
	return body_item_by_label(&v->open.body, ITEM_CONTACT, name, it);
}

static bool
has_identity(const struct idcard *card, const struct succession_state *st)
{
	for (size_t i = 0; i < card->n; i++)
		if (span_eq(card->state[i].service, st->service) &&
		    span_eq(card->state[i].account, st->account))
			return true;
	return false;
}

static bool
share_identity(const struct idcard *a, const struct idcard *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (has_identity(a, &b->state[i]))
			return true;
	return false;
}

/* The contact that one of the card's identities belongs to, of the first if there are several.
 * ERR_CONTACT_NONE. */
static enum err
find_owner(const struct vault *v, const struct idcard *card, struct item *it)
{
	struct idcard pinned;
	size_t pos = 0;
	bool found = false;

	while (!found && body_item_next(&v->open.body, &pos, it)) {
		if (it->kind != ITEM_CONTACT)
			continue;
		pinned = IDCARD_INIT;
		found = !open_item(it, &pinned) && share_identity(&pinned, card);
		idcard_done(&pinned);
	}
	return found ? ERR_OK : ERR_CONTACT_NONE;
}

/* ---- writing ---- */
static enum err
put(struct req *r, struct item *it, struct span card)
{
	struct delta d = DELTA_INIT;
	struct buf public = BUF_INIT;
	enum err e;

	cbor_put_bytes(&public, card);
	it->public_part = buf_span(&public);
	if (!(e = buf_err(&public))) {
		delta_item(&d, it);
		e = store_append(r->job, &d);
	}
	buf_done(&public);
	delta_done(&d);
	return e;
}

static enum err
pin_new(struct req *r, struct span name, struct span card)
{
	struct itemop_new fresh;
	struct item it;

	if (body_items(&r->v->open.body) >= BODY_ITEMS)
		return ERR_LIMIT;
	itemop_new(&fresh, ITEM_CONTACT, &it);
	it.label = name;
	it.origin = (struct item_origin){ .kind = ORIGIN_IMPORTED };
	wire_mark(&item_origin_map, &it.origin);
	wire_mark(&item_policy_map, &it.policy);
	return put(r, &it, card);
}

static enum err
pin_newer(struct req *r, const uint8_t id[16], struct span card)
{
	struct itemop_rev rev;
	struct item it;
	enum err e;

	if ((e = body_item_by_id(&r->v->open.body, id, &it)) || (e = itemop_next(&it, &rev)))
		return e;
	return put(r, &it, card);
}

/* ---- add ---- */
/* One line, so that it can be told from others. */
static enum err
check_name(struct span name)
{
	if (!name.len)
		return ERR_USAGE;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < ' ')
			return ERR_TEXT;
	return ERR_OK;
}

enum err
op_contact_add(struct req *r)
{
	const struct ops_contact *in = r->in;
	struct idcard card = IDCARD_INIT;
	struct item it;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = check_name(in->name)) || (e = store_take(r->job)))
		return e;
	if (!find(r->v, in->name, &it))
		return ERR_EXISTS;
	if (!(e = idcard_verify(in->card, &card)) && !find_owner(r->v, &card, &it)) {
		req_text(r, "as '%.*s'", (int)it.label.len, (const char *)it.label.p);
		e = ERR_CONTACT_KNOWN;
	}
	idcard_done(&card);
	return e ? e : pin_new(r, in->name, in->card);
}

enum err
op_contact_list(struct req *r)
{
	return itemop_list(r, ITEM_CONTACT);
}

enum err
op_contact_show(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct ops_contact_show_rep rep = { 0 };
	struct item it;
	enum err e;

	if ((e = find(r->v, in->label, &it)) || (e = card_of(&it, &rep.card)))
		return e;
	rep.name = it.label;
	rep.pinned_at = it.mtime;
	wire_mark(&ops_contact_show_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- check ---- */
/* Too large for a stack. */
struct check {
	uint8_t id[16]; /* of the contact */
	struct idcard pinned, card;
	struct idcard_report report;
	struct ops_contact_row row[2 * IDCARD_IDENTITIES];
	struct buf old; /* what is pinned: the body's own goes when it is replaced */
	struct buf mem;
	bool stored;
};

static struct span
did(const struct idcard *card, int i, struct buf *mem)
{
	size_t at = mem->len;
	char text[DIDKEY_TEXT];

	if (i < 0)
		return SPAN_NONE;
	didkey_print(card->state[i].key, text);
	buf_put_str(mem, text);
	return mem->failed ? SPAN_NONE : SPAN(mem->p + at, mem->len - at);
}

static void
fill_row(struct check *c, size_t i)
{
	const struct idcard_row *from = &c->report.row[i];
	const struct succession_state *st =
	    from->was >= 0 ? &c->pinned.state[from->was] : &c->card.state[from->is];

	c->row[i] = (struct ops_contact_row){ .service = st->service,
		.account = st->account,
		.change = from->change,
		.forks = from->change == IDCARD_CHANGED && from->relation == SUCCESSION_FORKS,
		.was = did(&c->pinned, from->was, &c->mem),
		.is = did(&c->card, from->is, &c->mem),
		.added = from->added,
		.changed = from->changed,
		.removed = from->removed };
	wire_mark(&ops_contact_row_map, &c->row[i]);
}

static enum err
compare(struct req *r, struct check *c)
{
	const struct ops_contact *in = r->in;
	struct span pinned;
	struct item it;
	enum err e;

	idcard_done(&c->pinned);
	idcard_done(&c->card);
	c->pinned = c->card = IDCARD_INIT;
	if ((e = idcard_verify(in->card, &c->card)) ||
	    (e = in->name.len ? find(r->v, in->name, &it) : find_owner(r->v, &c->card, &it)) ||
	    (e = card_of(&it, &pinned)))
		return e;
	memcpy(c->id, it.id.p, sizeof c->id);
	buf_reset(&c->old);
	buf_put_span(&c->old, pinned);
	if ((e = buf_err(&c->old)) || (e = idcard_verify(buf_span(&c->old), &c->pinned)))
		return e;
	return idcard_compare(&c->pinned, &c->card, &c->report);
}

static bool
is_meant(const struct check *c)
{
	return c->report.verdict == IDCARD_VERDICT_SAME ||
	    c->report.verdict == IDCARD_VERDICT_UPDATED;
}

/* Asked again with the disk in hand: what was pinned may be newer by now. */
static enum err
update(struct req *r, struct check *c)
{
	const struct ops_contact *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label };
	enum err e = ERR_OK;

	if (!in->update || (!is_meant(c) && !in->force))
		return ERR_OK;
	p.request = SPAN_LIT("contact");
	if (!is_meant(c) && (e = policy_prove(r, &p, NULL)))
		return e;
	if ((e = store_take(r->job)) || (e = compare(r, c)))
		return e;
	if (!is_meant(c) && !in->force)
		return ERR_OK;
	if ((e = pin_newer(r, c->id, in->card)))
		return e;
	c->stored = true;
	return ERR_OK;
}

/* The name is the contact's as it is now. */
static enum err
answer(struct req *r, struct check *c)
{
	struct ops_contact_check_rep rep = { .verdict = c->report.verdict, .pinned = c->stored };
	struct item it;
	enum err e;

	if ((e = body_item_by_id(&r->v->open.body, c->id, &it)))
		return e;
	rep.name = it.label;
	rep.rows = (struct wire_list){ .v = c->row, .n = c->report.n };
	wire_mark(&ops_contact_check_rep_map, &rep);
	return req_reply(r, &rep);
}

static enum err
check(struct req *r, struct check *c)
{
	enum err e;

	if (!buf_room(&c->mem, sizeof c->row / sizeof *c->row * 2 * DIDKEY_TEXT))
		return ERR_NOMEM;
	if ((e = compare(r, c)) || (e = update(r, c)))
		return e;
	for (size_t i = 0; i < c->report.n; i++)
		fill_row(c, i);
	return answer(r, c);
}

enum err
op_contact_check(struct req *r)
{
	struct check *c;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(c = calloc(1, sizeof *c)))
		return ERR_NOMEM;
	e = check(r, c);
	idcard_done(&c->pinned);
	idcard_done(&c->card);
	buf_done(&c->old);
	buf_done(&c->mem);
	free(c);
	return e;
}

/* ---- remove ---- */
enum err
op_contact_remove(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct delta d = DELTA_INIT;
	struct body_tomb_revs revs;
	struct tomb t;
	struct item it;
	enum err e;

	REQ_MUST_WAIT(r);
	p.request = SPAN_LIT("contact");
	if ((e = find(r->v, in->label, &it)) || (e = policy_prove(r, &p, NULL)) ||
	    (e = store_take(r->job)) || (e = find(r->v, in->label, &it)))
		return e;
	body_item_tomb(&r->v->open.body, &it, (uint64_t)time(NULL), &t, &revs);
	delta_tomb(&d, &t);
	e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}
