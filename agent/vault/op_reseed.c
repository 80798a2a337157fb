/*
 * op_reseed.c - a seed that no copy of this vault holds.  Epochs come from a seed that every way in
 * opens; who may have opened a copy once can derive all of them.  Only the recovery phrase makes
 * another one: its next generation, or a new phrase altogether (DESIGN 5).
 */
#include <stdio.h>

#include "agent/slot/slot.h"
#include "agent/vault/generation.h"
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"
#include "agent/vault/public.h"
#include "agent/vault/slotchange.h"
#include "lib/crypto.h"

/* What the worker yielded, until the disk is ours. */
struct reseed {
	struct slotchange *c;
	const struct ops_reseed *in;
	uint64_t generation; /* the new one */
	uint8_t fpr[4], wanted[4];
	struct sec seed, backup;
	uint8_t hashes[GENERATION_HASHES];
};

static enum err
keep(void *arg, const struct worker_event *ev)
{
	struct reseed *s = arg;
	enum err e;

	if (ev->fpr.len != 4 || ev->hashes.len != sizeof s->hashes || ev->seed.len != 32)
		return ERR_FORMAT;
	memcpy(s->fpr, ev->fpr.p, 4);
	memcpy(s->hashes, ev->hashes.p, sizeof s->hashes);
	if ((e = sec_init_copy(&s->seed, ev->seed)) || (e = sec_init_copy(&s->backup, ev->backup)))
		return e;
	return s->in->new_phrase ? phrase_factor(ev, 0, &s->c->f3) : ERR_OK;
}

/* ---- the person ---- */
static enum err
ask_old(struct reseed *s)
{
	struct phrasejob p = { .kind = OPS_EV_NEED_WORDS,
		.text = "the 24 words of your recovery phrase",
		.take = keep,
		.arg = s };

	p.q.op = WORKER_PHRASE_OPEN;
	p.q.tries = 3;
	p.q.generation = s->generation;
	p.q.want_seed = true;
	p.q.fpr = SPAN(s->wanted, 4);
	return phrasejob_run(s->c->r->job, &p);
}

static enum err
make_new(struct reseed *s)
{
	struct slotchange *c = s->c;
	struct span id = SPAN(c->slot.id, 16);
	struct phrasejob p = { .kind = OPS_EV_SHOW_WORDS, .take = keep, .arg = s };

	slotmake_new(&c->slot, c->now);
	c->slot.factors = FACTOR_PHRASE;
	p.q.op = WORKER_PHRASE_MAKE;
	p.q.generation = s->generation;
	p.q.no_confirm = c->r->v->notreal || s->in->card;
	p.q.card = s->in->card;
	p.q.slot_ids = (struct wire_list){ .v = &id, .n = 1 };
	return phrasejob_run(c->r->job, &p);
}

static enum err
begin(struct reseed *s)
{
	struct seed last;
	enum err e;

	if ((e = body_seed_last(&s->c->r->v->open.body, &last)))
		return e;
	if (last.generation >= UINT32_MAX || last.fpr.len != 4)
		return ERR_RANGE;
	s->generation = last.generation + 1;
	memcpy(s->wanted, last.fpr.p, 4);
	return ERR_OK;
}

/* ---- the vault ---- */
/* The ways in of the phrase that is given up. */
static enum err
drop_phrase(struct reseed *s)
{
	struct slotchange *c = s->c;
	enum err e = ERR_OK;

	for (size_t i = 0; i < OUTER_SLOTS && !e; i++) {
		if (!outer_slot_ok(&c->outer, i) || c->outer.slot[i].factors != FACTOR_PHRASE)
			continue;
		e = body_note_remove(&c->body, c->outer.slot[i].id, c->now);
		outer_slot_clear(&c->outer, i);
	}
	return e;
}

static enum err
put_owed(struct slotchange *c)
{
	struct defaults def = { 0 };
	enum err e = body_value_get(&c->body, BODY_DEFAULTS, &defaults_map, &def);

	if (e && e != ERR_NOTFOUND)
		return e;
	def.owed = c->now;
	return body_value_put(&c->body, BODY_DEFAULTS, &defaults_map, &def);
}

static enum err
put(struct slotchange *c, struct span vrk, void *arg)
{
	struct reseed *s = arg;
	struct generation_new n = { .generation = s->generation, .now = c->now, .vrk = vrk };
	struct worker_event ev = { .seed = sec_span(&s->seed),
		.backup = sec_span(&s->backup),
		.fpr = SPAN(s->fpr, 4),
		.hashes = SPAN(s->hashes, sizeof s->hashes) };
	int at;
	enum err e;

	if ((e = generation_put(&c->body, &n, &ev)) || !s->in->new_phrase)
		return e;
	if (s->in->card && (e = put_owed(c)))
		return e;
	if ((at = outer_slot_free(&c->outer)) < 0)
		return ERR_SLOTSFULL;
	return slotchange_seal(c, at, SPAN_LIT("recovery phrase"), vrk);
}

static enum err
change(struct reseed *s)
{
	struct slotchange_line line = { .more = put, .arg = s };
	struct slotchange *c = s->c;
	struct seed last;
	enum err e;

	if ((e = slotchange_copy(c)) || (e = body_seed_last(&c->body, &last)))
		return e;
	if (last.generation + 1 != s->generation)
		return ERR_VAULT_CHANGED;
	if (s->in->new_phrase && (e = drop_phrase(s)))
		return e;
	line.at_hand = outer_slot_ok(&c->outer, (size_t)c->proof.slot) ? c->proof.slot : -1;
	return slotchange_new_line(c, &line);
}

static enum err
answer(struct reseed *s)
{
	struct req *r = s->c->r;
	struct ops_reseed_rep rep = { .generation = s->generation, .fingerprint = SPAN(s->fpr, 4) };

	rep.identities = generation_older(&r->v->open.body, s->generation);
	wire_mark(&ops_reseed_rep_map, &rep);
	public_send(r->v);
	return req_reply(r, &rep);
}

static enum err
reseed(struct reseed *s)
{
	const struct ops_reseed *in = s->in;
	enum err e;

	if ((e = begin(s)) || (e = slotchange_prove(s->c, in->proof, in->proof_label, in->force)) ||
	    (e = in->new_phrase ? make_new(s) : ask_old(s)) || (e = change(s)))
		return e;
	return answer(s);
}

enum err
op_id_reseed(struct req *r)
{
	static struct reseed s; /* one at a time */
	static bool busy;
	enum err e;

	REQ_MUST_WAIT(r);
	if (busy)
		return ERR_LIMIT;
	busy = true;
	s = (struct reseed){ .in = r->in };
	if (!(e = slotchange_begin(r, &s.c)))
		e = reseed(&s);
	slotchange_end(s.c);
	sec_done(&s.seed);
	sec_done(&s.backup);
	busy = false;
	return e;
}
