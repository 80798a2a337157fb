/*
 * op_init.c - a vault is made.  Nothing is on the disk before everything is known: phrase shown and
 * typed back, token derived twice, passphrase stretched; then one file, read back, renamed.
 */
#include <stdlib.h>

#include "agent/slot/slot.h"
#include "agent/vault/generation.h"
#include "agent/vault/newvault.h"
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"

struct making {
	struct req *r;
	const struct ops_init *in;
	struct newvault n;
	uint8_t fpr[4];
};

static void
fill_ways(const struct ops_init *in, struct newvault_ways *w)
{
	*w = (struct newvault_ways){ .ways = in->ways,
		.token = in->token,
		.token_label = in->token_label,
		.no_pin = in->no_pin,
		.and_pass = in->and_pass,
		.force = in->force,
		.argon_m = in->argon_m,
		.argon_t = in->argon_t,
		.phrase = true,
		.one_way_in = in->one_way_in };
}

/* ---- the recovery phrase, and what the worker derives from it ---- */
static enum err
take_phrase(void *arg, const struct worker_event *ev)
{
	struct making *m = arg;
	struct generation_new g = { .now = m->n.now, .vrk = sec_span(&m->n.vrk) };
	struct sec f3 = { 0 };
	enum err e;

	if (!(e = generation_put(&m->n.body, &g, ev)) && !(e = phrase_factor(ev, 0, &f3))) {
		memcpy(m->fpr, ev->fpr.p, sizeof m->fpr);
		e = newvault_phrase(&m->n, sec_span(&f3));
	}
	sec_done(&f3);
	return e;
}

static enum err
make_phrase(struct making *m)
{
	struct span id = SPAN(m->n.phrase_id, 16);
	struct phrasejob p = { .kind = OPS_EV_SHOW_WORDS, .take = take_phrase, .arg = m };

	p.q.op = WORKER_PHRASE_MAKE;
	p.q.no_confirm = m->in->try_out || m->in->card;
	p.q.card = m->in->card;
	p.q.slot_ids = (struct wire_list){ .v = &id, .n = 1 };
	return phrasejob_run(m->r->job, &p);
}

static enum err
make_all(struct making *m)
{
	struct defaults def = { .notreal = m->in->try_out, .one_way_in = m->in->one_way_in };
	struct newvault_ways w;
	enum err e;

	fill_ways(m->in, &w);
	if ((e = newvault_begin(&m->n)) || (e = newvault_enrol(&m->n, m->r->job, &w)) ||
	    (e = make_phrase(m)))
		return e;
	def.created = m->n.now;
	def.owed = m->in->card ? m->n.now : 0;
	if ((e = newvault_defaults(&m->n, &def)))
		return e;
	return newvault_write(&m->n, m->r->job);
}

/* Made means open: what was just proven need not be proven again. */
static enum err
finish(struct making *m)
{
	struct vault *v = m->r->v;
	struct ops_init_rep rep = { .fingerprint = SPAN(m->fpr, 4), .note = span_str(m->n.note) };

	op_unlocked(v, 0);
	rep.vault_id = SPAN(v->open.outer.vault_id, 16);
	rep.path = span_str(v->store.path);
	wire_mark(&ops_init_rep_map, &rep);
	return req_reply(m->r, &rep);
}

static enum err
check_request(const struct req *r, const struct ops_init *in)
{
	struct newvault_ways w;
	enum err e;

	fill_ways(in, &w);
	if ((e = newvault_check(&w)))
		return e;
	return in->try_out && !r->v->notreal ? ERR_USAGE : ERR_OK;
}

enum err
op_init(struct req *r)
{
	struct making *m;
	enum err e;

	REQ_MUST_WAIT(r);
	if (r->v->open.is)
		return ERR_VAULT_EXISTS;
	if ((e = check_request(r, r->in)) || (e = newvault_none_yet(r->job)))
		return e;
	if (!(m = calloc(1, sizeof *m)))
		return ERR_NOMEM;
	m->r = r;
	m->in = r->in;
	e = make_all(m);
	if (!e || e == ERR_VAULT_UNSURE) {
		enum err told = finish(m);

		e = e ? e : told;
	}
	newvault_done(&m->n);
	sec_zero(m, sizeof *m);
	free(m);
	return e;
}
