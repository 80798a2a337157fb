/*
 * op_share.c - shares of the recovery phrase: made by a worker from the words that a person types,
 * handed to that person one by one; here is only written down who got one.
 */
#include <stdlib.h>
#include <time.h>

#include "agent/vault/ledger.h"
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"
#include "agent/vault/upgrade.h"
#include "lib/text.h"

/* ---- create ---- */
struct splitting {
	const struct ops_share_create *in;
	struct share_set set;
	struct share_note note[SHARES_MAX];
	uint8_t check[SHARES_MAX][32];
	uint8_t fpr[4];
	uint64_t generation;
};

/* Names that can be told apart, before anybody is asked for anything. */
static enum err
check_holders(const struct wire_list *holders)
{
	struct cbor c = wire_each(holders), d;
	struct ops_holder one, other;
	size_t i, k;
	enum err e = ERR_OK;

	for (i = 0; !cbor_at_end(&c) && !e; i++) {
		if ((e = wire_next(&ops_holder_map, &c, &one)))
			return e;
		if (!text_is_name(one.label))
			return ERR_TEXT;
		d = wire_each(holders);
		for (k = 0; k < i && !e; k++)
			if (!(e = wire_next(&ops_holder_map, &d, &other)) &&
			    span_eq(one.label, other.label))
				return ERR_EXISTS;
	}
	return e;
}

static enum err
check_plan(struct req *r, struct splitting *s)
{
	struct seed last;
	size_t sets;
	enum err e;

	if (s->in->threshold < 2 || s->in->threshold > s->in->holders.n)
		return ERR_SHARE_SPLIT;
	(void)ledger_each(&r->v->open.body, &sets);
	if (sets >= SHARE_SETS) {
		req_text(r, "%d sets are remembered already: remove old ones", SHARE_SETS);
		return ERR_LIMIT;
	}
	if ((e = check_holders(&s->in->holders)) == ERR_EXISTS)
		req_text(r, "two holders have the same name");
	if (e || (e = body_seed_last(&r->v->open.body, &last)))
		return e;
	if (last.fpr.len != sizeof s->fpr)
		return ERR_FORMAT;
	memcpy(s->fpr, last.fpr.p, sizeof s->fpr);
	s->generation = last.generation;
	return ERR_OK;
}

/* The person has all of them now. */
static enum err
take(void *arg, const struct worker_event *ev)
{
	struct splitting *s = arg;
	struct cbor c = wire_each(&ev->shares), h = wire_each(&s->in->holders);
	struct ops_holder holder;
	struct span check;
	enum err e;

	if (ev->shares.n != s->in->holders.n || ev->threshold != s->in->threshold)
		return ERR_FORMAT;
	for (size_t i = 0; i < ev->shares.n; i++) {
		if ((e = cbor_get_bytes(&c, &check)) ||
		    (e = wire_next(&ops_holder_map, &h, &holder)))
			return e;
		memcpy(s->check[i], check.p, sizeof s->check[i]);
		s->note[i] = (struct share_note){
			.index = i + 1, .label = holder.label, .check = SPAN(s->check[i], 32)
		};
		wire_mark(&share_note_map, &s->note[i]);
	}
	s->set = (struct share_set){ .set = ev->set,
		.threshold = ev->threshold,
		.created = (uint64_t)time(NULL),
		.fpr = SPAN(s->fpr, sizeof s->fpr),
		.shares = { .v = s->note, .n = ev->shares.n } };
	return ERR_OK;
}

static enum err
split(struct req *r, struct splitting *s)
{
	struct phrasejob p = { .kind = OPS_EV_NEED_WORDS,
		.text = "the 24 words of your recovery phrase, or shares of it",
		.more_ms = s->in->holders.n * PHRASEJOB_WRITE_MS,
		.take = take,
		.arg = s };

	p.q.op = WORKER_SHARE_MAKE;
	p.q.tries = 3;
	p.q.threshold = s->in->threshold;
	p.q.count = s->in->holders.n;
	p.q.generation = s->generation;
	p.q.fpr = SPAN(s->fpr, sizeof s->fpr);
	return phrasejob_run(r->job, &p);
}

/* The phrase may have been replaced meanwhile: then these shares are written down as what they
 * are, shares of another one. */
static enum err
remember(struct req *r, struct splitting *s)
{
	struct delta d = DELTA_INIT;
	enum err e;

	if ((e = store_take(r->job)))
		return e;
	upgrade_settle(&d, &r->v->open.body);
	if (!(e = ledger_add(&d, &r->v->open.body, &s->set)))
		e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

/* ---- rows for clients ---- */
static bool
is_current(const struct body *b, struct span fpr)
{
	struct seed last;

	return !body_seed_last(b, &last) && span_eq(last.fpr, fpr);
}

static enum err
fill_shares(const struct share_set *s, struct ops_share *row, size_t *n)
{
	struct share_note note[SHARES_MAX];
	struct cbor c = wire_each(&s->shares);
	enum err e;

	for (*n = 0; s->shares.raw.len && !cbor_at_end(&c) && *n < SHARES_MAX; ++*n) {
		if ((e = wire_next(&share_note_map, &c, &note[*n])))
			return e;
		row[*n] = (struct ops_share){ .index = note[*n].index,
			.label = note[*n].label,
			.confirmed = note[*n].confirmed };
		wire_mark(&ops_share_map, &row[*n]);
	}
	return ERR_OK;
}

static void
fill_set(const struct body *b, const struct share_set *s, struct ops_share_set *row)
{
	*row = (struct ops_share_set){ .set = s->set,
		.threshold = s->threshold,
		.created = s->created,
		.fingerprint = s->fpr,
		.current = is_current(b, s->fpr) };
}

static enum err
answer_made(struct req *r, const struct splitting *s)
{
	struct ops_share share[SHARES_MAX];
	struct ops_share_set rep;

	fill_set(&r->v->open.body, &s->set, &rep);
	for (size_t i = 0; i < s->set.shares.n; i++) {
		share[i] = (struct ops_share){ .index = i + 1, .label = s->note[i].label };
		wire_mark(&ops_share_map, &share[i]);
	}
	rep.shares = (struct wire_list){ .v = share, .n = s->set.shares.n };
	wire_mark(&ops_share_set_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_share_create(struct req *r)
{
	const struct ops_share_create *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct splitting *s;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(s = calloc(1, sizeof *s)))
		return ERR_NOMEM;
	s->in = in;
	p.request = SPAN_LIT("shares");
	if (!(e = check_plan(r, s)) && !(e = policy_prove(r, &p, NULL)) && !(e = split(r, s)) &&
	    !(e = remember(r, s)))
		e = answer_made(r, s);
	free(s);
	return e;
}

/* ---- list ---- */
struct listing {
	struct ops_share_set set[SHARE_SETS];
	struct ops_share share[SHARE_SETS][SHARES_MAX];
};

static enum err
fill_all(const struct body *b, struct listing *rows, size_t n)
{
	size_t left, k;
	struct cbor c = ledger_each(b, &left);
	struct share_set s;
	enum err e;

	for (size_t i = n; ledger_next(&c, &left, &s);) {
		fill_set(b, &s, &rows->set[--i]);
		if ((e = fill_shares(&s, rows->share[i], &k)))
			return e;
		rows->set[i].shares = (struct wire_list){ .v = rows->share[i], .n = k };
		wire_mark(&ops_share_set_map, &rows->set[i]);
	}
	return ERR_OK;
}

enum err
op_share_list(struct req *r)
{
	const struct body *b = &r->v->open.body;
	struct ops_share_list_rep rep = { 0 };
	struct seed last;
	struct listing *rows = calloc(1, sizeof *rows);
	enum err e;

	if (!rows)
		return ERR_NOMEM;
	(void)ledger_each(b, &rep.sets.n);
	rep.sets.v = rows->set;
	if (!body_seed_last(b, &last)) {
		rep.fingerprint = last.fpr;
		rep.generation = last.generation;
	}
	wire_mark(&ops_share_list_rep_map, &rep);
	if (!(e = fill_all(b, rows, rep.sets.n)))
		e = req_reply(r, &rep);
	free(rows);
	return e;
}

/* ---- check ---- */
static enum err
find(const struct req *r, struct ledger_place *p)
{
	const struct ops_share_check *in = r->in;
	enum err e = ledger_find(&r->v->open.body, in->code, p);

	if (!e && in->label.len && !span_eq(in->label, p->note.label))
		e = ERR_SHARE_CODE;
	return e;
}

static enum err
confirm(struct req *r, const struct ledger_place *p)
{
	struct delta d = DELTA_INIT;
	enum err e;

	if (!(e = ledger_confirm(&d, &r->v->open.body, p, (uint64_t)time(NULL))))
		e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

enum err
op_share_check(struct req *r)
{
	struct ops_share_check_rep rep;
	struct ledger_place p;
	char label[256];
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = store_take(r->job)) || (e = find(r, &p)))
		return e;
	/* what p borrows from is replaced */
	memcpy(label, p.note.label.p, p.note.label.len);
	rep = (struct ops_share_check_rep){ .set = p.set.set,
		.index = p.note.index,
		.label = SPAN(label, p.note.label.len),
		.current = is_current(&r->v->open.body, p.set.fpr),
		.before = p.note.confirmed };
	if ((e = confirm(r, &p)))
		return e;
	wire_mark(&ops_share_check_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- remove ---- */
enum err
op_share_remove(struct req *r)
{
	const struct ops_share_sel *in = r->in;
	struct delta d = DELTA_INIT;
	struct share_set s;
	size_t at = 0, left;
	struct cbor c;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = store_take(r->job)))
		return e;
	for (c = ledger_each(&r->v->open.body, &left); ledger_next(&c, &left, &s); at++)
		if (s.set == in->set) {
			if (!(e = ledger_replace(&d, &r->v->open.body, at, NULL)))
				e = store_append(r->job, &d);
			delta_done(&d);
			return e;
		}
	return ERR_NOTFOUND;
}
