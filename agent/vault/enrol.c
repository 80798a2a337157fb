/* enrol.c - a token or a passphrase becomes a new way in. */
#include "agent/vault/enrol.h"

#include <stdio.h>

#include "lib/crypto.h"

#define PIN_TRIES 3

struct enrolment {
	struct job *j;
	const struct enrol_want *w;
	struct token *t;
	struct slot *s;
	struct sec pin; /* empty: without */
	unsigned touch, touches;
	char why[64]; /* "touch 2 of 4" */
};

/* ---- which token, and is it good enough? ---- */
static enum err
choose(struct job *j, const struct enrol_want *w, struct tokens *ts, struct token **t)
{
	size_t n = 0;
	enum err e;

	if ((e = tokens_wait(j, false, ts)) || (e = tokens_only(ts, w->path)))
		return e;
	for (size_t i = 0; i < ts->n; i++) {
		if ((e = token_examine(j, &ts->t[i])))
			return e;
		if (!ts->t[i].err || ts->n == 1)
			ts->t[n++] = ts->t[i];
	}
	ts->n = n;
	if (!n)
		return ERR_TOKEN_ACCESS;
	if (n == 1)
		*t = &ts->t[0];
	else
		e = tokens_select(j, ts, "touch the token that you want to enrol", t);
	return e ? e : (*t)->err;
}

static enum err
good_enough(const struct token *t)
{
	if (!(t->options & TOKEN_OPT_FIDO2))
		return ERR_TOKEN_U2F;
	return t->options & TOKEN_OPT_HMAC_SECRET ? ERR_OK : ERR_TOKEN_NOSECRET;
}

static const char *
next_touch(struct enrolment *en)
{
	snprintf(en->why, sizeof en->why, "touch %u of %u, to enrol it", ++en->touch, en->touches);
	return en->why;
}

/* ---- a credential ---- */
static size_t
excluded(const struct enrol_want *w, struct span *ids)
{
	size_t n = 0;

	for (int i = 0; i < OUTER_SLOTS; i++)
		if (i != w->replaces && outer_slot_ok(w->outer, (size_t)i) &&
		    w->outer->slot[i].cred_id_len)
			ids[n++] = SPAN(w->outer->slot[i].cred_id, w->outer->slot[i].cred_id_len);
	return n;
}

static enum err
keep_credential(struct enrolment *en, const struct token_event *ev)
{
	struct slot *s = en->s;
	enum err e;

	if ((e = token_judge_new(en->w->outer->rp_id, en->pin.len > 0, ev)))
		return e;
	if (ev->cred_id.len > sizeof s->cred_id || ev->pubkey.len > sizeof s->pubkey)
		return ERR_LIE_FORMAT;
	memset(s->cred_id, 0, sizeof s->cred_id);
	memset(s->pubkey, 0, sizeof s->pubkey);
	memcpy(s->cred_id, ev->cred_id.p, ev->cred_id.len);
	memcpy(s->pubkey, ev->pubkey.p, ev->pubkey.len);
	s->cred_id_len = (uint16_t)ev->cred_id.len;
	s->pubkey_len = (uint16_t)ev->pubkey.len;
	s->alg = (int32_t)ev->alg;
	return ERR_OK;
}

static enum err
make_once(struct enrolment *en)
{
	struct token_call c = { .job = { .op = TOKEN_MAKE }, .touch = en->why };
	struct span ids[OUTER_SLOTS];
	struct token_nonce nonce;
	enum err e;

	token_challenge("enrol", SPAN(en->s->id, 16), &nonce);
	c.job.rp_id = span_str(en->w->outer->rp_id);
	c.job.cdh = SPAN(nonce.cdh, 32);
	c.job.creds = (struct wire_list){ .v = ids, .n = excluded(en->w, ids) };
	c.job.user = SPAN_LIT("ownkey");
	c.job.user_id = SPAN(en->s->id, 16);
	c.job.pin = sec_span(&en->pin);
	c.job.uv = en->pin.len ? TOKEN_UV_PIN : TOKEN_UV_NONE;
	c.job.force = en->w->force;
	e = token_call(en->j, en->t, &c);
	if (e && c.ev.kind == TOKEN_EV_ERROR && e == ERR_PIN_WRONG)
		en->t->retries = c.ev.retries;
	if (!e)
		e = keep_credential(en, &c.ev);
	job_end(en->j, c.h);
	return e;
}

/* A wrong PIN is asked for again, the right one is kept for the derivations that follow. */
static enum err
make_credential(struct enrolment *en, bool with_pin)
{
	enum err e = ERR_OK;

	(void)next_touch(en);
	for (int i = 0; i < PIN_TRIES; i++) {
		if (with_pin && (e = token_ask_pin(en->j, en->t, e, en->w->force, &en->pin)))
			return e;
		e = make_once(en);
		if (e != ERR_PIN_WRONG || !with_pin)
			return e;
		sec_done(&en->pin);
		req_text(&en->j->r, "%u tries are left", (unsigned)en->t->retries);
	}
	return e;
}

/* ---- its secret ---- */
static enum err
derive_once(struct enrolment *en, bool with_pin, struct sec *out, bool *uv)
{
	struct token_call c = { .job = { .op = TOKEN_ASSERT }, .touch = next_touch(en) };
	struct span id = SPAN(en->s->cred_id, en->s->cred_id_len);
	struct token_expect x = { .rp_id = en->w->outer->rp_id,
		.cred_id = id,
		.up = true,
		.uv = with_pin,
		.secret = 32,
		.alg = en->s->alg };
	struct token_nonce nonce;
	bool up;
	enum err e;

	token_challenge("enrol", SPAN(en->s->id, 16), &nonce);
	x.cdh = nonce.cdh;
	x.pubkey = SPAN(en->s->pubkey, en->s->pubkey_len);
	c.job.rp_id = span_str(x.rp_id);
	c.job.cdh = SPAN(nonce.cdh, 32);
	c.job.creds = (struct wire_list){ .v = &id, .n = 1 };
	c.job.salt = SPAN(en->w->outer->prf_salt, 32);
	c.job.up = true;
	c.job.force = en->w->force;
	c.job.pin = with_pin ? sec_span(&en->pin) : SPAN_NONE;
	c.job.uv = with_pin ? TOKEN_UV_PIN : TOKEN_UV_NONE;
	if (!(e = token_call(en->j, en->t, &c)) && !(e = token_judge(&x, &c.ev))) {
		token_flags(c.ev.authdata, &up, uv);
		e = sec_init_copy(out, c.ev.secret);
	}
	job_end(en->j, c.h);
	return e;
}

/* Twice the same, or it is of no use. */
static enum err
derive_twice(struct enrolment *en, struct sec *f1)
{
	struct sec again = { 0 };
	bool uv = false, uv2;
	enum err e;

	if (!(e = derive_once(en, en->pin.len > 0, f1, &uv)) &&
	    !(e = derive_once(en, en->pin.len > 0, &again, &uv2)))
		e = crypto_eq(sec_span(f1), sec_span(&again)) ? ERR_OK : ERR_LIE_UNSTABLE;
	sec_done(&again);
	en->s->uv = uv;
	return e;
}

/* CTAP 2.1 tokens have another secret without the PIN; older ones do not, and then the PIN does not
 * protect this slot: whoever holds the token can touch it (notes/security.md F2). */
static void
does_pin_protect(struct enrolment *en, const struct sec *f1, struct enrol_report *rep)
{
	struct sec without = { 0 };
	bool uv;

	if (en->pin.len && !derive_once(en, false, &without, &uv) &&
	    crypto_eq(sec_span(f1), sec_span(&without)))
		snprintf(rep->note, sizeof rep->note,
		    "The PIN does not protect this way in: the token gives the same secret "
		    "without it. Whoever has the token and a copy of the vault can open it.");
	sec_done(&without);
}

static void
report(const struct enrolment *en, struct enrol_report *rep)
{
	memcpy(rep->aaguid, en->t->aaguid, 16);
	rep->software = token_is_software(en->t);
	if (rep->software && !rep->note[0])
		snprintf(rep->note, sizeof rep->note, "software token: not hardware");
}

enum err
enrol_token(struct job *j, const struct enrol_want *w, struct slot *s, struct sec *f1,
    struct enrol_report *rep)
{
	struct enrolment en = { .j = j, .w = w, .s = s };
	struct tokens ts = { 0 };
	bool pin;
	enum err e;

	*rep = (struct enrol_report){ .software = false };
	if ((e = choose(j, w, &ts, &en.t)) || (e = good_enough(en.t)))
		return e;
	pin = (en.t->options & TOKEN_OPT_PIN_SET) &&
	    (!w->no_pin || (en.t->options & TOKEN_OPT_ALWAYS_UV));
	en.touches = pin ? 4 : 3;
	if (!(e = make_credential(&en, pin)) && !(e = derive_twice(&en, f1))) {
		does_pin_protect(&en, f1, rep);
		report(&en, rep);
	}
	s->factors |= FACTOR_TOKEN;
	sec_done(&en.pin);
	return e;
}

/* ---- passphrase ---- */
enum err
enrol_passphrase(struct job *j, const struct enrol_want *w, struct slot *s, struct sec *f2)
{
	struct question q = { .ask = ASK_NEWPASS, .text = "Choose a passphrase" };
	struct sec pass = { 0 };
	enum err e;

	s->argon_m = w->argon_m ? w->argon_m : SLOT_ARGON_M;
	s->argon_t = w->argon_t ? w->argon_t : SLOT_ARGON_T;
	crypto_random(s->argon_salt, sizeof s->argon_salt);
	if (!(e = job_ask(j, &q, &pass)))
		e = way_stretch(j, sec_span(&pass), s, f2);
	s->factors |= FACTOR_PASSPHRASE;
	sec_done(&pass);
	return e;
}
