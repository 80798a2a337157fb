/*
 * op_succession.c - succession logs: shown, and brought up to date with the recovery phrase for
 * many identities at once.
 */
#include <time.h>

#include "agent/vault/job.h"
#include "agent/vault/logplan.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"

/* ---- show ---- */
static enum err
reply_show(struct req *r, const struct logplan *p, struct ops_succession_show_rep *rep)
{
	static struct ops_bound rows[SUCCESSION_BINDINGS];
	const struct succession_state *st = &p->log[0].st;
	struct buf text = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < st->nbound; i++) {
		const struct succession_bound *b = &st->bound[i];

		rows[i] = (struct ops_bound){ .purpose = b->purpose,
			.alg = b->alg,
			.digest = SPAN(b->digest, 32),
			.epoch = b->epoch };
		wire_mark(&ops_bound_map, &rows[i]);
	}
	rep->bound = (struct wire_list){ .v = rows, .n = st->nbound };
	if (!(e = succession_print(buf_span(&p->log[0].log), &text))) {
		rep->text = buf_span(&text);
		wire_mark(&ops_succession_show_rep_map, rep);
		e = req_reply(r, rep);
	}
	buf_done(&text);
	return e;
}

/* What was begun, if anything. */
static enum err
write_begun(struct req *r, struct logplan *p)
{
	struct delta d = DELTA_INIT;
	enum err e;

	if (!(e = logplan_put(p, NULL, &d)) && !delta_is_empty(&d))
		e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

static enum err
show(struct req *r, struct logplan *p)
{
	struct ops_log row;
	struct ops_succession_show_rep rep = { .log = { .v = &row, .n = 1 } };
	struct buf mem = BUF_INIT;
	enum err e = buf_room(&mem, KEYLOG_ROW) ? ERR_OK : ERR_NOMEM;

	if (!e) {
		keylog_row(&p->log[0], &p->making, &mem, &row);
		e = write_begun(r, p);
	}
	if (!e)
		e = reply_show(r, p, &rep);
	buf_done(&mem);
	return e;
}

enum err
op_succession_show(struct req *r)
{
	const struct ops_path *in = r->in;
	struct logplan_want w = { .how = LOGPLAN_HOT };
	struct logplan *p;
	struct keylog *k;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = store_take(r->job)) ||
	    (e = keylog_identity(r->v, in->label, &w.service, &w.account)) ||
	    (e = logplan_new(r->v, (uint64_t)time(NULL), &p)))
		return e;
	if (!(e = logplan_add(p, &w, &k)))
		e = k ? show(r, p) : ERR_SUCC_NOTHING;
	logplan_free(p);
	return e;
}

/* ---- sign ---- */
static enum err
add_paths(struct req *r, struct logplan *p)
{
	const struct ops_succession_sign *in = r->in;
	struct logplan_want w = { .how = in->anew ? LOGPLAN_ANEW : LOGPLAN_ROTATE };
	struct cbor c = wire_each(&in->paths);
	struct ops_path row;
	struct keylog *k;
	enum err e = ERR_OK;

	while (!e && !cbor_at_end(&c)) {
		if ((e = wire_next(&ops_path_map, &c, &row)) ||
		    (e = keylog_identity(r->v, row.label, &w.service, &w.account))) {
			req_text(r, "%.*s", (int)row.label.len, (const char *)row.label.p);
			return e;
		}
		if (!logplan_has(p, w.service, w.account))
			e = logplan_add(p, &w, &k);
	}
	return e;
}

/* One whose phrase key is unknown is for people to decide, by name. */
static bool
is_owed(struct logplan *p, const struct item *it, bool *old_phrase)
{
	struct keylog *k = &p->log[p->n];
	struct span fpr;
	bool owed;

	if (it->kind != ITEM_LOG || it->conflict.root.len || p->n == LOGPLAN_MAX ||
	    logplan_has(p, it->origin.service, it->origin.account))
		return false;
	owed = !keylog_open(p->making.v, it->origin.service, it->origin.account, k) &&
	    !keylog_keys(p->making.v, NULL, k) && keylog_state(k) == KEYLOG_OWED &&
	    !keylog_phrase(k, &p->making, &fpr);
	*old_phrase = owed && keylog_takes_old_phrase(k, &p->making);
	keylog_done(k);
	return owed;
}

/* Those of the present phrase, or else those of an older one: one typing is of one phrase. */
static enum err
add_owed(struct logplan *p, bool old_phrase)
{
	struct logplan_want w = { .how = LOGPLAN_ROTATE };
	struct keylog *k;
	struct item it;
	size_t pos = 0;
	bool old;
	enum err e = ERR_OK;

	while (!e && body_item_next(&p->making.v->open.body, &pos, &it)) {
		if (!is_owed(p, &it, &old) || old != old_phrase)
			continue;
		w.service = it.origin.service;
		w.account = it.origin.account;
		e = logplan_add(p, &w, &k);
	}
	return e || p->n || old_phrase ? e : add_owed(p, true);
}

static enum err
make_plan(struct req *r, const struct logproofs *proofs, struct logplan **out)
{
	const struct ops_succession_sign *in = r->in;
	enum err e;

	if ((e = store_take(r->job)) || (e = logplan_new(r->v, proofs->now, out)))
		return e;
	return in->paths.n ? add_paths(r, *out) : add_owed(*out, false);
}

/* How many are owed now; a log that cannot be read is not among them. */
static uint64_t
count_owed(struct req *r)
{
	struct logplan *p;
	struct item it;
	size_t pos = 0;
	uint64_t n = 0;
	bool old;

	if (logplan_new(r->v, 0, &p))
		return 0;
	while (body_item_next(&r->v->open.body, &pos, &it))
		n += is_owed(p, &it, &old);
	logplan_free(p);
	return n;
}

/* As they will be; before they are written, because the plan borrows from the body as it is. */
static void
put_rows(const struct logplan *p, struct buf *mem, struct wire_list *logs)
{
	static struct ops_log rows[OPS_LOGS];

	for (size_t i = 0; i < p->n; i++)
		if (p->log[i].changed)
			keylog_row(&p->log[i], &p->making, mem, &rows[logs->n++]);
	logs->v = rows;
}

/* The disk is ours, and so are the rows, until the reply is made. */
static enum err
finish(struct req *r, struct logplan *p, const struct logproofs *proofs)
{
	struct ops_succession_sign_rep rep = { 0 };
	struct delta d = DELTA_INIT;
	struct buf mem = BUF_INIT;
	enum err e = buf_room(&mem, OPS_LOGS * KEYLOG_ROW) ? ERR_OK : ERR_NOMEM;

	if (e || (e = logplan_put(p, proofs, &d)))
		goto out;
	put_rows(p, &mem, &rep.logs);
	if (!delta_is_empty(&d) && (e = store_append(r->job, &d)))
		goto out;
	rep.left = count_owed(r);
	wire_mark(&ops_succession_sign_rep_map, &rep);
	e = req_reply(r, &rep);
out:
	buf_done(&mem);
	delta_done(&d);
	return e;
}

static enum err
sign(struct req *r, struct logproofs *proofs)
{
	const struct ops_succession_sign *in = r->in;
	struct proof how = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct logplan *p = NULL;
	enum err e = make_plan(r, proofs, &p);

	store_release(r->job);
	if (!e)
		e = in->anew ? policy_prove(r, &how, NULL) : logplan_ask(r, p, proofs);
	logplan_free(p);
	p = NULL;
	if (!e && !(e = make_plan(r, proofs, &p)))
		e = finish(r, p, proofs);
	logplan_free(p);
	return e;
}

enum err
op_succession_sign(struct req *r)
{
	const struct ops_succession_sign *in = r->in;
	struct logproofs *proofs;
	enum err e;

	REQ_MUST_WAIT(r);
	if (in->anew && !in->paths.n)
		return ERR_USAGE;
	if ((e = logproofs_new(&proofs)))
		return e;
	e = sign(r, proofs);
	logproofs_free(proofs);
	return e;
}
