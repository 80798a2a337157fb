/*
 * op_slot_change.c - ways in are added, removed, renewed: each proven by a fresh factor of an
 * existing way in, each one rewrite of the file.  Removing and renewing make a new line: a new VRK,
 * so that what was removed opens nothing that is written from now on (DESIGN 6).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/slot/slot.h"
#include "agent/vault/enrol.h"
#include "agent/vault/op.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/text.h"

/* A change under way: copies, so that nothing is different before it is on the disk. */
struct change {
	struct req *r;
	struct outer outer;
	struct body body;
	struct slot slot;
	struct way_got proof; /* the way in that was proven */
	struct sec f1, f2, f3;
	struct enrol_report rep;
	uint64_t now;
};

static enum err
begin(struct req *r, struct change **out)
{
	struct change *c = calloc(1, sizeof *c);

	if (!c)
		return ERR_NOMEM;
	c->r = r;
	c->now = (uint64_t)time(NULL);
	body_init(&c->body);
	*out = c;
	return ERR_OK;
}

/* The person is done; from here to the rewrite nobody else may change anything.  A way in may have
 * been removed meanwhile, which makes a new VRK: then it may be the one that was proven. */
static enum err
copy_vault(struct change *c)
{
	struct vault *v = c->r->v;
	enum err e;

	if ((e = store_take(c->r->job)))
		return e;
	if (!v->open.is || !crypto_eq(sec_span(&c->proof.vrk), sec_span(&v->open.vrk)))
		return ERR_NEEDFACTOR;
	c->outer = v->open.outer;
	return body_clone(&v->open.body, &c->body);
}

static void
end(struct change *c)
{
	if (!c)
		return;
	body_done(&c->body);
	way_done(&c->proof);
	sec_done(&c->f1);
	sec_done(&c->f2);
	sec_done(&c->f3);
	sec_zero(c, sizeof *c);
	free(c);
}

/* Fresh: its wrap is opened again and compared; a VRK in memory is never enough (DESIGN 9). */
static enum err
prove(struct change *c, uint64_t ways, struct span label, bool force)
{
	struct vault *v = c->r->v;
	struct way_want w = { .outer = &v->open.outer,
		.body = &v->open.body,
		.ways = ways,
		.label = label,
		.force = force,
		.purpose = "approve",
		.why = "to prove that it is you" };
	enum err e;

	job_event(c->r->job, OPS_EV_NOTE, "first, prove that it is you");
	if ((e = way_open(c->r->job, &w, &c->proof)))
		return e;
	return crypto_eq(sec_span(&c->proof.vrk), sec_span(&v->open.vrk)) ? ERR_OK : ERR_NEEDFACTOR;
}

/* ---- the factors of a new way in ---- */
static enum err
enrol_phrase(struct change *c)
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
gather(struct change *c, uint64_t way, const struct enrol_want *w)
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
seal(struct change *c, int i, struct span label, struct span vrk)
{
	struct keys_factors f = { .token = sec_span(&c->f1),
		.passphrase = sec_span(&c->f2),
		.recovery = sec_span(&c->f3) };
	struct slotmake_note n = { .id = c->slot.id, .label = label, .now = c->now };
	struct slotmake_seal k = { .factors = &f, .vrk = vrk };
	enum err e;

	n.auth = k.auth;
	if (c->slot.factors & FACTOR_TOKEN)
		n.aaguid = SPAN(c->rep.aaguid, 16);
	outer_slot_clear(&c->outer, (size_t)i);
	if (!(e = slotmake_seal(&c->outer, i, &c->slot, &k)))
		e = slotmake_put_note(&c->body, &n);
	sec_zero(&k, sizeof k);
	return e;
}

static enum err
answer(struct change *c, const struct slot *s, struct span label)
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
add(struct change *c, const struct ops_slot_add *in)
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

	if ((e = prove(c, in->proof, in->proof_label, in->force)))
		return e;
	slotmake_new(&c->slot, c->now);
	set_hint(&c->slot, in->hint);
	if ((e = gather(c, in->way, &w)) || (e = copy_vault(c)) || (e = check_add(v, in)) ||
	    (e = seal(c, outer_slot_free(&c->outer), in->label, sec_span(&v->open.vrk))))
		return e;
	return store_rewrite(c->r->job, &sr);
}

enum err
op_slot_add(struct req *r)
{
	const struct ops_slot_add *in = r->in;
	struct change *c = NULL;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = check_add(r->v, in)))
		return e;
	if (!(e = begin(r, &c)) && !(e = add(c, in)))
		e = answer(c, &c->slot, in->label);
	end(c);
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

/* The slot that was proven is at hand; all others are wrapped for without them. */
static enum err
new_line(struct change *c, int at_hand)
{
	struct slotmake_line l = { .outer = &c->outer, .body = &c->body };
	struct store_rewrite sr = {
		.outer = &c->outer, .body = &c->body, .vrk = &l.vrk, .new_line = true
	};
	const struct sec *prk = at_hand >= 0 ? &c->proof.prk : NULL;
	enum err e;

	if (!(e = slotmake_new_line(c->r->v, &l, at_hand, prk)))
		e = store_rewrite(c->r->job, &sr);
	sec_done(&l.vrk);
	return e;
}

static enum err
remove_slot(struct change *c, const struct ops_slot_sel *in)
{
	bool itself;
	int i;
	enum err e;

	if ((e = prove(c, in->proof, in->proof_label, in->force)) || (e = copy_vault(c)) ||
	    (e = op_slot_find(c->r->v, in->label, &i)) ||
	    (e = enough_left(&c->outer, in->one_way_in)))
		return e;
	itself = c->proof.slot == i;
	c->slot = c->outer.slot[i];
	outer_slot_clear(&c->outer, (size_t)i);
	if ((e = body_note_remove(&c->body, c->slot.id, c->now)))
		return e;
	return new_line(c, itself ? -1 : c->proof.slot);
}

enum err
op_slot_remove(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	struct change *c = NULL;
	int i;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_slot_find(r->v, in->label, &i)) ||
	    (e = enough_left(&r->v->open.outer, in->one_way_in)))
		return e;
	if (!(e = begin(r, &c)) && !(e = remove_slot(c, in)))
		e = answer(c, &c->slot, in->label);
	end(c);
	return e;
}

/* ---- renew: new credential or salt, new line ---- */
static enum err
renew(struct change *c, const struct ops_slot_sel *in, int i)
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
	struct slotmake_line l = { .outer = &c->outer, .body = &c->body };
	struct store_rewrite sr = {
		.outer = &c->outer, .body = &c->body, .vrk = &l.vrk, .new_line = true
	};
	char label[256];
	enum err e;

	if ((e = prove(c, in->proof, in->proof_label, in->force)))
		return e;
	way_label(&v->open.outer, &v->open.body, i, label, sizeof label);
	slotmake_new(&c->slot, c->now);
	if (in->hint.len)
		set_hint(&c->slot, in->hint);
	else
		memcpy(c->slot.hint, old->hint, sizeof old->hint);
	if ((e = gather(c, old->factors, &w)) || (e = copy_vault(c)))
		return e;
	outer_slot_clear(&c->outer, (size_t)i);
	if ((e = body_note_remove(&c->body, old->id, c->now)))
		return e;
	if (!(e = slotmake_new_line(
		  v, &l, c->proof.slot == i ? -1 : c->proof.slot, &c->proof.prk)) &&
	    !(e = seal(c, i, span_str(label), sec_span(&l.vrk))))
		e = store_rewrite(c->r->job, &sr);
	sec_done(&l.vrk);
	return e;
}

enum err
op_slot_renew(struct req *r)
{
	const struct ops_slot_sel *in = r->in;
	struct change *c = NULL;
	int i;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_slot_find(r->v, in->label, &i)))
		return e;
	if (!(e = begin(r, &c)) && !(e = renew(c, in, i)))
		e = answer(c, &c->slot, in->label);
	end(c);
	return e;
}
