/*
 * op_init.c - a vault is made.  Nothing is on the disk before everything is known: phrase shown and
 * typed back, token derived twice, passphrase stretched; then one file, read back, renamed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/slot/slot.h"
#include "agent/vault/enrol.h"
#include "agent/vault/generation.h"
#include "agent/vault/op.h"
#include "agent/vault/phrasejob.h"
#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"
#include "lib/text.h"

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
take_phrase(void *arg, const struct worker_event *ev)
{
	struct making *m = arg;
	struct generation_new n = { .now = m->now, .vrk = sec_span(&m->vrk) };
	struct sec f3 = { 0 };
	enum err e;

	if (!(e = generation_put(&m->body, &n, ev)) && !(e = phrase_factor(ev, 0, &f3))) {
		struct keys_factors f = { .recovery = sec_span(&f3) };

		memcpy(m->fpr, ev->fpr.p, sizeof m->fpr);
		e = add_slot(m, &f, SPAN_LIT("recovery phrase"), SPAN_NONE);
	}
	sec_done(&f3);
	return e;
}

static enum err
make_phrase(struct making *m)
{
	struct span id = SPAN(m->slot.id, 16);
	struct phrasejob p = { .kind = OPS_EV_SHOW_WORDS, .take = take_phrase, .arg = m };

	slotmake_new(&m->slot, m->now);
	m->slot.factors = FACTOR_PHRASE;
	p.q.op = WORKER_PHRASE_MAKE;
	p.q.no_confirm = m->in->try_out;
	p.q.slot_ids = (struct wire_list){ .v = &id, .n = 1 };
	return phrasejob_run(m->r->job, &p);
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
