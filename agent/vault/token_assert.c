/*
 * token_assert.c - one assertion by one of the vault's credentials, or of another program's,
 * wherever it is (DESIGN 7).
 *
 * A silent assertion over a fresh challenge tells which token holds which slot ("yes", never "no").
 * Touches are asked of all at once; a PIN goes to one token that has proven itself, or that the
 * person has pointed out.  Where no key of a credential is known, as often with another program's,
 * a silent answer may be a lie, and is not asked for.
 */
#include <stdio.h>

#include "agent/vault/token.h"
#include "agent/vault/turn.h"
#include "lib/crypto.h"
#include "lib/log.h"

#define PIN_TRIES 3

struct assertion {
	const struct token_ask *ask;
	struct span own[OUTER_SLOTS];
	const struct span *creds;
	size_t ncreds;
	struct token_nonce nonce;
	int slot;
	struct sec *secret;
	struct job *job;
};

static void
collect(struct assertion *as)
{
	const struct outer *o = as->ask->outer;

	if (as->ask->foreign) {
		as->creds = as->ask->foreign->creds;
		as->ncreds = as->ask->foreign->ncreds;
		return;
	}
	as->ncreds = 0;
	as->creds = as->own;
	for (unsigned i = 0; i < OUTER_SLOTS; i++)
		if ((as->ask->slots & 1u << i) && outer_slot_ok(o, i) && o->slot[i].cred_id_len)
			as->own[as->ncreds++] = SPAN(o->slot[i].cred_id, o->slot[i].cred_id_len);
}

/* What is expected of an answer. */
struct wish {
	bool up, uv, secret;
};

static bool
is_asked_for(const struct assertion *as, struct span id)
{
	for (size_t i = 0; i < as->ncreds; i++)
		if (span_eq(as->creds[i], id))
			return true;
	return false;
}

static enum err
judge_foreign(struct assertion *as, const struct token_event *ev, struct wish w)
{
	const struct token_foreign *f = as->ask->foreign;
	struct token_expect x = { .rp_id = f->rp_id, .cdh = as->nonce.cdh, .up = w.up, .uv = w.uv };
	enum err e;

	if (!is_asked_for(as, ev->cred_id))
		return ERR_LIE_CREDENTIAL;
	x.cred_id = ev->cred_id;
	x.pubkey = f->pubkey;
	x.alg = f->pubkey.len == 32 ? TOKEN_EDDSA : TOKEN_ES256;
	x.secret = w.secret ? f->salt.len : 0;
	if (!(e = f->pubkey.len ? token_judge(&x, ev) : token_judge_unsigned(&x, ev)))
		as->slot = 0;
	return e;
}

/* The answer names a credential: is it one of ours, and true? */
static enum err
judge(struct assertion *as, const struct token_event *ev, struct wish w)
{
	const struct outer *o = as->ask->outer;
	struct token_expect x = { .cdh = as->nonce.cdh, .up = w.up, .uv = w.uv };
	enum err e;
	int i;

	if (as->ask->foreign)
		return judge_foreign(as, ev, w);
	x.rp_id = o->rp_id;
	i = outer_slot_by_cred(o, ev->cred_id);
	if (i < 0 || !(as->ask->slots & 1u << i))
		return ERR_LIE_CREDENTIAL;
	x.cred_id = SPAN(o->slot[i].cred_id, o->slot[i].cred_id_len);
	x.pubkey = SPAN(o->slot[i].pubkey, o->slot[i].pubkey_len);
	x.alg = o->slot[i].alg;
	x.secret = w.secret ? 32 : 0;
	if (!(e = token_judge(&x, ev)))
		as->slot = i;
	return e;
}

static void
fill_job(struct assertion *as, const char *purpose, struct span request, struct token_job *q)
{
	const struct token_foreign *f = as->ask->foreign;
	const char *rp_id = f ? f->rp_id : as->ask->outer->rp_id;

	token_challenge(purpose, request, &as->nonce);
	*q = (struct token_job){ .op = TOKEN_ASSERT, .rp_id = span_str(rp_id) };
	q->cdh = SPAN(as->nonce.cdh, 32);
	q->creds = (struct wire_list){ .v = as->creds, .n = as->ncreds };
}

/* What the person is asked a touch for. */
static void
fill_wanted(struct assertion *as, struct token_job *q)
{
	const struct token_ask *a = as->ask;

	fill_job(as, a->foreign ? "foreign" : a->purpose, a->request, q);
	if (a->foreign) {
		memcpy(as->nonce.cdh, a->foreign->cdh, 32);
		q->salt = a->foreign->salt;
	} else if (a->secret) {
		q->salt = SPAN(a->outer->prf_salt, 32);
	}
	q->up = !a->foreign || !a->foreign->silent;
	q->force = a->force;
}

static bool
wants_secret(const struct assertion *as)
{
	return as->ask->foreign ? as->ask->foreign->salt.len != 0 : as->ask->secret;
}

/* The answer that was wanted: judged, and kept. */
static enum err
keep(struct assertion *as, const struct token *t, const struct token_event *ev, bool uv)
{
	const struct token_foreign *f = as->ask->foreign;
	struct wish w = { .up = !f || !f->silent, .uv = uv, .secret = wants_secret(as) };
	enum err e;

	if ((e = judge(as, ev, w)))
		return e;
	if (as->ask->which)
		memcpy(as->ask->which, t->path, sizeof t->path);
	if (f)
		return f->take(f->arg, t, ev);
	return as->secret ? sec_init_copy(as->secret, ev->secret) : ERR_OK;
}

/* No touch, no PIN, no secret.  Nothing that goes wrong here says anything. */
static enum err
probe(struct job *j, struct assertion *as, struct token *t)
{
	struct token_call c = { .touch = NULL };
	enum err e;

	if (t->err)
		return ERR_OK;
	fill_job(as, "probe", SPAN_NONE, &c.job);
	e = token_call(j, t, &c);
	if (!e && !judge(as, &c.ev, (struct wish){ .up = false }))
		t->slot = as->slot;
	job_end(j, c.h);
	return e == ERR_CANCELLED ? e : ERR_OK;
}

/* ---- with this token ---- */
static enum err
call_once(struct job *j, struct assertion *as, struct token *t, enum token_uv uv, struct span pin)
{
	const struct token_ask *a = as->ask;
	struct token_call c = { .touch = a->touch };
	enum err e;

	fill_wanted(as, &c.job);
	c.job.uv = uv;
	c.job.pin = pin;
	e = token_call(j, t, &c);
	if (e && c.ev.kind == TOKEN_EV_ERROR && (e == ERR_PIN_WRONG || e == ERR_PIN_REPLUG))
		t->retries = c.ev.retries;
	if (!e)
		e = keep(as, t, &c.ev, uv != TOKEN_UV_NONE);
	job_end(j, c.h);
	return e;
}

static void
say_tries(struct job *j, const struct token *t)
{
	req_text(&j->r, "%u tries are left", (unsigned)t->retries);
}

static enum err
with_pin(struct job *j, const struct token_verify *v, struct token *t)
{
	struct sec pin = { 0 };
	enum err e = ERR_OK;

	for (int i = 0; i < PIN_TRIES; i++) {
		if ((e = token_ask_pin(j, t, e, v->force, &pin)))
			break;
		e = v->call(v->arg, t, TOKEN_UV_PIN, sec_span(&pin));
		sec_done(&pin);
		if (e != ERR_PIN_WRONG)
			break;
		say_tries(j, t);
	}
	return e;
}

/* A fingerprint first where there is one and it is wanted; its PIN, if any, always suffices. */
enum err
token_verified(struct job *j, const struct token_verify *v, struct token *t)
{
	bool pin = t->options & TOKEN_OPT_PIN_SET;
	bool finger =
	    (t->options & TOKEN_OPT_UV) && (j->v->conf.fingerprint == CONF_FINGER_AUTO || !pin);
	enum err e = ERR_UV_BLOCKED;

	if (finger)
		e = v->call(v->arg, t, TOKEN_UV_BUILTIN, SPAN_NONE);
	if (e != ERR_UV_BLOCKED && e != ERR_PIN_NEEDED && e != ERR_TOUCH_DENIED)
		return e;
	/* a forwarded token asks for its PIN at home, and here has none */
	if (finger && !pin)
		return e;
	return with_pin(j, v, t);
}

static enum err
verified_call(void *arg, struct token *t, enum token_uv uv, struct span pin)
{
	struct assertion *as = arg;

	return call_once(as->job, as, t, uv, pin);
}

static enum err
with_verification(struct job *j, struct assertion *as, struct token *t)
{
	struct token_verify v = { .call = verified_call, .arg = as, .force = as->ask->force };

	as->job = j;
	return token_verified(j, &v, t);
}

static bool
wants_verification(const struct assertion *as, const struct token *t)
{
	const struct token_ask *a = as->ask;

	if (!a->verify || a->foreign)
		return a->verify;
	if (t->slot >= 0)
		return a->outer->slot[t->slot].uv != 0;
	for (unsigned i = 0; i < OUTER_SLOTS; i++)
		if ((a->slots & 1u << i) && a->outer->slot[i].uv)
			return true;
	return false;
}

static enum err
ask_one(struct job *j, struct assertion *as, struct token *t)
{
	enum err e;

	if (wants_verification(as, t))
		return with_verification(j, as, t);
	e = call_once(j, as, t, TOKEN_UV_NONE, SPAN_NONE);
	/* alwaysUv: it does nothing without a PIN, even where a touch would suffice us */
	return e == ERR_PIN_NEEDED ? with_verification(j, as, t) : e;
}

/* ---- with several, touch only: the first one touched wins ---- */
static enum err
start_touch(struct job *j, struct assertion *as, struct token *t, const struct token_job *tmpl)
{
	struct token_job q = *tmpl;
	struct helper *h;
	enum err e;

	(void)as;
	q.path = span_str(t->path);
	q.timeout_ms = j->v->conf.touch_timeout * 1000ull;
	wire_mark(&token_job_map, &q);
	if ((e = job_spawn(j, HELPER_TOKEN, NULL, &h)))
		return e;
	h->arg = t;
	return job_send(j, h, &token_job_map, &q);
}

/* One token's word: *done when it has ended, well (ERR_OK) or not. */
static enum err
take_word(struct assertion *as, const struct token *t, struct span frame, bool *done)
{
	struct token_event ev;

	*done = true;
	if (wire_decode(&token_event_map, frame, &ev))
		return ERR_LIE_FORMAT;
	if (ev.kind == TOKEN_EV_ERROR)
		return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_TOKEN_IO;
	*done = ev.kind == TOKEN_EV_RESULT;
	if (!*done)
		return ERR_OK;
	return keep(as, t, &ev, false);
}

/* A false answer ends the race for its own token only. */
static enum err
take_first(struct job *j, struct assertion *as)
{
	uint64_t ms = j->v->conf.touch_timeout * 1000ull + 5000;
	enum err last = ERR_TOKEN_WRONG, e, word;
	struct helper *h;
	struct span frame;
	bool done;

	while (!(e = job_recv_any(j, ms, &h, &frame)) || e == ERR_HANGUP) {
		done = true;
		word = e ? ERR_TOKEN_IO : take_word(as, h->arg, frame, &done);
		if (done && !word)
			return ERR_OK;
		if (!done)
			continue;
		if (word != ERR_TOKEN_WRONG)
			last = word;
		job_end(j, h);
	}
	return e == ERR_NOTFOUND ? last : e;
}

static enum err
touch_any(struct job *j, struct assertion *as, struct tokens *ts)
{
	struct token_job q;
	enum err e = turn_take(j, &j->v->tokens);

	fill_wanted(as, &q);
	for (size_t i = 0; i < ts->n && !e; i++)
		if (!ts->t[i].err)
			e = start_touch(j, as, &ts->t[i], &q);
	if (!e)
		job_event(j, OPS_EV_TOUCH, as->ask->touch);
	if (!e)
		e = take_first(j, as);
	for (size_t i = 0; i < JOB_HELPERS; i++)
		if (j->helper[i].handle && j->helper[i].kind == HELPER_TOKEN)
			job_end(j, &j->helper[i]);
	return e;
}

/* ---- which tokens ---- */
/* Those that proved themselves, if any did; else all that could be asked. */
static size_t
narrow(struct tokens *ts)
{
	size_t n = 0, proven = 0;

	for (size_t i = 0; i < ts->n; i++)
		proven += ts->t[i].slot >= 0;
	for (size_t i = 0; i < ts->n; i++)
		if (proven ? ts->t[i].slot >= 0 : !ts->t[i].err)
			ts->t[n++] = ts->t[i];
	ts->n = n;
	return n;
}

static bool
any_needs_pin(const struct assertion *as, const struct tokens *ts)
{
	for (size_t i = 0; i < ts->n; i++)
		if (wants_verification(as, &ts->t[i]) || (ts->t[i].options & TOKEN_OPT_ALWAYS_UV))
			return true;
	return false;
}

static enum err
why_none(const struct tokens *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->t[i].err)
			return all->t[i].err;
	return ERR_TOKEN_ABSENT;
}

/* Where a lie cannot be seen through, or there is nothing to choose, a silent answer decides
 * nothing. */
static bool
is_probe_of_use(const struct token_ask *a, const struct tokens *ts)
{
	if (!a->foreign)
		return true;
	return ts->n > 1 && a->foreign->pubkey.len && !a->foreign->silent;
}

static enum err
find_tokens(struct job *j, struct assertion *as, struct tokens *ts)
{
	enum err e, none;

	if ((e = tokens_find(j, as->ask->path, as->ask->nowait, ts)))
		return e;
	for (size_t i = 0; i < ts->n && !e; i++) {
		ts->t[i].what = as->ask->foreign ? as->ask->touch : NULL;
		if (!(e = token_examine(j, &ts->t[i])) && is_probe_of_use(as->ask, ts))
			e = probe(j, as, &ts->t[i]);
	}
	none = why_none(ts);
	return e ? e : narrow(ts) ? ERR_OK : none;
}

/* Nobody is asked anything: whichever knows one of them. */
static enum err
ask_silently(struct job *j, struct assertion *as, struct tokens *ts)
{
	enum err e = ERR_TOKEN_WRONG, one;

	for (size_t i = 0; i < ts->n; i++) {
		if (!(one = call_once(j, as, &ts->t[i], TOKEN_UV_NONE, SPAN_NONE)))
			return ERR_OK;
		if (one == ERR_CANCELLED)
			return one;
		if (one != ERR_TOKEN_WRONG)
			e = one;
	}
	return e;
}

enum err
token_assert(struct job *j, const struct token_ask *a, int *slot, struct sec *secret)
{
	struct assertion as = { .ask = a, .slot = -1, .secret = secret };
	struct token *which = NULL;
	struct tokens ts = { 0 };
	enum err e;

	collect(&as);
	if (!as.ncreds)
		return ERR_TOKEN_WRONG;
	if ((e = find_tokens(j, &as, &ts)))
		return e;
	if (a->foreign && a->foreign->silent)
		e = ask_silently(j, &as, &ts);
	else if (ts.n == 1)
		e = ask_one(j, &as, &ts.t[0]);
	else if (!any_needs_pin(&as, &ts))
		e = touch_any(j, &as, &ts);
	else if (!(e = tokens_select(j, &ts, "touch the token that you want to use", &which)))
		e = ask_one(j, &as, which);
	if (!e)
		*slot = as.slot;
	return e;
}
