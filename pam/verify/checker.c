/*
 * checker.c - the judgement on a login (DESIGN 7, 12).  The checks of a token's answer are those of
 * the vault, lib/token.c; which credential may answer is decided here.
 */
#include "pam/verify/checker.h"

#include "lib/crypto.h"
#include "lib/sshkey.h"

#define COUNTER_AT 33 /* rpIdHash 32, flags 1 */

/* --- what is signed --- */

/* Where from, to what, who: all of it, and no two ways to cut it. */
static enum err
begin_token(struct checker *c, const struct verify_job *q)
{
	struct buf request = BUF_INIT;
	enum err e;

	if (!q->rp_id.len || q->rp_id.len >= sizeof c->rp_id)
		return ERR_VERIFY_ANSWER;
	buf_put_lp(&request, q->host);
	buf_put_lp(&request, q->service);
	buf_put_lp(&request, q->user);
	if (!(e = buf_err(&request))) {
		memcpy(c->rp_id, q->rp_id.p, q->rp_id.len);
		token_challenge(q->probe ? "probe" : "pam", buf_span(&request), &c->nonce);
	}
	buf_done(&request);
	return e;
}

/* PROTOCOL.sshsig of OpenSSH, 3: the message is what is logged in to and the nonce, its hash is
 * what the agent sees. */
static enum err
put_tbs(struct span message, struct buf *b)
{
	uint8_t hash[64];

	crypto_sha512(message, hash);
	buf_put_str(b, "SSHSIG");
	ssh_put_text(b, VERIFY_NAMESPACE);
	ssh_put_string(b, SPAN_NONE);
	ssh_put_text(b, "sha512");
	ssh_put_string(b, SPAN(hash, sizeof hash));
	return buf_err(b);
}

static enum err
begin_ssh(struct checker *c, const struct verify_job *q)
{
	struct buf message = BUF_INIT, tbs = BUF_INIT;
	enum err e;

	if (q->rp_id.len || q->probe)
		return ERR_VERIFY_ANSWER;
	crypto_random(c->nonce.nonce, sizeof c->nonce.nonce);
	ssh_put_string(&message, SPAN(c->nonce.nonce, 32));
	ssh_put_string(&message, q->host);
	ssh_put_string(&message, q->service);
	ssh_put_string(&message, q->user);
	if (!(e = buf_err(&message)) && !(e = put_tbs(buf_span(&message), &tbs)) &&
	    tbs.len > sizeof c->tbs)
		e = ERR_TOOBIG;
	if (!e) {
		memcpy(c->tbs, tbs.p, tbs.len);
		c->tbs_len = tbs.len;
	}
	buf_done(&message);
	buf_done(&tbs);
	return e;
}

static enum err
begin(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	bool ssh = q->op == VERIFY_BEGIN_SSH;
	enum err e;

	if (c->begun || !q->service.len || !q->user.len)
		return ERR_VERIFY_ANSWER;
	if ((e = ssh ? begin_ssh(c, q) : begin_token(c, q)))
		return e;
	c->begun = true;
	c->ssh = ssh;
	c->probe = q->probe;
	ev->kind = VERIFY_EV_BEGUN;
	ev->nonce = SPAN(c->nonce.nonce, 32);
	if (ssh)
		ev->tbs = SPAN(c->tbs, c->tbs_len);
	else
		ev->cdh = SPAN(c->nonce.cdh, 32);
	return ERR_OK;
}

/* --- whether an answer is good --- */

/* The credential that answered is one of those that may: *row and *index. */
static enum err
find_cred(const struct verify_job *q, struct verify_cred *row, uint64_t *index)
{
	struct cbor c = wire_each(&q->creds);
	enum err e;

	for (uint64_t i = 0; !cbor_at_end(&c); i++) {
		if ((e = wire_next(&verify_cred_map, &c, row)))
			return e;
		if (!span_eq(row->cred_id, q->cred_id))
			continue;
		*index = i;
		return ERR_OK;
	}
	return ERR_LIE_CREDENTIAL;
}

static enum err
check_token(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	struct token_expect x = { .rp_id = c->rp_id, .cdh = c->nonce.cdh };
	struct token_event said = { .cred_id = q->cred_id, .authdata = q->authdata, .sig = q->sig };
	struct verify_cred row;
	enum err e;

	if (c->ssh)
		return ERR_VERIFY_ANSWER;
	if ((e = find_cred(q, &row, &ev->index)))
		return e;
	x.cred_id = row.cred_id;
	x.pubkey = row.pubkey;
	x.alg = row.alg;
	x.up = row.up && !c->probe;
	x.uv = row.uv && !c->probe;
	if ((e = token_judge(&x, &said)))
		return e;
	token_flags(q->authdata, &ev->up, &ev->uv);
	ev->counter = be32(q->authdata.p + COUNTER_AT);
	return ERR_OK;
}

static enum err
find_key(const struct verify_job *q, uint64_t *index)
{
	struct cbor c = wire_each(&q->keys);
	struct span key;
	enum err e;

	for (uint64_t i = 0; !cbor_at_end(&c) && i < VERIFY_CREDS; i++) {
		if ((e = cbor_get_bytes(&c, &key)))
			return e;
		if (!span_eq(key, q->key))
			continue;
		*index = i;
		return ERR_OK;
	}
	return ERR_LIE_CREDENTIAL;
}

/* A certificate proves what its authority says, not that it is somebody's key. */
static enum err
check_ssh(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	struct sshkey_public key;
	enum err e;

	if (!c->ssh)
		return ERR_VERIFY_ANSWER;
	if ((e = find_key(q, &ev->index)) || (e = sshkey_parse_public(q->key, &key)))
		return e;
	if (key.is_cert)
		return ERR_SSHKEY_KIND;
	return sshkey_verify(q->key, q->sig, SPAN(c->tbs, c->tbs_len));
}

static enum err
check(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	enum err e;

	if (!c->begun || c->over || c->checks++ == VERIFY_CHECKS)
		return ERR_VERIFY_ANSWER;
	e = q->op == VERIFY_CHECK ? check_token(c, q, ev) : check_ssh(c, q, ev);
	if (e)
		return e;
	ev->kind = VERIFY_EV_GOOD;
	ev->nonce = SPAN(c->nonce.nonce, 32);
	c->over = true;
	return ERR_OK;
}

void
checker_take(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	bool begins = q->op == VERIFY_BEGIN || q->op == VERIFY_BEGIN_SSH;
	enum err e;

	*ev = (struct verify_event){ .kind = VERIFY_EV_BAD };
	e = begins ? begin(c, q, ev) : check(c, q, ev);
	if (e) {
		*ev = (struct verify_event){ .kind = VERIFY_EV_BAD, .err = e };
		ev->nonce = SPAN(c->nonce.nonce, 32);
	}
	if (e == ERR_VERIFY_ANSWER)
		c->over = true;
}
