/*
 * op_slot_change.c - ways in are added, removed, renewed: each proven by a fresh factor of an
 * existing way in, each one rewrite of the file.  Removing and renewing make a new line: a new VRK,
 * so that what was removed opens nothing that is written from now on (DESIGN 6).
 */
#include <stdio.h>

#include "agent/slot/slot.h"
#include "agent/vault/audit.h"
#include "agent/vault/op.h"
#include "agent/vault/slotchange.h"
#include "agent/vault/store.h"
#include "lib/text.h"

/* ---- the factors of a new way in ---- */
static enum err
enrol_phrase(struct slotchange *c)
{
	struct span id = SPAN(c->slot.id, 16);
	struct way_words w = { .ids = &id, .nids = 1 };
	struct seed s;
	enum err e;

	if ((e = body_seed_last(&c->r->v->open.body, &s)))
		return e;
	w.fpr = s.fpr;
	c->slot.factors |= FACTOR_PHRASE;
	return way_ask_words(c->r->job, &w, &c->f3);
}

static enum err
gather(struct slotchange *c, uint64_t way, const struct enrol_want *w)
{
	enum err e = ERR_OK;

	if (!slot_type_find((unsigned)way))
		return ERR_USAGE;
	job_event(c->r->job, OPS_EV_NOTE, "now the new way in");
	if (way & OPS_WAY_TOKEN)
		e = enrol_token(c->r->job, w, &c->slot, &c->f1, &c->rep);
	if (!e && (way & OPS_WAY_PASS))
		e = enrol_passphrase(c->r->job, w, &c->slot, &c->f2);
	if (!e && (way & OPS_WAY_PHRASE))
		e = enrol_phrase(c);
	return e;
}

static enum err
answer(struct slotchange *c, const struct slot *s, struct span label)
{
	struct ops_slot_rep rep = {
		.id = SPAN(s->id, 16), .label = label, .note = span_str(c->rep.note)
	};

	wire_mark(&ops_slot_rep_map, &rep);
	return req_reply(c->r, &rep);
}

static void
set_hint(struct slot *s, struct span hint)
{
	snprintf(
	    s->hint, sizeof s->hint, "%.*s", (int)hint.len, hint.len ? (const char *)hint.p : "");
}

/* ---- add ---- */
static enum err
check_add(const struct vault *v, const struct ops_slot_add *in)
{
	int other;

	if (!slot_type_find((unsigned)in->way))
		return ERR_USAGE;
	if (!text_is_name(in->label) || (in->hint.len && !text_is_name(in->hint)))
		return ERR_TEXT;
	if (op_slot_find(v, in->label, &other) != ERR_NOTFOUND)
		return ERR_EXISTS;
	return outer_slot_free(&v->open.outer) < 0 ? ERR_SLOTSFULL : ERR_OK;
}

static enum err
add(struct slotchange *c, const struct ops_slot_add *in)
{
	const struct vault *v = c->r->v;
	struct enrol_want w = { .outer = &v->open.outer,
		.replaces = -1,
		.path = in->token,
		.no_pin = in->no_pin,
		.force = in->force,
		.argon_m = (uint32_t)in->argon_m,
		.argon_t = (uint32_t)in->argon_t };
	struct store_rewrite sr = { .outer = &c->outer, .body = &c->body };
	enum err e;

	if ((e = slotchange_prove(c, in->proof, in->proof_label, in->force)))
		return e;
	slotmake_new(&c->slot, c->now);
	audit_about(c->r, c->slot.id);
	set_hint(&c->slot, in->hint);
	if ((e = gather(c, in->way, &w)) || (e = slotchange_copy(c)) || (e = check_add(v, in)) ||
	    (e = slotchange_seal(c, outer_slot_free(&c->outer), in->label, sec_span(&v->open.vrk))))
		return e;
	return store_rewrite(c->r->job, &sr);
}

enum err
op_slot_add(struct req *r)
{
	const struct ops_slot_add *in = r->in;
	struct slotchange *c = NULL;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = check_add(r->v, in)))
		return e;
	if (!(e = slotchange_begin(r, &c)) && !(e = add(c, in)))
		e = answer(c, &c->slot, in->label);
	slotchange_end(c);
	return e;
}

/* ---- remove ---- */
static size_t
usable_slots(const struct outer *o)
{
	size_t n = 0;

	for (size_t i = 0; i < OUTER_SLOTS; i++)
		n += outer_slot_ok(o, i);
	return n;
}

static enum err
enough_left(const struct outer *o, bool one_way_in)
{
	size_t n = usable_slots(o);

	if (n < 2)
		return ERR_LASTSLOT;
	return n == 2 && !one_way_in ? ERR_ONEWAY : ERR_OK;
}

/* Whoever has that way in may have opened a copy: a new VRK does not take back what they read. */
static enum err
mark_exposed(struct body *b, uint64_t now)
{
	struct item it;
	struct seed s;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_seed_next(b, &pos, &s)) {
		s.exposed = s.exposed ? s.exposed : now;
		e = body_seed_put(b, &s);
	}
	pos = 0;
	while (!e && body_item_next(b, &pos, &it)) {
		if (it.exposed || (it.kind != ITEM_KEY && it.kind != ITEM_SECRET))
			continue;
		it.exposed = now;
		e = body_item_put(b, &it);
	}
	return e;
}

static enum err
remove_slot(struct slotchange *c, const struct ops_slot_sel *in)
{
	struct slotchange_line line = { 0 };
	int i;
	enum err e;

	if ((e = slotchange_prove(c, in->proof, in->proof_label, in->force)) ||
	    (e = slotchange_copy(c)) || (e = op_slot_find(c->r->v, in->label, &i)) ||
	    (e = enough_left(&c->outer, in->one_way_in)))
		return e;
	line.at_hand = c->proof.slot == i ? -1 : c->proof.slot;
	c->slot = c->outer.slot[i];
	audit_about(c->r, c->slot.id);
	outer_slot_clear(&c->outer, (size_t)i);
	if ((e = body_note_remove(&c->body, c->slot.id, c->now)) ||
	    (in->exposed && (e = mark_exposed(&c->body, c->now))))
		return e;
	return slotchange_new_line(c, &line);
}

enum err
op_slot_remove(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	struct slotchange *c = NULL;
	int i;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_slot_find(r->v, in->label, &i)) ||
	    (e = enough_left(&r->v->open.outer, in->one_way_in)))
		return e;
	if (!(e = slotchange_begin(r, &c)) && !(e = remove_slot(c, in)))
		e = answer(c, &c->slot, in->label);
	slotchange_end(c);
	return e;
}

/* ---- renew: new credential or salt, new line ---- */
struct renewing {
	int slot;
	char label[256];
};

static enum err
seal_renewed(struct slotchange *c, struct span vrk, void *arg)
{
	const struct renewing *n = arg;

	return slotchange_seal(c, n->slot, span_str(n->label), vrk);
}

static enum err
renew(struct slotchange *c, const struct ops_slot_sel *in, int i)
{
	struct vault *v = c->r->v;
	const struct slot *old = &v->open.outer.slot[i];
	struct enrol_want w = { .outer = &v->open.outer,
		.replaces = i,
		.path = in->token,
		.no_pin = !old->uv,
		.force = in->force,
		.argon_m = old->argon_m,
		.argon_t = old->argon_t };
	struct renewing n = { .slot = i };
	struct slotchange_line line = { .more = seal_renewed, .arg = &n };
	enum err e;

	if ((e = slotchange_prove(c, in->proof, in->proof_label, in->force)))
		return e;
	way_label(&v->open.outer, &v->open.body, i, n.label, sizeof n.label);
	slotmake_new(&c->slot, c->now);
	audit_about(c->r, c->slot.id);
	if (in->hint.len)
		set_hint(&c->slot, in->hint);
	else
		memcpy(c->slot.hint, old->hint, sizeof old->hint);
	if ((e = gather(c, old->factors, &w)) || (e = slotchange_copy(c)))
		return e;
	outer_slot_clear(&c->outer, (size_t)i);
	if ((e = body_note_remove(&c->body, old->id, c->now)))
		return e;
	line.at_hand = c->proof.slot == i ? -1 : c->proof.slot;
	return slotchange_new_line(c, &line);
}

enum err
op_slot_renew(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	struct slotchange *c = NULL;
	int i;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_slot_find(r->v, in->label, &i)))
		return e;
	if (!(e = slotchange_begin(r, &c)) && !(e = renew(c, in, i)))
		e = answer(c, &c->slot, in->label);
	slotchange_end(c);
	return e;
}
