#include "pam/verify.h"

#define EVENT_MAX 2048

/* Nothing but a verdict about our own nonce counts. */
static enum err
ask(struct verify *v, struct verify_job *q, int64_t until, struct verify_event *ev)
{
	struct buf out = BUF_INIT;
	struct span frame;
	enum err e;

	wire_mark(&verify_job_map, q);
	if (!(e = wire_encode(&verify_job_map, q, &out)) &&
	    !(e = helper_send(&v->h, buf_span(&out), until)) &&
	    !(e = helper_recv(&v->h, until, &frame)) && wire_decode(&verify_event_map, frame, ev))
		e = ERR_VERIFY_ANSWER;
	buf_done(&out);
	return e == ERR_TOOBIG ? ERR_VERIFY_ANSWER : e;
}

static enum err
reason(const struct verify_event *ev)
{
	return ev->err && err_is_known(ev->err) ? (enum err)ev->err : ERR_VERIFY_ANSWER;
}

static enum err
take_token(struct verify *v, const struct verify_event *ev)
{
	if (ev->cdh.len != sizeof v->cdh || ev->tbs.len || ev->message.len)
		return ERR_VERIFY_ANSWER;
	memcpy(v->cdh, ev->cdh.p, sizeof v->cdh);
	return ERR_OK;
}

static enum err
take_ssh(struct verify *v, const struct verify_event *ev)
{
	if (ev->cdh.len || !ev->tbs.len || ev->tbs.len > sizeof v->tbs || !ev->message.len ||
	    ev->message.len > sizeof v->message)
		return ERR_VERIFY_ANSWER;
	memcpy(v->tbs, ev->tbs.p, ev->tbs.len);
	memcpy(v->message, ev->message.p, ev->message.len);
	v->tbs_len = ev->tbs.len;
	v->message_len = ev->message.len;
	return ERR_OK;
}

static enum err
take_begun(struct verify *v, const struct verify_event *ev)
{
	if (ev->kind == VERIFY_EV_BAD)
		return reason(ev);
	if (ev->kind != VERIFY_EV_BEGUN || ev->nonce.len != sizeof v->nonce)
		return ERR_VERIFY_ANSWER;
	memcpy(v->nonce, ev->nonce.p, sizeof v->nonce);
	return v->ssh ? take_ssh(v, ev) : take_token(v, ev);
}

enum err
verify_hello(const struct verify_about *a, int64_t until, struct verify *v)
{
	struct verify_job q = { .op = a->rp_id ? VERIFY_BEGIN : VERIFY_BEGIN_SSH };
	struct verify_event ev;
	enum err e;

	v->probe = q.probe = a->probe;
	v->ssh = !a->rp_id;
	q.rp_id = span_str(a->rp_id);
	q.host = span_str(a->host);
	q.service = span_str(a->service);
	q.user = span_str(a->user);
	if ((e = ask(v, &q, until, &ev)))
		return e;
	return take_begun(v, &ev);
}

enum err
verify_begin(const struct verify_about *a, int64_t until, struct verify *v)
{
	enum err e;

	*v = (struct verify)VERIFY_NONE;
	if ((e = helper_start("ownkey-verify", EVENT_MAX, &v->h)))
		return e;
	return verify_hello(a, until, v);
}

static enum err
take_verdict(
    const struct verify *v, const struct verify_event *ev, size_t n, struct verify_verdict *out)
{
	if (ev->nonce.len != 32 || memcmp(ev->nonce.p, v->nonce, 32) != 0)
		return ERR_VERIFY_ANSWER;
	if (ev->kind == VERIFY_EV_BAD)
		return reason(ev);
	if (ev->kind != VERIFY_EV_GOOD || ev->err || ev->index >= n)
		return ERR_VERIFY_ANSWER;
	*out = (struct verify_verdict){
		.index = (size_t)ev->index, .counter = ev->counter, .up = ev->up, .uv = ev->uv
	};
	return ERR_OK;
}

enum err
verify_check(
    struct verify *v, const struct verify_answer *a, int64_t until, struct verify_verdict *out)
{
	struct verify_job q = { .op = VERIFY_CHECK };
	struct verify_cred creds[VERIFY_CREDS];
	struct verify_event ev;
	enum err e;

	if (!a->ncreds || a->ncreds > VERIFY_CREDS || v->ssh)
		return ERR_INTERNAL;
	for (size_t i = 0; i < a->ncreds; i++) {
		creds[i] = a->creds[i];
		wire_mark(&verify_cred_map, &creds[i]);
	}
	q.creds = (struct wire_list){ .v = creds, .n = a->ncreds };
	q.cred_id = a->cred_id;
	q.authdata = a->authdata;
	q.sig = a->sig;
	if ((e = ask(v, &q, until, &ev)))
		return e;
	return take_verdict(v, &ev, a->ncreds, out);
}

enum err
verify_check_ssh(
    struct verify *v, const struct verify_ssh_answer *a, int64_t until, struct verify_verdict *out)
{
	struct verify_job q = { .op = VERIFY_CHECK_SSH };
	struct verify_key keys[VERIFY_CREDS];
	struct verify_event ev;
	enum err e;

	if (!a->nkeys || a->nkeys > VERIFY_CREDS || !v->ssh)
		return ERR_INTERNAL;
	for (size_t i = 0; i < a->nkeys; i++) {
		keys[i] = a->keys[i];
		wire_mark(&verify_key_map, &keys[i]);
	}
	q.keys = (struct wire_list){ .v = keys, .n = a->nkeys };
	q.key = a->key;
	q.sig = a->sig;
	if ((e = ask(v, &q, until, &ev)))
		return e;
	return take_verdict(v, &ev, a->nkeys, out);
}

void
verify_end(struct verify *v)
{
	helper_end(&v->h);
}
