/*
 * op_token_foreign.c - credentials of other programs on the tokens that are plugged in: ssh's, age
 * plugins', whoever's (DESIGN 8).  Nothing of the vault is used or changed, so it may be locked or
 * absent; and nothing that could open it is touched: names with "ownkey:" are refused before any
 * token is asked, however they are written.
 */
#include <stdio.h>
#include <string.h>

#include "agent/vault/audit.h"
#include "agent/vault/op.h"
#include "agent/vault/token.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define OWN "ownkey:"
#define SSH "ssh:"

/* ---- which names ---- */
/* Tokens know exact bytes, but what stands between may fold case or stop at a NUL: neither may make
 * one of ours out of what was looked at here. */
static bool
is_own(struct span rp)
{
	size_t n = sizeof OWN - 1;

	if (rp.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((rp.p[i] | (OWN[i] == ':' ? 0 : 0x20)) != (uint8_t)OWN[i])
			return false;
	return true;
}

static enum err
check_rp(struct span rp, char out[OPS_RP_MAX + 1])
{
	if (is_own(rp))
		return ERR_TOKEN_RESERVED;
	for (size_t i = 0; i < rp.len; i++)
		if (rp.p[i] <= ' ' || rp.p[i] > '~')
			return ERR_TEXT;
	memcpy(out, rp.p, rp.len);
	out[rp.len] = '\0';
	return ERR_OK;
}

/* ---- what people read: who asks, and for what ---- */
static void
say_who(const struct req *r, const char *verb, const char *rp, struct buf *out)
{
	const struct client *c = r->c;

	buf_putf(out, "%s %s, for ", verb, rp);
	text_printable(span_str(c && c->label[0] ? c->label : "a program"), out);
	buf_putf(out, " (process %d)", c ? (int)c->pid : 0);
}

/* Errors are about the vault's own ways in elsewhere. */
static enum err
as_foreign(enum err e)
{
	return e == ERR_TOKEN_WRONG ? ERR_TOKEN_NOKEY : e == ERR_EXISTS ? ERR_TOKEN_HASKEY : e;
}

/* While a vault is open it is in the audit log before the answer, under a name that is made of the
 * relying party's; otherwise it is owed until one is. */
static enum err
touched(struct req *r, const char *rp, enum err err)
{
	uint8_t about[32];

	crypto_sha256(span_str(rp), about);
	if (audit_event(r, AUDIT_TOUCH, about, err) == err)
		return err;
	buf_reset(&r->out);
	return ERR_AUDIT_WRITE;
}

static void
counted(struct req *r, const char *rp)
{
	uint8_t about[32];

	crypto_sha256(span_str(rp), about);
	audit_count(r, about);
}

static enum err
list_of(const struct wire_list *l, struct span v[OPS_CREDS], size_t *n)
{
	struct cbor c = wire_each(l);
	enum err e;

	for (*n = 0; !cbor_at_end(&c); (*n)++) {
		if (*n == OPS_CREDS)
			return ERR_TOOBIG;
		if ((e = cbor_get_bytes(&c, &v[*n])))
			return e;
	}
	return ERR_OK;
}

/* ---- token.assert ---- */
struct assert {
	struct req *r;
	uint8_t cdh[32];
	bool checked;
};

static enum err
take_assertion(void *arg, const struct token *t, const struct token_event *ev)
{
	struct assert *a = arg;
	struct ops_token_assert_rep rep = { .cred_id = ev->cred_id,
		.authdata = ev->authdata,
		.sig = ev->sig,
		.secret = ev->secret,
		.flags = ev->authdata.p[32],
		.counter = be32(ev->authdata.p + 33),
		.cdh = SPAN(a->cdh, 32),
		.token = span_str(t->path),
		.checked = a->checked };

	wire_mark(&ops_token_assert_rep_map, &rep);
	return req_reply(a->r, &rep);
}

static enum err
check_assert(const struct ops_token_assert *in, size_t ncreds)
{
	if (!ncreds || (in->salt.len && in->salt.len != 32 && in->salt.len != 64) ||
	    (in->pubkey.len && ((in->pubkey.len != 32 && in->pubkey.len != 64) || ncreds != 1)))
		return ERR_RANGE;
	return in->silent && (in->salt.len || in->uv) ? ERR_TOKEN_SILENT : ERR_OK;
}

static enum err
assert_with(struct req *r, struct token_foreign *f, const char *touch)
{
	const struct ops_token_assert *in = r->in;
	struct token_ask ask = { .foreign = f,
		.verify = in->uv,
		.force = in->force,
		.path = in->token,
		.nowait = in->nowait,
		.touch = touch };
	struct assert a = { .r = r, .checked = in->pubkey.len != 0 };
	int slot;

	if (in->cdh.len)
		memcpy(a.cdh, in->cdh.p, 32);
	else
		crypto_random(a.cdh, 32);
	f->cdh = a.cdh;
	f->take = take_assertion;
	f->arg = &a;
	return as_foreign(token_assert(r->job, &ask, &slot, NULL));
}

enum err
op_token_assert(struct req *r)
{
	const struct ops_token_assert *in = r->in;
	struct token_foreign f = { .salt = in->salt, .pubkey = in->pubkey, .silent = in->silent };
	struct span creds[OPS_CREDS];
	char rp[OPS_RP_MAX + 1];
	struct buf who = BUF_INIT;
	enum err e;

	if ((e = check_rp(in->rp_id, rp)) || (e = list_of(&in->creds, creds, &f.ncreds)) ||
	    (e = check_assert(in, f.ncreds)))
		return e;
	REQ_MUST_WAIT(r);
	f.rp_id = rp;
	f.creds = creds;
	say_who(r, in->salt.len ? "to use a secret of" : "to use your key for", rp, &who);
	if (!(e = buf_err(&who)))
		e = assert_with(r, &f, buf_cstr(&who));
	buf_done(&who);
	if (in->nowait && e == ERR_TOKEN_ABSENT)
		return e; /* nobody was asked */
	if (!in->silent)
		return touched(r, rp, e);
	if (!e)
		counted(r, rp);
	return e;
}

/* ---- token.make ---- */
struct making {
	struct req *r;
	struct job *job;
	const char *rp;
	const char *touch;
	struct span exclude[OPS_CREDS];
	size_t nexclude;
};

static enum err
check_make(const struct ops_token_make *in)
{
	if (in->resident && (in->rp_id.len < sizeof SSH - 1 || memcmp(in->rp_id.p, SSH, 4) != 0))
		return ERR_TOKEN_PASSKEY;
	return in->algs.n > 2 ? ERR_TOOBIG : ERR_OK;
}

/* Attestation by the key itself can be checked here; by a certificate, by whoever knows its issuer
 * (WebAuthn 8.2). */
static enum err
judge_self(const struct making *m, const struct token_event *ev, bool uv)
{
	const struct ops_token_make *in = m->r->in;
	struct token_expect x = { .rp_id = m->rp, .cdh = in->cdh.p, .up = true, .uv = uv };

	if (!ev->sig.len || ev->cert.len || !span_is(ev->fmt, "packed"))
		return ERR_OK;
	x.cred_id = ev->cred_id;
	x.pubkey = ev->pubkey;
	x.alg = ev->alg;
	return token_judge(&x, ev);
}

static bool
is_wanted(const struct ops_token_make *in, int64_t alg)
{
	struct cbor c = wire_each(&in->algs);
	uint64_t n;

	while (!cbor_at_end(&c) && !cbor_get_uint(&c, &n))
		if (alg == -1 - (int64_t)n)
			return true;
	return !in->algs.n;
}

static enum err
keep_made(const struct making *m, const struct token *t, const struct token_event *ev, bool uv)
{
	struct ops_token_make_rep rep = { .cred_id = ev->cred_id,
		.alg = ev->alg,
		.pubkey = ev->pubkey,
		.authdata = ev->authdata,
		.aaguid = ev->aaguid,
		.fmt = ev->fmt,
		.sig = ev->sig,
		.cert = ev->cert,
		.token = span_str(t->path),
		.software = token_is_software(t) };
	enum err e;

	if ((e = token_judge_new(m->rp, uv, ev)) || (e = judge_self(m, ev, uv)))
		return e;
	if (!is_wanted(m->r->in, ev->alg))
		return ERR_LIE_FORMAT;
	rep.flags = ev->authdata.p[32];
	wire_mark(&ops_token_make_rep_map, &rep);
	return req_reply(m->r, &rep);
}

static void
fill_make(struct making *m, struct token_job *q)
{
	const struct ops_token_make *in = m->r->in;

	*q = (struct token_job){ .op = TOKEN_MAKE,
		.rp_id = span_str(m->rp),
		.cdh = in->cdh,
		.user = in->user,
		.user_id = in->user_id,
		.algs = in->algs,
		.plain = !in->secret,
		.resident = in->resident,
		.protect = in->protect,
		.force = in->force };
	q->creds = (struct wire_list){ .v = m->exclude, .n = m->nexclude };
}

static enum err
make_call(void *arg, struct token *t, enum token_uv uv, struct span pin)
{
	struct making *m = arg;
	struct token_call c = { .touch = m->touch };
	enum err e;

	fill_make(m, &c.job);
	c.job.uv = uv;
	c.job.pin = pin;
	e = token_call(m->job, t, &c);
	if (e && c.ev.kind == TOKEN_EV_ERROR && (e == ERR_PIN_WRONG || e == ERR_PIN_REPLUG))
		t->retries = c.ev.retries;
	if (!e)
		e = keep_made(m, t, &c.ev, uv != TOKEN_UV_NONE);
	job_end(m->job, c.h);
	return e;
}

/* Most tokens with a PIN make nothing without it, and say so at once. */
static enum err
make_on(struct making *m, struct token *t)
{
	const struct ops_token_make *in = m->r->in;
	struct token_verify v = { .call = make_call, .arg = m, .force = in->force };
	enum err e = ERR_PIN_NEEDED;

	t->what = m->touch;
	if (!(t->options & TOKEN_OPT_FIDO2))
		return ERR_TOKEN_U2F;
	if (in->secret && !(t->options & TOKEN_OPT_HMAC_SECRET))
		return ERR_TOKEN_NOSECRET;
	if (!in->uv)
		e = make_call(m, t, TOKEN_UV_NONE, SPAN_NONE);
	return e == ERR_PIN_NEEDED ? token_verified(m->job, &v, t) : e;
}

/* The one that is named, the only one, or the one that the person touches. */
static enum err
choose(struct making *m, struct tokens *ts, struct token **t)
{
	const struct ops_token_make *in = m->r->in;
	size_t n = 0;
	enum err e;

	if ((e = tokens_wait(m->job, false, ts)) || (e = tokens_only(ts, in->token)))
		return e;
	for (size_t i = 0; i < ts->n; i++) {
		if ((e = token_examine(m->job, &ts->t[i])))
			return e;
		if (!ts->t[i].err || ts->n == 1)
			ts->t[n++] = ts->t[i];
	}
	ts->n = n;
	if (!n)
		return ERR_TOKEN_ACCESS;
	*t = &ts->t[0];
	if (n > 1 && (e = tokens_select(m->job, ts, m->touch, t)))
		return e;
	return (*t)->err;
}

enum err
op_token_make(struct req *r)
{
	const struct ops_token_make *in = r->in;
	struct making m = { .r = r, .job = r->job };
	char rp[OPS_RP_MAX + 1];
	struct buf who = BUF_INIT;
	struct tokens ts = { 0 };
	struct token *t = NULL;
	enum err e;

	if ((e = check_rp(in->rp_id, rp)) || (e = check_make(in)) ||
	    (e = list_of(&in->exclude, m.exclude, &m.nexclude)))
		return e;
	REQ_MUST_WAIT(r);
	m.rp = rp;
	say_who(r, in->resident ? "to make a resident key for" : "to make a key for", rp, &who);
	m.touch = buf_cstr(&who);
	if (!(e = buf_err(&who)) && !(e = choose(&m, &ts, &t)))
		e = make_on(&m, t);
	buf_done(&who);
	return touched(r, rp, as_foreign(e));
}
