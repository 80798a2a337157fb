/* way.c - factors are gathered, a wrap is opened. */
#include "agent/vault/way.h"

#include <stdio.h>

#include "agent/slot/slot.h"
#include "agent/vault/audit.h"
#include "agent/vault/phrasejob.h"
#include "agent/vault/token.h"
#include "lib/text.h"

#define PASS_TRIES  3
#define GIVEN_MS    30000
#define GIVEN_WRONG 5 /* within GIVEN_PAUSE */
#define GIVEN_PAUSE 60000

void
way_done(struct way_got *got)
{
	sec_done(&got->f1);
	sec_done(&got->f2);
	sec_done(&got->f3);
	sec_done(&got->prk);
	sec_done(&got->vrk);
}

void
way_factors(const struct way_got *got, struct keys_factors *f)
{
	*f = (struct keys_factors){ .token = sec_span(&got->f1),
		.passphrase = sec_span(&got->f2),
		.recovery = sec_span(&got->f3) };
}

static enum err
keep_factor(struct sec *to, struct span factor)
{
	return factor.len ? sec_init_copy(to, factor) : ERR_OK;
}

/* ---- which slots ---- */
void
way_label(const struct outer *o, const struct body *b, int i, char *out, size_t cap)
{
	const struct slot *s = &o->slot[i];
	struct slot_note n;

	if (b && !body_note_get(b, s->id, &n) && n.label.len)
		snprintf(out, cap, "%.*s", (int)n.label.len, (const char *)n.label.p);
	else if (s->hint[0])
		snprintf(out, cap, "%s", s->hint);
	else
		snprintf(out, cap, "slot %d", i + 1);
}

static bool
answers_to(const struct way_want *w, unsigned i)
{
	char label[256], hex[33];

	if (!w->label.len)
		return true;
	way_label(w->outer, w->body, (int)i, label, sizeof label);
	text_encode_raw(TEXT_HEX, SPAN(w->outer->slot[i].id, 16), hex);
	return span_is(w->label, label) || span_eq(w->label, SPAN(hex, 32));
}

unsigned
way_candidates(const struct way_want *w)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < OUTER_SLOTS; i++) {
		if (!outer_slot_ok(w->outer, i) || !answers_to(w, i))
			continue;
		if (!w->ways || w->outer->slot[i].factors == w->ways)
			bits |= 1u << i;
	}
	return bits;
}

static unsigned
with_factor(const struct way_want *w, unsigned slots, unsigned factor)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < OUTER_SLOTS; i++)
		if ((slots & 1u << i) && (w->outer->slot[i].factors & factor))
			bits |= 1u << i;
	return bits;
}

/* ---- the wrap ---- */
static enum err
try_slot(const struct way_want *w, int i, const struct keys_factors *f, struct way_got *got)
{
	const struct slot *s = &w->outer->slot[i];
	struct keys_slot ks = { .vault_id = w->outer->vault_id,
		.hdr = outer_slot_hdr(w->outer, (size_t)i).p };
	struct sec prk = { 0 };
	enum err e;

	if (!(e = keys_prk(f, s->kdf_salt, &prk)) &&
	    !(e = keys_unwrap(&ks, &prk, outer_wrap(s), &got->vrk))) {
		sec_move(&got->prk, &prk);
		got->slot = i;
		if (!(e = keep_factor(&got->f1, f->token)) &&
		    !(e = keep_factor(&got->f2, f->passphrase)))
			e = keep_factor(&got->f3, f->recovery);
	}
	sec_done(&prk);
	return e;
}

/* ---- passphrase ---- */
enum err
way_stretch(struct job *j, struct span pass, const struct slot *s, struct sec *f2)
{
	struct worker_job q;
	struct helper *h = NULL;
	struct span frame;
	enum err e;

	passphrase_job(pass, SPAN(s->argon_salt, 16), s->argon_m, s->argon_t, &q);
	job_event(j, OPS_EV_WORKING, "stretching the passphrase");
	if (!(e = job_spawn(j, HELPER_WORKER, NULL, &h)) &&
	    !(e = job_send(j, h, &worker_job_map, &q)) && !(e = job_recv(j, h, 300000, &frame)))
		e = passphrase_factor(frame, f2);
	job_end(j, h);
	return e == ERR_HANGUP ? ERR_KDF_MEMORY : e;
}

static enum err
try_passphrase(
    struct job *j, const struct way_want *w, unsigned slots, struct way_got *got, struct span pass)
{
	enum err e = ERR_VAULT_KEY;

	for (int i = 0; i < OUTER_SLOTS && e == ERR_VAULT_KEY; i++) {
		struct sec f2 = { 0 };

		if (!(slots & 1u << i))
			continue;
		if (!(e = way_stretch(j, pass, &w->outer->slot[i], &f2))) {
			struct keys_factors f = { .passphrase = sec_span(&f2) };

			e = try_slot(w, i, &f, got);
		}
		sec_done(&f2);
	}
	return e;
}

static enum err
open_passphrase(struct job *j, const struct way_want *w, unsigned slots, struct way_got *got)
{
	struct question q = { .ask = ASK_PASS, .text = "Passphrase of the vault" };
	enum err e = ERR_VAULT_KEY;

	for (int i = 0; i < PASS_TRIES && (e == ERR_VAULT_KEY || e == ERR_PASS_EMPTY); i++) {
		struct sec pass = { 0 };

		if (!(e = job_ask(j, &q, &pass)))
			e = try_passphrase(j, w, slots, got, sec_span(&pass));
		sec_done(&pass);
		q.err = e == ERR_PASS_EMPTY ? e : ERR_PASS_WRONG;
	}
	return e == ERR_VAULT_KEY ? ERR_PASS_WRONG : e;
}

/* ---- token, alone or with a passphrase ---- */
static enum err
second_factor(
    struct job *j, const struct way_want *w, int slot, struct span f1, struct way_got *got)
{
	struct question q = { .ask = ASK_PASS, .text = "Passphrase that goes with your token" };
	enum err e = ERR_VAULT_KEY;

	for (int i = 0; i < PASS_TRIES && e == ERR_VAULT_KEY; i++) {
		struct sec pass = { 0 }, f2 = { 0 };

		if (!(e = job_ask(j, &q, &pass)) &&
		    !(e = way_stretch(j, sec_span(&pass), &w->outer->slot[slot], &f2))) {
			struct keys_factors f = { .token = f1, .passphrase = sec_span(&f2) };

			e = try_slot(w, slot, &f, got);
		}
		sec_done(&pass);
		sec_done(&f2);
		q.err = ERR_PASS_WRONG;
	}
	return e == ERR_VAULT_KEY ? ERR_PASS_WRONG : e;
}

static enum err
open_token(struct job *j, const struct way_want *w, unsigned slots, struct way_got *got)
{
	struct token_ask a = { .outer = w->outer,
		.slots = slots,
		.purpose = w->purpose,
		.request = w->request,
		.secret = true,
		.verify = true,
		.force = w->force,
		.path = w->token,
		.nowait = w->nowait,
		.touch = w->why,
		.which = got->token };
	struct sec f1 = { 0 };
	int slot = -1;
	enum err e;

	if (!(e = token_assert(j, &a, &slot, &f1))) {
		struct keys_factors f = { .token = sec_span(&f1) };

		if (w->outer->slot[slot].factors & FACTOR_PASSPHRASE)
			e = second_factor(j, w, slot, sec_span(&f1), got);
		else
			e = try_slot(w, slot, &f, got);
	}
	sec_done(&f1);
	return e;
}

/* ---- a factor that a login has obtained ---- */
/* Nobody guesses 32 bytes: this only keeps a broken client from filling the log. */
static bool
given_too_often(struct vault *v)
{
	if (loop_now() - v->given.since >= GIVEN_PAUSE)
		v->given.wrong = 0;
	return v->given.wrong >= GIVEN_WRONG;
}

static void
count_wrong(struct job *j, const uint8_t slot_id[16], enum err e)
{
	if (!j->v->given.wrong++)
		j->v->given.since = loop_now();
	audit_owe(&j->r, AUDIT_PROOF, slot_id, e);
}

static enum err
open_with(struct job *j, const struct way_want *w, int slot, struct span f1, struct way_got *got)
{
	struct keys_factors f = { .token = f1 };
	enum err e;

	if (w->outer->slot[slot].factors & FACTOR_PASSPHRASE)
		return j->r.c && j->r.c->interactive ? second_factor(j, w, slot, f1, got)
						     : ERR_GIVEN_PASS;
	if ((e = try_slot(w, slot, &f, got)) == ERR_VAULT_KEY)
		count_wrong(j, w->outer->slot[slot].id, e);
	return e;
}

static enum err
open_given(struct job *j, const struct way_want *w, unsigned slots, struct way_got *got)
{
	struct sec cred_id = { 0 }, f1 = { 0 };
	enum err e;

	if (given_too_often(j->v))
		return ERR_GIVEN_WAIT;
	if (!(e = job_ask_factor(j, GIVEN_MS, &cred_id, &f1))) {
		int slot = outer_slot_by_cred(w->outer, sec_span(&cred_id));

		if (slot < 0 || !(slots & 1u << slot))
			e = ERR_GIVEN_SLOT;
		else
			e = open_with(j, w, slot, sec_span(&f1), got);
	}
	sec_done(&cred_id);
	sec_done(&f1);
	return e;
}

/* ---- recovery phrase ---- */
/* What is taken out of the answer, and where it goes. */
struct asking {
	const struct way_words *w;
	struct sec *recs;
};

static enum err
take_words(void *arg, const struct worker_event *ev)
{
	struct asking *a = arg;
	enum err e = ERR_OK;

	for (size_t i = 0; i < a->w->nids && !e; i++)
		e = phrase_factor(ev, i, &a->recs[i]);
	return e;
}

enum err
way_ask_words(struct job *j, const struct way_words *w, struct sec *recs)
{
	struct asking a = { w, recs };
	struct phrasejob p = { .kind = OPS_EV_NEED_WORDS,
		.text = "the 24 words of your recovery phrase, or shares of it",
		.take = take_words,
		.arg = &a };
	uint8_t fpr[4];

	/* the body it comes from may change while the worker is started */
	if (w->fpr.len == sizeof fpr) {
		memcpy(fpr, w->fpr.p, sizeof fpr);
		p.q.fpr = SPAN(fpr, sizeof fpr);
	}
	p.q.op = WORKER_PHRASE_OPEN;
	p.q.tries = 3;
	p.q.slot_ids = (struct wire_list){ .v = w->ids, .n = w->nids };
	return phrasejob_run(j, &p);
}

static enum err
open_phrase(struct job *j, const struct way_want *w, unsigned slots, struct way_got *got)
{
	struct span ids[OUTER_SLOTS];
	struct sec recs[OUTER_SLOTS] = { { 0 } };
	int index[OUTER_SLOTS];
	struct way_words words = { .ids = ids };
	struct seed seed;
	enum err e;

	for (int i = 0; i < OUTER_SLOTS; i++)
		if (slots & 1u << i) {
			index[words.nids] = i;
			ids[words.nids++] = SPAN(w->outer->slot[i].id, 16);
		}
	if (w->body && !body_seed_last(w->body, &seed))
		words.fpr = seed.fpr;
	if (!(e = way_ask_words(j, &words, recs)))
		e = ERR_VAULT_KEY;
	for (size_t i = 0; i < words.nids && e == ERR_VAULT_KEY; i++) {
		struct keys_factors f = { .recovery = sec_span(&recs[i]) };

		e = try_slot(w, index[i], &f, got);
	}
	for (size_t i = 0; i < OUTER_SLOTS; i++)
		sec_done(&recs[i]);
	return e == ERR_VAULT_KEY ? ERR_WORDS_WRONG : e;
}

static enum err
open_any(struct job *j, const struct way_want *w, struct way_got *got)
{
	unsigned all = way_candidates(w);
	unsigned token = with_factor(w, all, FACTOR_TOKEN);
	unsigned phrase = with_factor(w, all, FACTOR_PHRASE);
	unsigned pass = with_factor(w, all, FACTOR_PASSPHRASE) & ~token;

	if (!all)
		return ERR_NOTFOUND;
	if (w->given)
		return open_given(j, w, token, got);
	if (token)
		return open_token(j, w, token, got);
	if (pass)
		return open_passphrase(j, w, pass, got);
	return open_phrase(j, w, phrase, got);
}

/* While locked the unlock itself is recorded.  A proof that failed is on the disk at once, another
 * with what it was for. */
static enum err
record(struct job *j, const struct way_want *w, const struct way_got *got, enum err e)
{
	if (!j->v->open.is)
		return e;
	if (e)
		return audit_event(&j->r, AUDIT_PROOF, NULL, e);
	audit_owe(&j->r, AUDIT_PROOF, w->outer->slot[got->slot].id, ERR_OK);
	return e;
}

/* What the person named; else a token if one is enrolled, else a passphrase, else the phrase. */
enum err
way_open(struct job *j, const struct way_want *w, struct way_got *got)
{
	enum err e;

	*got = (struct way_got){ .slot = -1 };
	if ((e = open_any(j, w, got)))
		way_done(got);
	return record(j, w, got, e);
}
