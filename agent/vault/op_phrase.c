/* op_phrase.c - the recovery phrase or shares of it are typed, and come back as a card, or as the
 * fingerprint alone. */
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"

struct typed {
	uint8_t fpr[4];
};

static enum err
take(void *arg, const struct worker_event *ev)
{
	struct typed *t = arg;

	if (ev->fpr.len != sizeof t->fpr)
		return ERR_FORMAT;
	memcpy(t->fpr, ev->fpr.p, sizeof t->fpr);
	return ERR_OK;
}

static enum err
ask(struct req *r, struct phrasejob *p, uint64_t generation)
{
	struct ops_phrase_rep rep = { .generation = generation };
	struct typed t;
	enum err e;

	p->kind = OPS_EV_NEED_WORDS;
	p->text = "the 24 words of your recovery phrase, or shares of it";
	p->take = take;
	p->arg = &t;
	p->q.tries = 3;
	if ((e = phrasejob_run(r->job, p)))
		return e;
	rep.fingerprint = SPAN(t.fpr, sizeof t.fpr);
	wire_mark(&ops_phrase_rep_map, &rep);
	return req_reply(r, &rep);
}

/* It says nothing that was not typed but the passphrase of backups, which follows from the same
 * words: they are proof enough. */
enum err
op_phrase_card(struct req *r)
{
	struct phrasejob p = { .more_ms = PHRASEJOB_WRITE_MS };
	struct seed last;
	uint8_t fpr[4];
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = body_seed_last(&r->v->open.body, &last)))
		return e;
	if (last.fpr.len != sizeof fpr)
		return ERR_FORMAT;
	memcpy(fpr, last.fpr.p, sizeof fpr);
	p.q.op = WORKER_CARD;
	p.q.generation = last.generation;
	p.q.fpr = SPAN(fpr, sizeof fpr);
	return ask(r, &p, last.generation);
}

/* Of any vault, and of none. */
enum err
op_phrase_check(struct req *r)
{
	struct phrasejob p = { 0 };

	REQ_MUST_WAIT(r);
	p.q.op = WORKER_PHRASE_OPEN;
	return ask(r, &p, 0);
}
