/* op_ssh.c - the ssh door as a whole: listed, hidden, locked with a passphrase. */
#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/sshrows.h"
#include "lib/crypto.h"

#define PAGE_BYTES (160 * 1024)
#define SALT	   32

/* ---- key.list: first the vault's rows, then those that were added ---- */
#define CURSOR_ADDED ((uint64_t)1 << 63)

struct page {
	struct buf rows;
	struct ops_key_list_rep rep;
	uint8_t cursor[8];
};

static bool
has_room(const struct page *p)
{
	return p->rep.keys.n < OPS_PAGE && p->rows.len < PAGE_BYTES;
}

/* A row that is too long for a list is left out. */
static void
put(struct page *p, const struct ssh_row *row)
{
	if (!wire_encode(&ssh_row_map, row, &p->rows))
		p->rep.keys.n++;
}

static uint64_t
list_vault(struct vault *v, uint64_t at, struct page *p)
{
	struct buf blob = BUF_INIT;
	struct ssh_row row;
	struct item it;

	for (; at < v->ssh->n && has_room(p); at++) {
		const struct sshrow *r = &v->ssh->row[at];

		if (!r->hidden && !body_item_by_id(&v->open.body, r->item, &it) &&
		    !sshrows_fill(&it, r, &blob, &row))
			put(p, &row);
	}
	buf_done(&blob);
	return at < v->ssh->n ? at : CURSOR_ADDED;
}

/* The position behind the page; 0 at the end. */
static uint64_t
list_added(struct vault *v, uint64_t at, struct page *p)
{
	size_t pos = (size_t)at;
	const struct addedkey *k;
	struct ssh_row row;

	while (has_room(p)) {
		if (!(k = addedkeys_each(v->ssh->added, &pos)))
			return 0;
		sshrows_fill_added(k, &row);
		put(p, &row);
	}
	return CURSOR_ADDED | pos;
}

static uint64_t
count(const struct vault *v)
{
	uint64_t n = addedkeys_count(v->ssh->added);

	for (size_t i = 0; i < v->ssh->n; i++)
		n += !v->ssh->row[i].hidden;
	return n;
}

enum err
op_key_list(struct req *r)
{
	const struct ops_page *in = r->in;
	struct page p = { .rep = { .total = count(r->v) } };
	uint64_t at = in->cursor.len == 8 ? be64(in->cursor.p) : 0;
	enum err e;

	if (in->cursor.len && in->cursor.len != 8)
		return ERR_RANGE;
	if (r->v->ssh->locked)
		return ERR_SSH_LOCKED;
	if (!(at & CURSOR_ADDED))
		at = list_vault(r->v, at, &p);
	if (at & CURSOR_ADDED)
		at = list_added(r->v, at & ~CURSOR_ADDED, &p);
	p.rep.keys.raw = buf_span(&p.rows);
	put_be64(p.cursor, at);
	if (at)
		p.rep.cursor = SPAN(p.cursor, 8);
	wire_mark(&ops_key_list_rep_map, &p.rep);
	if (!(e = buf_err(&p.rows)))
		e = req_reply(r, &p.rep);
	buf_done(&p.rows);
	return e;
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
	REQ_MUST_WAIT(r);
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
		return ERR_SSH_PASSPHRASE;
	}
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
