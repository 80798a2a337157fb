/*
 * op_init.c - a vault is made.  Nothing is on the disk before everything is known: phrase shown and
 * typed back, token derived twice, passphrase stretched; then one file, read back, renamed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/slot/slot.h"
#include "agent/vault/enrol.h"
#include "agent/vault/op.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define WORDS_MS 900000

struct making {
	struct req *r;
	const struct ops_init *in;
	struct outer outer;
	struct body body;
	struct sec vrk;
	struct slot slot;
	uint8_t phrase_id[16];
	uint8_t fpr[4];
	uint64_t now;
	int next; /* place of the next slot */
	char note[512];
};

/* ---- what must be true before anything is asked ---- */
static enum err
check_request(const struct req *r, const struct ops_init *in)
{
	unsigned ways = 1u + (in->ways & OPS_WAY_TOKEN ? 1 : 0) +
	    ((in->ways & OPS_WAY_PASS) && !in->and_pass ? 1 : 0);

	if (in->token_label.len && !text_is_name(in->token_label))
		return ERR_TEXT;
	if (in->and_pass && !(in->ways & OPS_WAY_TOKEN))
		return ERR_USAGE;
	if (ways < 2 && !in->one_way_in)
		return ERR_ONEWAY;
	return in->try_out && !r->v->notreal ? ERR_USAGE : ERR_OK;
}

static enum err
no_vault_yet(struct job *j)
{
	struct buf bytes = BUF_INIT;
	enum err e = store_read(j, &bytes);

	buf_done(&bytes);
	return e == ERR_NOVAULT ? ERR_OK : e ? e : ERR_VAULT_EXISTS;
}

static enum err
begin(struct making *m)
{
	struct outer_new n = { .rp_id = SLOT_RP_ID };
	enum err e;

	crypto_random(n.vault_id, sizeof n.vault_id);
	crypto_random(n.prf_salt, sizeof n.prf_salt);
	crypto_random(n.hard_salt, sizeof n.hard_salt);
	body_init(&m->body);
	if ((e = outer_init(&m->outer, &n)) || (e = sec_init(&m->vrk, KEYS_VRK)))
		return e;
	return sec_random(&m->vrk, KEYS_VRK);
}

/* ---- a way in is added to what is being made ---- */
static enum err
add_slot(struct making *m, const struct keys_factors *f, struct span label, struct span aaguid)
{
	struct slotmake_note n = {
		.id = m->slot.id, .label = label, .aaguid = aaguid, .now = m->now
	};
	struct slotmake_seal k = { .factors = f, .vrk = sec_span(&m->vrk) };
	enum err e;

	n.auth = k.auth;
	if (!(e = slotmake_seal(&m->outer, m->next, &m->slot, &k)))
		e = slotmake_put_note(&m->body, &n);
	sec_zero(&k, sizeof k);
	m->next++;
	return e;
}

/* ---- the recovery phrase, and what the worker derives from it ---- */
static enum err
put_seed(struct making *m, const struct worker_event *ev)
{
	struct buf box = BUF_INIT, backup = BUF_INIT;
	struct seed s = { .created = m->now, .fpr = ev->fpr };
	struct span vrk = sec_span(&m->vrk);
	enum err e;

	if (!(e = keys_seed_seal(vrk, 0, ev->seed, &box)) &&
	    !(e = slotmake_seal_backup(vrk, 0, ev->backup, &backup))) {
		s.box = buf_span(&box);
		s.backup = buf_span(&backup);
		wire_mark(&seed_map, &s);
		e = body_seed_put(&m->body, &s);
	}
	buf_done(&box);
	buf_done(&backup);
	return e;
}

/* The list of succession rows, with one row: generation 0 and its 256 hashes. */
static enum err
put_succession(struct making *m, struct span hashes)
{
	struct succession row = { .hashes = hashes };
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&succession_map, &row);
	cbor_put_array(&b, 1);
	if (!(e = wire_encode(&succession_map, &row, &b)) && !(e = buf_err(&b)))
		e = body_raw_put(&m->body, BODY_SUCCESSION, buf_span(&b));
	buf_done(&b);
	return e;
}

static enum err
put_audit_and_defaults(struct making *m)
{
	struct defaults def = {
		.notreal = m->in->try_out, .one_way_in = m->in->one_way_in, .created = m->now
	};
	static const uint8_t zero[32];
	uint8_t key[32];
	struct audit a = { .key = SPAN(key, 32), .head = SPAN(zero, 32) };
	enum err e;

	crypto_random(key, sizeof key);
	wire_mark(&audit_map, &a);
	wire_mark(&defaults_map, &def);
	if (!(e = body_value_put(&m->body, BODY_AUDIT, &audit_map, &a)))
		e = body_value_put(&m->body, BODY_DEFAULTS, &defaults_map, &def);
	sec_zero(key, sizeof key);
	return e;
}

static enum err
take_phrase(struct making *m, struct span frame)
{
	struct worker_event ev;
	struct sec f3 = { 0 };
	enum err e;

	if ((e = wire_decode(&worker_event_map, frame, &ev)))
		return e;
	if (ev.kind != WORKER_EV_RESULT)
		return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
	if (ev.fpr.len != 4 || ev.hashes.len != 8192 || ev.seed.len != 32 || !ev.backup.len)
		return ERR_FORMAT;
	memcpy(m->fpr, ev.fpr.p, 4);
	if (!(e = phrase_factor(&ev, 0, &f3)) && !(e = put_seed(m, &ev)) &&
	    !(e = put_succession(m, ev.hashes))) {
		struct keys_factors f = { .recovery = sec_span(&f3) };

		e = add_slot(m, &f, SPAN_LIT("recovery phrase"), SPAN_NONE);
	}
	sec_done(&f3);
	return e;
}

static enum err
make_phrase(struct making *m)
{
	struct job *j = m->r->job;
	struct span id = SPAN(m->slot.id, 16);
	struct worker_job q = {
		.op = WORKER_PHRASE_MAKE, .wait_ms = WORDS_MS, .no_confirm = m->in->try_out
	};
	struct ops_event ev = { .kind = OPS_EV_SHOW_WORDS };
	struct helper *h = NULL;
	struct span frame;
	enum err e;

	slotmake_new(&m->slot, m->now);
	m->slot.factors = FACTOR_PHRASE;
	q.slot_ids = (struct wire_list){ .v = &id, .n = 1 };
	wire_mark(&worker_job_map, &q);
	if (!(e = job_new_id(j, false)) && !(e = job_spawn(j, HELPER_WORKER, j->id, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &q))) {
		ev.job = SPAN(j->id, JOB_ID_LEN);
		job_event_full(j, &ev);
		if (!(e = job_recv(j, h, WORDS_MS + 10000, &frame)))
			e = take_phrase(m, frame);
	}
	job_end(j, h);
	job_forget_id(j);
	return e == ERR_HANGUP ? ERR_INTERNAL : e;
}

/* ---- token, passphrase ---- */
static void
fill_want(const struct making *m, struct enrol_want *w)
{
	*w = (struct enrol_want){ .outer = &m->outer,
		.replaces = -1,
		.path = m->in->token,
		.no_pin = m->in->no_pin,
		.force = m->in->force,
		.argon_m = (uint32_t)m->in->argon_m,
		.argon_t = (uint32_t)m->in->argon_t };
}

static enum err
make_token(struct making *m)
{
	struct sec f1 = { 0 }, f2 = { 0 };
	struct enrol_report rep;
	struct enrol_want w;
	enum err e;

	fill_want(m, &w);
	slotmake_new(&m->slot, m->now);
	e = enrol_token(m->r->job, &w, &m->slot, &f1, &rep);
	if (!e && m->in->and_pass)
		e = enrol_passphrase(m->r->job, &w, &m->slot, &f2);
	if (!e) {
		struct keys_factors f = { .token = sec_span(&f1), .passphrase = sec_span(&f2) };
		struct span label = m->in->token_label.len ? m->in->token_label : SPAN_LIT("token");

		snprintf(m->note, sizeof m->note, "%s", rep.note);
		e = add_slot(m, &f, label, SPAN(rep.aaguid, 16));
	}
	sec_done(&f1);
	sec_done(&f2);
	return e;
}

static enum err
make_passphrase(struct making *m)
{
	struct enrol_want w;
	struct sec f2 = { 0 };
	enum err e;

	fill_want(m, &w);
	slotmake_new(&m->slot, m->now);
	if (!(e = enrol_passphrase(m->r->job, &w, &m->slot, &f2))) {
		struct keys_factors f = { .passphrase = sec_span(&f2) };

		e = add_slot(m, &f, SPAN_LIT("passphrase"), SPAN_NONE);
	}
	sec_done(&f2);
	return e;
}

static enum err
make_all(struct making *m)
{
	struct store_rewrite w = {
		.outer = &m->outer, .body = &m->body, .vrk = &m->vrk, .create = true
	};
	enum err e;

	if ((e = begin(m)))
		return e;
	if ((m->in->ways & OPS_WAY_TOKEN) && (e = make_token(m)))
		return e;
	if ((m->in->ways & OPS_WAY_PASS) && !m->in->and_pass && (e = make_passphrase(m)))
		return e;
	if ((e = make_phrase(m)) || (e = put_audit_and_defaults(m)))
		return e;
	return store_rewrite(m->r->job, &w);
}

/* Made means open: what was just proven need not be proven again. */
static enum err
finish(struct making *m)
{
	struct vault *v = m->r->v;
	struct ops_init_rep rep = { .fingerprint = SPAN(m->fpr, 4), .note = span_str(m->note) };

	op_unlocked(v, 0);
	rep.vault_id = SPAN(v->open.outer.vault_id, 16);
	rep.path = span_str(v->store.path);
	wire_mark(&ops_init_rep_map, &rep);
	return req_reply(m->r, &rep);
}

enum err
op_init(struct req *r)
{
	struct making *m;
	enum err e;

	REQ_MUST_WAIT(r);
	if (r->v->open.is)
		return ERR_VAULT_EXISTS;
	if ((e = check_request(r, r->in)) || (e = no_vault_yet(r->job)))
		return e;
	if (!(m = calloc(1, sizeof *m)))
		return ERR_NOMEM;
	m->r = r;
	m->in = r->in;
	m->now = (uint64_t)time(NULL);
	e = make_all(m);
	if (!e || e == ERR_VAULT_UNSURE) {
		enum err told = finish(m);

		e = e ? e : told;
	}
	body_done(&m->body);
	sec_done(&m->vrk);
	sec_zero(m, sizeof *m);
	free(m);
	return e;
}
