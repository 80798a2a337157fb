/* op_ssh.c - the ssh door as a whole: listed, hidden, locked with a passphrase. */
#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/sshrows.h"
#include "lib/crypto.h"

#define SALT	      32
#define QUEUE_MOST_MS 10000 /* of tries that wait for their turn */

/* ---- key.list ---- */
/* Front answers as soon as it has been told rows, which is when the vault is opened. */
enum err
op_key_list(struct req *r)
{
	(void)r;
	return ERR_LOCKED;
}

/* ---- key.hide ---- */
enum err
op_key_hide(struct req *r)
{
	const struct ops_key_hide *in = r->in;
	enum err e = ERR_OK;

	if (r->v->ssh->locked)
		return ERR_SSH_LOCKED;
	audit_count(r, in->id.len ? in->id.p : NULL);
	if (in->id.len)
		e = sshrows_hide(r->v, in->id.p);
	else
		sshrows_hide_all(r->v);
	return e;
}

/* ---- ssh.lock ---- */
static enum err
hash(struct span salt, struct span passphrase, struct sec *out)
{
	enum err e;

	if ((e = sec_init(out, SALT + 64)) || (e = sec_put(out, salt)))
		return e;
	crypto_hmac_sha512(SPAN(out->p, SALT), passphrase, out->p + SALT);
	out->len = SALT + 64;
	return ERR_OK;
}

static enum err
lock(struct req *r)
{
	const struct ops_ssh_lock *in = r->in;
	struct sshrows *s = r->v->ssh;
	struct sec made = { 0 };
	uint8_t salt[SALT];
	enum err e;

	if (s->locked)
		return ERR_SSH_LOCKED;
	crypto_random(salt, sizeof salt);
	if ((e = hash(SPAN(salt, sizeof salt), in->secret, &made))) {
		sec_done(&made);
		return e;
	}
	sec_done(&s->lock);
	sec_move(&s->lock, &made);
	audit_count(r, NULL);
	s->locked = true;
	s->tries = 0;
	s->next_try = 0;
	sshrows_send_lock(r->v);
	return ERR_OK;
}

/* As OpenSSH's agent: 0.1 s more for each wrong try, up to 10 s.  One try after the other, from
 * wherever they come: each takes the next moment that is free. */
static enum err
wait_turn(struct req *r)
{
	struct sshrows *s = r->v->ssh;
	uint64_t now = loop_now(), start = s->next_try > now ? s->next_try : now;
	uint64_t pause = 100 * (s->tries < 100 ? s->tries : 100);
	enum err e;

	if (!s->tries)
		return ERR_OK;
	/* who asks and gives up again and again does not put everybody else off for hours */
	if (start - now > QUEUE_MOST_MS)
		return ERR_LIMIT;
	s->next_try = start + pause;
	e = job_wait(r->job, s->next_try - now);
	return e == ERR_TIMEOUT ? ERR_OK : e;
}

static enum err
unlock(struct req *r)
{
	const struct ops_ssh_lock *in = r->in;
	struct sshrows *s = r->v->ssh;
	struct sec made = { 0 };
	bool right = false;
	enum err e;

	if (!s->locked)
		return ERR_SSH_PASSPHRASE;
	REQ_MUST_WAIT(r);
	if ((e = wait_turn(r)))
		return e;
	if (!s->locked)
		return ERR_SSH_PASSPHRASE; /* somebody was faster */
	if (!(e = hash(SPAN(s->lock.p, SALT), in->secret, &made)))
		right = crypto_eq(sec_span(&made), sec_span(&s->lock));
	sec_done(&made);
	if (e)
		return e;
	if (!right) {
		s->tries++;
		return audit_event(r, AUDIT_PROOF, NULL, ERR_SSH_PASSPHRASE);
	}
	audit_count(r, NULL);
	s->locked = false;
	sec_done(&s->lock);
	sshrows_send_lock(r->v);
	return ERR_OK;
}

enum err
op_ssh_lock(struct req *r)
{
	const struct ops_ssh_lock *in = r->in;

	return in->lock ? lock(r) : unlock(r);
}
