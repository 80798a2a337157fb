/*
 * op_decrypt.c - typed decryption (DESIGN 8): wrapped file keys of age files.
 *
 * Stanzas of age carry no name of a key, so all that fit are tried, older epochs too: a file stays
 * open when its key is rotated.  Trying comes before asking, so that the person is asked for the
 * identity that opens something, and for no other; what came of it leaves the vault afterwards.
 * Only file keys go out, never what X25519 gave.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/vault/derive.h"
#include "agent/vault/epochs.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "lib/age.h"
#include "lib/crypto.h"

/* What one request may cost.  A trial takes about 50 us, and nobody else waits for all of them. */
#define KEYS_MOST      512
#define TRIALS_MOST    65536
#define TRIALS_AT_ONCE 64
#define ITEMS_MOST     64 /* identities that open something */
#define PAIR	       64 /* private key, public key */
/* Of the arena, by all requests that wait at the same time. */
#define ARENA_MOST ((size_t)256 * 1024)
static size_t held;

struct trial {
	struct req *r;
	const struct ops_decrypt *in;
	struct sec pairs;    /* nkeys of PAIR */
	uint8_t (*item)[16]; /* whose each is */
	size_t nkeys;
	struct sec opened; /* a file key for each stanza */
	uint16_t *by;	   /* 1 + the key that opened it; 0 = none */
	size_t done;	   /* trials */
	size_t held;	   /* of the arena while it waits */
};

struct use_of {
	struct itemop_agreed agreed;
	struct span label;
	size_t stanzas;
};

/* ---- the keys ---- */
static bool
is_age(const struct item *it)
{
	return it->kind == ITEM_KEY && span_is(it->origin.service, "age") &&
	    span_is(it->origin.alg, "x25519");
}

static void
add_key(struct trial *t, const struct item *it, struct span priv)
{
	uint8_t *pair = t->pairs.p + t->nkeys * PAIR;

	if (priv.len != 32 || t->nkeys == KEYS_MOST)
		return;
	memcpy(pair, priv.p, 32);
	crypto_x25519_public(pair, pair + 32);
	memcpy(t->item[t->nkeys++], it->id.p, 16);
	t->pairs.len = t->nkeys * PAIR;
}

/* An epoch whose seed is not here any more opens nothing. */
static enum err
add_epoch(struct trial *t, const struct item *it, const struct item_epoch *ep)
{
	struct derive_path p = { .service = it->origin.service,
		.account = it->origin.account,
		.purpose = it->origin.purpose,
		.epoch = (uint32_t)ep->epoch };
	struct sec priv = { 0 };
	const struct sec *root;
	enum err e;

	if (!(e = keyring_root(t->r->v, (uint32_t)ep->generation, &root)) &&
	    !(e = derive_key(root, &p, it->origin.alg, &priv)))
		add_key(t, it, sec_span(&priv));
	sec_done(&priv);
	return e == ERR_NOMEM ? e : ERR_OK;
}

/* The newest first: most files are for that one. */
static enum err
add_item(struct trial *t, const struct item *it)
{
	struct sec secret = { 0 };
	struct epochs ep;
	enum err e;

	if (it->origin.kind != ORIGIN_DERIVED) {
		if (!(e = keyring_secret(t->r->v, it, &secret)))
			add_key(t, it, sec_span(&secret));
		sec_done(&secret);
		return e == ERR_NOMEM ? e : ERR_OK;
	}
	if ((e = epochs_load(it, &ep)))
		return e;
	for (size_t i = ep.n; !e && i-- > 0 && t->nkeys < KEYS_MOST;)
		e = add_epoch(t, it, &ep.v[i]);
	epochs_done(&ep);
	return e;
}

static enum err
add_named(struct trial *t)
{
	struct item it;
	enum err e;

	if ((e = itemop_find(t->r->v, ITEM_KEY, t->in->label, &it)))
		return e;
	return is_age(&it) ? add_item(t, &it) : ERR_DENIED;
}

static enum err
add_all(struct trial *t)
{
	struct item it;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && t->nkeys < KEYS_MOST && body_item_next(&t->r->v->open.body, &pos, &it))
		if (is_age(&it))
			e = add_item(t, &it);
	return e;
}

/* No more than is needed while it waits: a person may take their time, and many may ask. */
static enum err
fit(struct trial *t)
{
	size_t need = t->pairs.len + t->opened.cap;
	struct sec less = { 0 };
	enum err e;

	if (held + need > ARENA_MOST)
		return ERR_LIMIT;
	if ((e = sec_init_copy(&less, sec_span(&t->pairs))))
		return e;
	sec_done(&t->pairs);
	sec_move(&t->pairs, &less);
	held += need;
	t->held = need;
	return ERR_OK;
}

static enum err
collect(struct trial *t)
{
	enum err e;

	if ((e = t->in->label.len ? add_named(t) : add_all(t)))
		return e;
	if (!t->nkeys)
		return ERR_AGE_NONE;
	return t->nkeys * t->in->stanzas.n > TRIALS_MOST ? ERR_TOOBIG : fit(t);
}

/* ---- trying ---- */
/* Others have their turn in between. */
static enum err
breathe(struct trial *t)
{
	enum err e;

	if (++t->done % TRIALS_AT_ONCE)
		return ERR_OK;
	REQ_MUST_WAIT(t->r);
	e = job_wait(t->r->job, 1);
	return e == ERR_TIMEOUT ? ERR_OK : e;
}

static enum err
try_stanza(struct trial *t, size_t i, const struct ops_age_stanza *s)
{
	enum err e = ERR_OK;

	for (size_t k = 0; k < t->nkeys && !t->by[i] && !e; k++) {
		const uint8_t *pair = t->pairs.p + k * PAIR;

		if (!age_open_x25519(pair, s->share.p, s->body.p, t->opened.p + i * AGE_FILE_KEY))
			t->by[i] = (uint16_t)(k + 1);
		e = breathe(t);
	}
	return e;
}

static enum err
try_all(struct trial *t)
{
	struct cbor c = wire_each(&t->in->stanzas);
	struct ops_age_stanza s;
	enum err e = ERR_OK;

	for (size_t i = 0; i < t->in->stanzas.n && !e; i++)
		if (!(e = wire_next(&ops_age_stanza_map, &c, &s)))
			e = try_stanza(t, i, &s);
	return e;
}

/* ---- asking ---- */
/* Which identities opened something, in the order of the first of their stanzas. */
static enum err
find_uses(const struct trial *t, struct use_of *use, size_t *n)
{
	for (size_t i = 0; i < t->in->stanzas.n; i++) {
		size_t u = 0;

		if (!t->by[i])
			continue;
		while (u < *n && memcmp(use[u].agreed.id, t->item[t->by[i] - 1], 16) != 0)
			u++;
		if (u == ITEMS_MOST)
			return ERR_TOOBIG;
		if (u == *n)
			memcpy(use[(*n)++].agreed.id, t->item[t->by[i] - 1], 16);
		use[u].stanzas++;
	}
	return ERR_OK;
}

static enum err
agree(struct trial *t, struct use_of *use)
{
	struct use u = {
		.verb = "open files with", .request = t->in->stanzas.raw, .by_session = true
	};
	char detail[64];
	struct item it;
	enum err e;

	if ((e = body_item_by_id(&t->r->v->open.body, use->agreed.id, &it)))
		return e;
	itemop_agree(&it, &use->agreed);
	snprintf(
	    detail, sizeof detail, "%zu file key%s", use->stanzas, use->stanzas > 1 ? "s" : "");
	u.item = &it;
	u.detail = detail;
	return policy_use(t->r, &u);
}

/* ---- answering ---- */
static struct span
label_of(const struct trial *t, size_t i, const struct use_of *use, size_t n)
{
	for (size_t u = 0; u < n; u++)
		if (memcmp(use[u].agreed.id, t->item[t->by[i] - 1], 16) == 0)
			return use[u].label;
	return SPAN_NONE;
}

static enum err
answer(struct trial *t, const struct use_of *use, size_t n)
{
	struct ops_decrypt_rep rep = { .has = 1 };
	struct ops_file_key *keys = calloc(t->in->stanzas.n + 1, sizeof *keys);
	enum err e;

	if (!keys)
		return ERR_NOMEM;
	for (size_t i = 0; i < t->in->stanzas.n; i++)
		if (t->by[i])
			keys[rep.keys.n++] = (struct ops_file_key){ .has = 7,
				.stanza = i,
				.key = SPAN(t->opened.p + i * AGE_FILE_KEY, AGE_FILE_KEY),
				.label = label_of(t, i, use, n) };
	rep.keys.v = keys;
	e = req_reply(t->r, &rep);
	free(keys);
	vault_touch(t->r->v);
	return e;
}

static enum err
hand_out(struct trial *t)
{
	struct use_of use[ITEMS_MOST] = { 0 };
	struct item it;
	size_t n = 0;
	enum err e;

	if ((e = find_uses(t, use, &n)))
		return e;
	for (size_t u = 0; u < n && !e; u++)
		e = agree(t, &use[u]);
	/* the person took their time: what was found may have moved */
	for (size_t u = 0; u < n && !e; u++)
		if (!(e = itemop_again(t->r->v, &use[u].agreed, &it)))
			use[u].label = it.label;
	return e ? e : answer(t, use, n);
}

enum err
op_decrypt(struct req *r)
{
	struct trial t = { .r = r, .in = r->in };
	size_t n = t.in->stanzas.n;
	enum err e = ERR_NOMEM;

	t.item = calloc(KEYS_MOST, sizeof *t.item);
	t.by = calloc(n + 1, sizeof *t.by);
	if (!t.item || !t.by)
		goto out;
	if ((e = sec_init(&t.pairs, KEYS_MOST * PAIR)) ||
	    (e = sec_init(&t.opened, (n + 1) * AGE_FILE_KEY)))
		goto out;
	if (!(e = collect(&t)) && !(e = try_all(&t)))
		e = hand_out(&t);
out:
	held -= t.held;
	sec_done(&t.pairs);
	sec_done(&t.opened);
	free(t.item);
	free(t.by);
	return e;
}
