/*
 * op_forward.c - a token of this machine is used by another one (DESIGN 7).  The bytes go past us:
 * the client brings the connection to secret.sock, the helper reads it in its sandbox.  Here the
 * person is asked and told, with the other machine's name; what is ours is not for others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/vault/audit.h"
#include "agent/vault/op.h"
#include "agent/vault/outer.h"
#include "agent/vault/store.h"
#include "agent/vault/token.h"
#include "agent/vault/turn.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/text.h"

#define SERVE_MS   720000 /* the helper ends by itself before */
#define TEXT_MAX   320
#define FIRST_TIME " (its credential is used for the first time)"
#define SAME	   " (it may open the vault of THIS machine)"

struct forwarding {
	struct req *r;
	const struct ops_token_serve *in;
	struct token *t;
	struct helper *h;
	struct span own[OUTER_SLOTS];
	size_t nown;
	uint64_t released;
	enum err pin_err; /* why there was no PIN */
};

/* ---- our own vault ---- */
static void
collect(struct forwarding *f, const struct outer *o)
{
	for (size_t i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(o, i) && o->slot[i].cred_id_len)
			f->own[f->nown++] = SPAN(o->slot[i].cred_id, o->slot[i].cred_id_len);
}

/* No key is needed for that.  Without a vault there is nothing to protect; with one that cannot be
 * read, nobody knows what. */
static enum err
own_credentials(struct forwarding *f, struct outer *o)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	if (f->in->same_vault)
		return ERR_OK;
	if (!(e = store_read(f->r->job, &bytes)) && !(e = outer_parse(buf_span(&bytes), o)))
		collect(f, o);
	buf_done(&bytes);
	return e == ERR_NOVAULT ? ERR_OK : e == ERR_FORMAT ? ERR_VAULT_DAMAGED : e;
}

/* ---- the person ---- */
/* Any program of the owner's may ask us for that under any name: who touches must know. */
static const char *
warning(const struct forwarding *f)
{
	return f->in->same_vault ? SAME : "";
}

static void
say(struct forwarding *f, enum ops_event_kind kind, struct span what, const char *more)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof text, "%.*s %.*s%s%s", (int)f->in->name.len,
	    (const char *)f->in->name.p, (int)what.len, (const char *)what.p, more,
	    kind == OPS_EV_TOUCH ? warning(f) : "");
	if (kind == OPS_EV_TOUCH) {
		struct ops_event ev = {
			.kind = kind, .label = span_str(f->t->name), .text = span_str(text)
		};

		job_event_full(f->r->job, &ev);
	} else {
		job_event(f->r->job, kind, text);
	}
}

static enum err
may_ask(const struct forwarding *f, const struct token_event *ev)
{
	return ev->retries == 0		       ? ERR_PIN_BLOCKED
	    : ev->retries < 3 && !f->in->force ? ERR_PIN_LOW
					       : ERR_OK;
}

static enum err
ask_pin(struct forwarding *f, const struct token_event *ev, struct sec *pin)
{
	struct question q = { .ask = ASK_PIN, .label = f->t->name };
	char text[TEXT_MAX];
	enum err e;

	if ((e = may_ask(f, ev)))
		return e;
	snprintf(text, sizeof text, "%.*s asks%s%s: PIN of your token %s", (int)f->in->name.len,
	    (const char *)f->in->name.p, ev->fresh ? FIRST_TIME : "", warning(f), f->t->name);
	q.text = text;
	q.err = ev->err && err_is_known(ev->err) ? (enum err)ev->err : ERR_OK;
	q.retries = q.err || ev->retries < 4 ? ev->retries : 0;
	return job_ask(f->r->job, &q, pin);
}

/* A helper without an answer tells the other side no. */
static enum err
give_pin(struct forwarding *f, const struct token_event *ev)
{
	struct token_job answer = { .op = TOKEN_SERVE };
	struct sec pin = { 0 };
	enum err e = ask_pin(f, ev, &pin);

	if (e == ERR_CANCELLED || e == ERR_NOMEM)
		goto out;
	f->pin_err = e;
	answer.pin = sec_span(&pin);
	wire_mark(&token_job_map, &answer);
	e = job_send(f->r->job, f->h, &token_job_map, &answer);
out:
	sec_done(&pin);
	return e;
}

/* ---- what the helper says ---- */
static enum err
flush(struct job *j)
{
	return j->v->open.is ? audit_flush(j) : ERR_OK;
}

/* The other machine has its answer by now.  Not in this job, which holds the tokens as long as it
 * serves: whoever has the disk may wait for them. */
static void
record(struct forwarding *f)
{
	audit_owe(f->r, AUDIT_TOUCH, NULL, ERR_OK);
	if (job_start_own(f->r->v, flush))
		log_warn("a touch for another machine waits for the next entry of the audit log");
}

/* For the client's list of who uses which. */
static void
tell_released(struct forwarding *f, const struct token_event *ev)
{
	struct ops_event out = { .kind = OPS_EV_FORWARD };
	uint8_t hash[32];
	char hex[65];

	crypto_sha256(ev->cred_id, hash);
	text_encode_raw(TEXT_HEX, SPAN(hash, 32), hex);
	out.label = SPAN(hex, 64);
	f->released++;
	record(f);
	job_event_full(f->r->job, &out);
}

static enum err
take(struct forwarding *f, const struct token_event *ev, bool *end)
{
	switch (ev->kind) {
	case TOKEN_EV_NEED_PIN:
		return give_pin(f, ev);
	case TOKEN_EV_TOUCH:
		say(f, OPS_EV_TOUCH, SPAN_LIT("asks"), ev->fresh ? FIRST_TIME : "");
		return ERR_OK;
	case TOKEN_EV_REFUSED:
		say(f, OPS_EV_NOTE, ev->name, ": refused");
		return ERR_OK;
	case TOKEN_EV_RELEASED:
		job_answered(f->r->job);
		tell_released(f, ev);
		return ERR_OK;
	case TOKEN_EV_ERROR:
		return ev->err && err_is_known(ev->err) ? (enum err)ev->err : ERR_TOKEN_IO;
	default:
		*end = ev->kind == TOKEN_EV_RESULT;
		return ERR_OK;
	}
}

static enum err
listen(struct forwarding *f)
{
	struct token_event ev;
	struct span frame;
	bool end = false;
	enum err e = ERR_OK;

	while (!e && !end) {
		if ((e = job_recv(f->r->job, f->h, SERVE_MS, &frame)))
			break;
		e = wire_decode(&token_event_map, frame, &ev) ? ERR_LIE_FORMAT : take(f, &ev, &end);
	}
	return e == ERR_HANGUP ? ERR_TOKEN_IO : e;
}

static enum err
start(struct forwarding *f)
{
	struct token_job q = { .op = TOKEN_SERVE, .path = span_str(f->t->path) };
	struct job *j = f->r->job;
	struct ops_event ev = { .kind = OPS_EV_FORWARD };
	enum err e;

	q.creds = (struct wire_list){ .v = f->own, .n = f->nown };
	q.known = f->in->known;
	if (!f->in->same_vault)
		q.refuse = f->in->refuse;
	wire_mark(&token_job_map, &q);
	if ((e = turn_take(j, &j->v->tokens)) || (e = job_new_id(j, false)) ||
	    (e = job_spawn(j, HELPER_TOKEN, j->id, &f->h)) ||
	    (e = job_send(j, f->h, &token_job_map, &q)))
		return e;
	ev.job = SPAN(j->id, JOB_ID_LEN);
	job_event_full(j, &ev);
	/* the helper has that connection; the id of a PIN is another one */
	return ERR_OK;
}

static enum err
serve(struct forwarding *f)
{
	struct ops_token_serve_rep rep;
	enum err e;

	if ((e = start(f)) == ERR_OK)
		e = listen(f);
	job_end(f->r->job, f->h);
	if (!e && !f->released && f->pin_err)
		e = f->pin_err;
	if (e)
		return e;
	rep = (struct ops_token_serve_rep){ .released = f->released };
	wire_mark(&ops_token_serve_rep_map, &rep);
	return req_reply(f->r, &rep);
}

enum err
op_token_serve(struct req *r)
{
	struct forwarding f = { .r = r, .in = r->in };
	struct tokens ts = { 0 };
	struct outer *o;
	enum err e;

	REQ_MUST_WAIT(r);
	if (!(o = malloc(sizeof *o)))
		return ERR_NOMEM;
	if (!(e = own_credentials(&f, o)) && !(e = tokens_pick(r->job, f.in->path, &ts, &f.t)) &&
	    !(e = f.t->err))
		e = serve(&f);
	free(o);
	return e;
}
