/* keylog.c - the succession log of one identity: read, continued, written. */
#include "agent/vault/keylog.h"

#include <stdio.h>

#include "agent/vault/derive.h"
#include "agent/vault/keyring.h"
#include "lib/crypto.h"
#include "lib/didkey.h"
#include "lib/text.h"

#define PURPOSE SPAN_LIT("succession")
#define ALG	SPAN_LIT("ed25519")

/* ---- the item ---- */
static void
print_label(const struct keylog *k, struct buf *out)
{
	struct derive_path p = {
		.service = span_str(k->service), .account = span_str(k->account), .purpose = PURPOSE
	};
	struct buf full = BUF_INIT;
	size_t tail = sizeof "/succession/0" - 1;

	derive_path_print(&p, SPAN_NONE, &full);
	if (full.len > tail)
		buf_put(out, full.p, full.len - tail);
	buf_done(&full);
}

static enum err
find(const struct vault *v, const struct keylog *k, struct item *it)
{
	struct buf label = BUF_INIT;
	enum err e;

	print_label(k, &label);
	if (!(e = buf_err(&label)))
		e = body_item_by_label(&v->open.body, ITEM_LOG, buf_span(&label), it);
	buf_done(&label);
	return e;
}

static enum err
load(const struct item *it, struct keylog *k)
{
	struct cbor c = cbor_from(it->public_part);
	struct span log;
	enum err e;

	if ((e = cbor_get_bytes(&c, &log)) || (e = epochs_load(it, &k->epochs)))
		return e;
	memcpy(k->id, it->id.p, sizeof k->id);
	k->use = it->policy.use;
	k->stored = true;
	buf_put_span(&k->log, log);
	if ((e = buf_err(&k->log)))
		return e;
	return succession_verify(buf_span(&k->log), &k->st);
}

/* The item of a log that was never stored. */
static void
fresh_item(const struct vault *v, const struct keylog *k, struct item *it)
{
	struct seed s;

	it->origin = (struct item_origin){ .kind = ORIGIN_DERIVED,
		.service = span_str(k->service),
		.account = span_str(k->account),
		.purpose = PURPOSE,
		.alg = ALG };
	if (!body_seed_last(&v->open.body, &s))
		it->origin.generation = s.generation;
	wire_mark(&item_origin_map, &it->origin);
	it->policy = (struct item_policy){ .use = USE_TOUCH };
	wire_mark(&item_policy_map, &it->policy);
}

enum err
keylog_open(struct vault *v, struct span service, struct span account, struct keylog *k)
{
	struct item it = { 0 };
	enum err e;

	*k = (struct keylog){ .use = USE_TOUCH };
	if (service.len >= sizeof k->service || account.len >= sizeof k->account)
		return ERR_RANGE;
	snprintf(k->service, sizeof k->service, "%.*s", (int)service.len, (const char *)service.p);
	snprintf(k->account, sizeof k->account, "%.*s", (int)account.len, (const char *)account.p);
	if ((e = find(v, k, &it)) == ERR_NOTFOUND) {
		fresh_item(v, k, &it);
		return epochs_load(&it, &k->epochs);
	}
	return e ? e : load(&it, k);
}

void
keylog_done(struct keylog *k)
{
	epochs_done(&k->epochs);
	epochs_done(&k->epochs_next);
	buf_done(&k->log);
	buf_done(&k->entry);
	*k = (struct keylog){ 0 };
}

static enum err
put(struct item *it, struct keylog *k, struct delta *d)
{
	struct buf public = BUF_INIT, label = BUF_INIT;
	enum err e;

	cbor_put_bytes(&public, buf_span(&k->log));
	print_label(k, &label);
	if (!(e = buf_err(&public)) && !(e = buf_err(&label))) {
		it->public_part = buf_span(&public);
		it->label = buf_span(&label);
		epochs_store(&k->epochs, it);
		delta_item(d, it);
		e = d->err;
	}
	buf_done(&public);
	buf_done(&label);
	return e;
}

enum err
keylog_put(struct vault *v, struct keylog *k, struct delta *d)
{
	struct itemop_new fresh;
	struct itemop_rev rev;
	struct item it;
	enum err e;

	if (!k->changed)
		return ERR_OK;
	if (!k->stored) {
		itemop_new(&fresh, ITEM_LOG, &it);
		fresh_item(v, k, &it);
	} else if ((e = body_item_by_id(&v->open.body, k->id, &it)) || (e = itemop_next(&it, &rev)))
		return e;
	return put(&it, k, d);
}

/* ---- its key ---- */
static enum err
derive(struct vault *v, const struct keylog *k, const struct epochs *e, struct sec *priv)
{
	const struct item_epoch *ep = &e->v[e->n - 1];
	struct derive_path p = { .service = span_str(k->service),
		.account = span_str(k->account),
		.purpose = PURPOSE,
		.epoch = (uint32_t)ep->epoch };
	const struct sec *root;
	enum err err;

	if ((err = keyring_root(v, (uint32_t)ep->generation, &root)))
		return err;
	return derive_key(root, &p, ALG, priv);
}

static enum err
public_key(struct vault *v, const struct keylog *k, const struct epochs *e, uint8_t pub[32])
{
	struct sec priv = { 0 };
	enum err err = derive(v, k, e, &priv);

	if (!err)
		crypto_ed25519_public(priv.p, pub);
	sec_done(&priv);
	return err;
}

/* By the key that the log names; whatever else we derive must not sign. */
static enum err
sign(struct vault *v, const struct keylog *k, struct span msg, struct succession_proof *p)
{
	struct sec priv = { 0 };
	enum err e = derive(v, k, &k->epochs, &priv);

	if (!e) {
		crypto_ed25519_public(priv.p, p->key);
		if (k->log.len && memcmp(p->key, k->st.key, 32) != 0)
			e = ERR_INTERNAL;
		else
			crypto_ed25519_sign(priv.p, p->key, msg, p->sig);
	}
	sec_done(&priv);
	return e;
}

enum err
keylog_sign_card(struct vault *v, const struct keylog *k, struct span msg, uint8_t sig[64])
{
	struct succession_proof p;
	enum err e;

	if ((e = sign(v, k, msg, &p)))
		return e;
	memcpy(sig, p.sig, 64);
	return ERR_OK;
}

/* ---- entries ---- */
static enum err
append(struct keylog *k, struct span entry, const struct succession_proof *proof, size_t n)
{
	struct buf log = BUF_INIT;
	enum err e;

	if ((e = succession_append(buf_span(&k->log), entry, proof, n, &log))) {
		buf_done(&log);
		return e;
	}
	buf_done(&k->log);
	k->log = log;
	k->changed = true;
	return succession_verify(buf_span(&k->log), &k->st);
}

/* What the log does not say yet, or, all, what it should say from now on. */
static size_t
bindings(const struct keylog *k, bool all, struct succession_binding *b)
{
	size_t n = 0;

	for (size_t i = 0; i < k->nkey; i++) {
		const struct keylog_key *key = &k->key[i];

		if (!all && k->log.len && succession_find(&k->st, key->purpose))
			continue;
		b[n++] = (struct succession_binding){ .service = span_str(k->service),
			.account = span_str(k->account),
			.purpose = key->purpose,
			.alg = key->alg,
			.digest = SPAN(key->digest, 32),
			.epoch = key->epoch };
	}
	return n;
}

static enum err
make(
    const struct keylog *k, enum succession_type type, struct succession_change *c, struct buf *out)
{
	struct succession_binding b[SUCCESSION_BINDINGS];

	c->bindings = b;
	if (type != SUCCESSION_REVOKE)
		c->n = bindings(k, type != SUCCESSION_BIND, b);
	return succession_make(type, k->log.len ? &k->st : NULL, c, out);
}

static enum err
make_hot(struct keylog *k, const struct keylog_making *m, enum succession_type type,
    struct succession_change *c)
{
	uint8_t msg[SUCCESSION_TO_SIGN];
	struct succession_proof proof;
	struct buf entry = BUF_INIT;
	enum err e;

	if (!(e = make(k, type, c, &entry))) {
		succession_to_sign(buf_span(&entry), msg);
		if (!(e = sign(m->v, k, SPAN(msg, sizeof msg), &proof)))
			e = append(k, buf_span(&entry), &proof, 1);
	}
	buf_done(&entry);
	return e;
}

static enum err
begin(struct keylog *k, const struct keylog_making *m)
{
	struct succession_change c = { .time = m->now };
	struct succkey next;
	struct seed s;
	uint8_t pub[32];
	enum err e;

	if ((e = body_seed_last(&m->v->open.body, &s)) ||
	    (e = succkeys_take(m->keys, s.generation, &next)) ||
	    (e = public_key(m->v, k, &k->epochs, pub)))
		return e;
	c.key = pub;
	c.next = next.hash;
	return make_hot(k, m, SUCCESSION_INCEPT, &c);
}

enum err
keylog_hot(struct keylog *k, const struct keylog_making *m)
{
	struct succession_change c = { .time = m->now };

	switch (keylog_state(k)) {
	case KEYLOG_NONE:
		return begin(k, m);
	case KEYLOG_BEHIND:
		return make_hot(k, m, SUCCESSION_BIND, &c);
	case KEYLOG_REVOKING:
		return make_hot(k, m, SUCCESSION_REVOKE, &c);
	default:
		return ERR_OK;
	}
}

enum err
keylog_anew(struct keylog *k, const struct keylog_making *m)
{
	struct seed s;
	enum err e;

	if (!k->nkey)
		return ERR_SUCC_NOTHING;
	if ((e = body_seed_last(&m->v->open.body, &s)) ||
	    (k->log.len && (e = epochs_next(&k->epochs, s.generation, m->now))))
		return e;
	buf_done(&k->log);
	return begin(k, m);
}

/* ---- rotations ---- */
/* The newest generation of the phrase that makes g: P signs for keys of its own only. */
static enum err
same_phrase(const struct body *b, uint64_t g, uint64_t *newest, struct span *fpr)
{
	struct seed mine, s;
	size_t pos = 0;
	enum err e;

	if ((e = body_seed_get(b, g, &mine)))
		return e;
	*newest = g;
	while (body_seed_next(b, &pos, &s))
		if (span_eq(s.fpr, mine.fpr) && s.generation > *newest)
			*newest = s.generation;
	*fpr = mine.fpr;
	return ERR_OK;
}

enum err
keylog_phrase(const struct keylog *k, const struct keylog_making *m, struct span *fpr)
{
	struct succkey now;
	uint64_t newest;
	enum err e;

	if ((e = succkeys_find(m->keys, k->st.next, &now)))
		return e;
	return same_phrase(&m->v->open.body, now.generation, &newest, fpr);
}

/* The next log key is of the newest seed, the key that is announced of the same phrase. */
static enum err
choose(struct keylog *k, const struct keylog_making *m, struct worker_succession *w,
    struct succession_change *c)
{
	const struct body *b = &m->v->open.body;
	struct succkey now, next;
	struct span fpr;
	uint64_t g;
	struct seed s;
	enum err e;

	if ((e = succkeys_find(m->keys, k->st.next, &now)) ||
	    (e = same_phrase(b, now.generation, &g, &fpr)) ||
	    (e = succkeys_take(m->keys, g, &next)) || (e = body_seed_last(b, &s)) ||
	    (e = epochs_next(&k->epochs_next, s.generation, m->now)))
		return e;
	*w = (struct worker_succession){ .generation = now.generation,
		.j = now.j,
		.next_generation = next.generation,
		.next_j = next.j };
	c->next = next.hash;
	return ERR_OK;
}

static enum err
copy_epochs(const struct epochs *from, struct epochs *to)
{
	struct item it = { 0 };
	struct buf raw = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < from->n && !e; i++) {
		struct item_epoch row = from->v[i];

		wire_mark(&item_epoch_map, &row);
		wire_set(&item_epoch_map, &row, "generation");
		e = wire_encode(&item_epoch_map, &row, &raw);
	}
	it.epochs = (struct wire_list){ .n = from->n, .raw = buf_span(&raw) };
	if (!e)
		e = epochs_load(&it, to);
	buf_done(&raw);
	return e;
}

enum err
keylog_rotation(struct keylog *k, const struct keylog_making *m, struct worker_succession *w)
{
	struct succession_change c = { .time = m->now };
	uint8_t pub[32];
	enum err e;

	epochs_done(&k->epochs_next);
	buf_reset(&k->entry);
	if ((e = copy_epochs(&k->epochs, &k->epochs_next)) || (e = choose(k, m, w, &c)) ||
	    (e = public_key(m->v, k, &k->epochs_next, pub)))
		return e;
	c.key = pub;
	if ((e = make(k, SUCCESSION_ROTATE, &c, &k->entry)))
		return e;
	w->entry = buf_span(&k->entry);
	wire_mark(&worker_succession_map, w);
	wire_set(&worker_succession_map, w, "generation");
	wire_set(&worker_succession_map, w, "j");
	wire_set(&worker_succession_map, w, "next_generation");
	wire_set(&worker_succession_map, w, "next_j");
	return ERR_OK;
}

enum err
keylog_rotate(
    struct keylog *k, const struct keylog_making *m, const struct succession_proof *phrase)
{
	uint8_t msg[SUCCESSION_TO_SIGN];
	struct succession_proof proof[2];
	enum err e;

	succession_to_sign(buf_span(&k->entry), msg);
	if ((e = sign(m->v, k, SPAN(msg, sizeof msg), &proof[0])))
		return e;
	proof[1] = *phrase;
	if ((e = append(k, buf_span(&k->entry), proof, 2)))
		return e;
	epochs_done(&k->epochs);
	k->epochs = k->epochs_next;
	k->epochs_next = (struct epochs){ 0 };
	return ERR_OK;
}

/* ---- rows ---- */
bool
keylog_takes_old_phrase(const struct keylog *k, const struct keylog_making *m)
{
	struct span fpr;
	struct seed s;

	return keylog_phrase(k, m, &fpr) || body_seed_last(&m->v->open.body, &s) ||
	    !span_eq(fpr, s.fpr);
}

static struct span
keep(struct buf *mem, const char *s)
{
	size_t at = mem->len;

	buf_put_str(mem, s);
	return mem->failed ? SPAN_NONE : SPAN(mem->p + at, mem->len - at);
}

void
keylog_row(
    const struct keylog *k, const struct keylog_making *m, struct buf *mem, struct ops_log *row)
{
	enum keylog_state st = keylog_state(k);
	char did[DIDKEY_TEXT];

	didkey_print(k->st.key, did);
	*row = (struct ops_log){ .service = keep(mem, k->service),
		.account = keep(mem, k->account),
		.state = st == KEYLOG_OWED ? OPS_LOG_OWED
		    : k->st.revoked	   ? OPS_LOG_REVOKED
					   : OPS_LOG_GOOD,
		.entries = k->st.n,
		.rotations = k->st.rotations,
		.time = k->st.time,
		.key = keep(mem, did),
		.old_phrase = keylog_takes_old_phrase(k, m) };
	wire_mark(&ops_log_map, row);
}
