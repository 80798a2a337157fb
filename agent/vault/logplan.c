/* logplan.c - succession logs brought up to date together. */
#include "agent/vault/logplan.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/vault/phrasejob.h"
#include "lib/crypto.h"

enum err
logplan_new(struct vault *v, uint64_t now, struct logplan **out)
{
	struct logplan *p = calloc(1, sizeof *p);
	enum err e;

	*out = NULL;
	if (!p)
		return ERR_NOMEM;
	p->making = (struct keylog_making){ .v = v, .keys = &p->keys, .now = now };
	p->log = calloc(LOGPLAN_MAX, sizeof *p->log);
	e = p->log ? succkeys_load(&v->open.body, &p->keys) : ERR_NOMEM;
	if (e)
		logplan_free(p);
	else
		*out = p;
	return e;
}

void
logplan_free(struct logplan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		keylog_done(&p->log[i]);
	free(p->log);
	free(p);
}

enum err
logproofs_new(struct logproofs **out)
{
	if (!(*out = calloc(1, sizeof **out)))
		return ERR_NOMEM;
	(*out)->now = (uint64_t)time(NULL);
	return ERR_OK;
}

void
logproofs_free(struct logproofs *p)
{
	free(p);
}

bool
logplan_has(const struct logplan *p, struct span service, struct span account)
{
	for (size_t i = 0; i < p->n; i++)
		if (span_is(service, p->log[i].service) && span_is(account, p->log[i].account))
			return true;
	return false;
}

/* ---- one log ---- */
/* One typing is of one phrase: rotations of another one stay owed. */
static enum err
plan_rotation(struct logplan *p, struct keylog *k)
{
	struct span fpr;
	enum err e;

	if ((e = keylog_phrase(k, &p->making, &fpr)) || fpr.len != 4)
		return e == ERR_NOTFOUND || !e ? ERR_SUCC_LOST : e;
	if (p->nrotation && memcmp(p->fpr, fpr.p, 4) != 0)
		return ERR_OK;
	if ((e = keylog_rotation(k, &p->making, &p->task[p->nrotation])))
		return e;
	memcpy(p->fpr, fpr.p, 4);
	p->rotation[p->nrotation++] = p->n;
	return ERR_OK;
}

static enum err
plan_one(struct logplan *p, struct keylog *k, const struct logplan_want *w)
{
	const struct vault *v = p->making.v;
	enum err e;

	/* what contacts know already belongs in front of what changes now */
	if (!k->log.len && w->after &&
	    ((e = keylog_keys(v, NULL, k)) || (e = keylog_hot(k, &p->making))))
		return e;
	if ((e = keylog_keys(v, w->after, k)))
		return e;
	if (w->how == LOGPLAN_ANEW)
		return keylog_anew(k, &p->making);
	if ((e = keylog_hot(k, &p->making)))
		return e;
	return w->how == LOGPLAN_ROTATE && keylog_state(k) == KEYLOG_OWED ? plan_rotation(p, k)
									  : ERR_OK;
}

enum err
logplan_add(struct logplan *p, const struct logplan_want *w, struct keylog **at)
{
	struct keylog *k = &p->log[p->n];
	enum err e;

	*at = NULL;
	if (p->n == LOGPLAN_MAX)
		return ERR_LIMIT;
	if ((e = keylog_open(p->making.v, w->service, w->account, k)) || (e = plan_one(p, k, w)) ||
	    !k->log.len) {
		keylog_done(k);
		return e;
	}
	*at = k;
	p->n++;
	return ERR_OK;
}

/* ---- the phrase ---- */
static enum err
keep_proofs(void *arg, const struct worker_event *ev)
{
	struct logproofs *out = arg;
	struct cbor c = wire_each(&ev->proofs);
	struct succession_signature s;
	enum err e;

	if (ev->proofs.n != out->n)
		return ERR_FORMAT;
	for (size_t i = 0; i < out->n; i++) {
		if ((e = wire_next(&succession_signature_map, &c, &s)))
			return e;
		memcpy(out->v[i].proof.key, s.key.p, 32);
		memcpy(out->v[i].proof.sig, s.sig.p, 64);
	}
	return ERR_OK;
}

static void
put_text(const struct logplan *p, char *text, size_t cap)
{
	struct seed s;

	if (!body_seed_last(&p->making.v->open.body, &s) && s.fpr.len == 4 &&
	    memcmp(s.fpr.p, p->fpr, 4) == 0)
		snprintf(text, cap, "the 24 words of your recovery phrase, to sign a succession");
	else
		snprintf(text, cap,
		    "the 24 words of your OLD recovery phrase (fingerprint %02x%02x%02x%02x), to "
		    "sign a succession",
		    p->fpr[0], p->fpr[1], p->fpr[2], p->fpr[3]);
}

enum err
logplan_ask(struct req *r, struct logplan *p, struct logproofs *out)
{
	char text[128];
	struct phrasejob j = {
		.kind = OPS_EV_NEED_WORDS, .text = text, .take = keep_proofs, .arg = out
	};

	out->n = p->nrotation;
	if (!out->n)
		return ERR_OK;
	for (size_t i = 0; i < out->n; i++)
		crypto_sha256(p->task[i].entry, out->v[i].entry);
	put_text(p, text, sizeof text);
	j.q.op = WORKER_SUCC_SIGN;
	j.q.tries = 3;
	j.q.fpr = SPAN(p->fpr, 4);
	j.q.successions = (struct wire_list){ .v = p->task, .n = p->nrotation };
	return phrasejob_run(r->job, &j);
}

/* ---- writing ---- */
static const struct succession_proof *
find_proof(const struct logproofs *proofs, struct span entry)
{
	uint8_t h[32];

	crypto_sha256(entry, h);
	for (size_t i = 0; i < proofs->n; i++)
		if (memcmp(proofs->v[i].entry, h, 32) == 0)
			return &proofs->v[i].proof;
	return NULL;
}

enum err
logplan_put(struct logplan *p, const struct logproofs *proofs, struct delta *d)
{
	const struct succession_proof *proof;
	enum err e;

	for (size_t i = 0; i < p->nrotation; i++) {
		struct keylog *k = &p->log[p->rotation[i]];

		if (!proofs || !(proof = find_proof(proofs, buf_span(&k->entry))))
			return ERR_VAULT_CHANGED;
		if ((e = keylog_rotate(k, &p->making, proof)))
			return e;
	}
	for (size_t i = 0; i < p->n; i++)
		if ((e = keylog_put(p->making.v, &p->log[i], d)))
			return e;
	succkeys_put(&p->keys, d);
	return d->err;
}
