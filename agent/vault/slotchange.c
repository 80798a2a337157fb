/* slotchange.c - what all changes of ways in have in common. */
#include "agent/vault/slotchange.h"

#include <stdlib.h>
#include <time.h>

#include "agent/slot/slot.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

enum err
slotchange_begin(struct req *r, struct slotchange **out)
{
	struct slotchange *c = calloc(1, sizeof *c);

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
enum err
slotchange_copy(struct slotchange *c)
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

void
slotchange_end(struct slotchange *c)
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
enum err
slotchange_prove(struct slotchange *c, uint64_t ways, struct span label, bool force)
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

/* The slot that was proven is at hand; all others are wrapped for without them. */
enum err
slotchange_new_line(struct slotchange *c, const struct slotchange_line *line)
{
	struct slotmake_line l = { .outer = &c->outer, .body = &c->body };
	struct store_rewrite sr = {
		.outer = &c->outer, .body = &c->body, .vrk = &l.vrk, .new_line = true
	};
	const struct sec *prk = line->at_hand >= 0 ? &c->proof.prk : NULL;
	enum err e;

	if (!(e = slotmake_new_line(c->r->v, &l, line->at_hand, prk)) && line->more)
		e = line->more(c, sec_span(&l.vrk), line->arg);
	if (!e)
		e = store_rewrite(c->r->job, &sr);
	sec_done(&l.vrk);
	return e;
}

enum err
slotchange_seal(struct slotchange *c, int i, struct span label, struct span vrk)
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
