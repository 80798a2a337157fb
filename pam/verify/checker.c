/*
 * checker.c - the judgement on a login (DESIGN 7, 12).  The checks of a token's answer are those of
 * the vault, lib/token.c; which credential may answer is decided here.
 */
#include "pam/verify/checker.h"

#include "lib/crypto.h"
#include "lib/sshkey.h"
#include "lib/sshkey_sk.h"

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

static enum err
keep(const struct buf *from, uint8_t *to, size_t max, size_t *len)
{
	if (from->len > max)
		return ERR_TOOBIG;
	memcpy(to, from->p, from->len);
	*len = from->len;
	return ERR_OK;
}

static enum err
begin_ssh(struct checker *c, const struct verify_job *q)
{
	struct sshlogin l = { .host = q->host, .service = q->service, .user = q->user };
	struct buf message = BUF_INIT, tbs = BUF_INIT;
	enum err e;

	if (q->rp_id.len || q->probe)
		return ERR_VERIFY_ANSWER;
	crypto_random(c->nonce.nonce, sizeof c->nonce.nonce);
	l.nonce = SPAN(c->nonce.nonce, SSHLOGIN_NONCE);
	if (!(e = sshlogin_put(&l, &message)) && !(e = sshlogin_tbs(buf_span(&message), &tbs)) &&
	    !(e = keep(&message, c->message, sizeof c->message, &c->message_len)))
		e = keep(&tbs, c->tbs, sizeof c->tbs, &c->tbs_len);
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
	if (!ssh) {
		ev->cdh = SPAN(c->nonce.cdh, 32);
		return ERR_OK;
	}
	ev->message = SPAN(c->message, c->message_len);
	ev->tbs = SPAN(c->tbs, c->tbs_len);
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
find_key(const struct verify_job *q, struct verify_key *row, uint64_t *index)
{
	struct cbor c = wire_each(&q->keys);
	enum err e;

	for (uint64_t i = 0; !cbor_at_end(&c); i++) {
		if ((e = wire_next(&verify_key_map, &c, row)))
			return e;
		if (!span_eq(row->blob, q->key))
			continue;
		*index = i;
		return ERR_OK;
	}
	return ERR_LIE_CREDENTIAL;
}

static enum err
check_sk(const struct verify_key *row, struct span sig, struct span tbs, struct verify_event *ev)
{
	struct sshkey_sk_said said;
	enum err e = sshkey_sk_verify(row->blob, sig, tbs, &said);

	if (e)
		return e;
	if (row->up && !said.up)
		return ERR_LIE_PRESENCE;
	if (row->uv && !said.uv)
		return ERR_LIE_VERIFIED;
	ev->up = said.up;
	ev->uv = said.uv;
	ev->counter = said.counter;
	return ERR_OK;
}

/* A certificate proves what its authority says, not that it is somebody's key; a key that is a
 * file can prove no touch.  Of RSA one hash is enough. */
static enum err
check_file_key(const struct verify_key *row, struct span sig, struct span tbs)
{
	struct ssh_reader r = ssh_reader(sig);
	struct span alg = ssh_read_string(&r, 64);
	struct sshkey_public key;
	enum err e;

	if ((e = sshkey_parse_public(row->blob, &key)))
		return e;
	if (key.is_cert || row->up || row->uv)
		return ERR_SSHKEY_KIND;
	if (key.type == SSHKEY_RSA && !span_is(alg, "rsa-sha2-512"))
		return ERR_SSHKEY_SIGNATURE;
	return sshkey_verify(row->blob, sig, tbs);
}

static enum err
check_ssh(struct checker *c, const struct verify_job *q, struct verify_event *ev)
{
	struct span tbs = SPAN(c->tbs, c->tbs_len);
	struct verify_key row;
	enum err e;

	if (!c->ssh)
		return ERR_VERIFY_ANSWER;
	if ((e = find_key(q, &row, &ev->index)))
		return e;
	return sshkey_is_sk(row.blob) ? check_sk(&row, q->sig, tbs, ev)
				      : check_file_key(&row, q->sig, tbs);
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
