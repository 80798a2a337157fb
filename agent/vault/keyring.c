/* keyring.c - keys in the arena, bounded; secrets of items opened for one use. */
#include "agent/vault/keyring.h"

#include <stdlib.h>

#include "agent/format/format.h"
#include "agent/vault/derive.h"
#include "agent/vault/epochs.h"
#include "agent/vault/keys.h"
#include "lib/crypto.h"

#define RING  4096 /* keys kept; direct-mapped by item id: a collision derives again */
#define ROOTS 4	   /* generations in use */
/* Of the arena: imported keys may be long, and others need some of it, too. */
#define ARENA_MOST ((size_t)512 * 1024)

struct ring_key {
	uint8_t id[16];
	uint32_t rev;
	uint8_t publen;
	uint8_t pub[65];
	struct buf longer; /* a public key that has no room there */
	struct sec priv;
};

struct ring_root {
	bool used;
	uint32_t generation;
	struct sec root;
};

struct key_cache {
	struct ring_key key[RING];
	size_t arena; /* that they hold */
	struct ring_root root[ROOTS];
	size_t next_root;
};

enum err
keyring_new(struct key_cache **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

/* ---- roots ---- */
static enum err
make_root(struct vault *v, uint32_t generation, struct sec *root)
{
	struct sec seed = { 0 };
	struct seed s;
	enum err e;

	if (!(e = body_seed_get(&v->open.body, generation, &s)) &&
	    !(e = keys_seed_open(sec_span(&v->open.vrk), generation, s.box, &seed)))
		e = derive_root(sec_span(&seed), root);
	sec_done(&seed);
	return e;
}

enum err
keyring_root(struct vault *v, uint32_t generation, const struct sec **root)
{
	struct ring_root *r;
	enum err e;

	for (size_t i = 0; i < ROOTS; i++)
		if (v->keys->root[i].used && v->keys->root[i].generation == generation) {
			*root = &v->keys->root[i].root;
			return ERR_OK;
		}
	r = &v->keys->root[v->keys->next_root++ % ROOTS];
	sec_done(&r->root);
	r->used = false;
	if ((e = make_root(v, generation, &r->root)))
		return e;
	r->used = true;
	r->generation = generation;
	*root = &r->root;
	return ERR_OK;
}

/* ---- keys ---- */
static struct ring_key *
place(struct vault *v, const uint8_t id[16])
{
	return &v->keys->key[be32(id) % RING];
}

static void
drop(struct vault *v, struct ring_key *k)
{
	v->keys->arena -= k->priv.cap;
	sec_done(&k->priv);
}

/* Rare: those that go are made again when they are used. */
static void
make_room(struct vault *v)
{
	for (size_t i = 0; i < RING && v->keys->arena > ARENA_MOST; i++)
		drop(v, &v->keys->key[i]);
}

static bool
holds(const struct ring_key *k, const struct item *it)
{
	return k->priv.p && k->rev == it->rev && memcmp(k->id, it->id.p, 16) == 0;
}

static void
keep_public(struct ring_key *k, struct buf *pub)
{
	buf_done(&k->longer);
	k->publen = 0;
	if (pub->len > sizeof k->pub) {
		k->longer = *pub;
		*pub = BUF_INIT;
	} else if (pub->len) {
		memcpy(k->pub, pub->p, pub->len);
		k->publen = (uint8_t)pub->len;
	}
}

/* Made elsewhere: its secret is the private key, its format knows the public one. */
static enum err
open_imported(struct vault *v, const struct item *it, struct ring_key *k)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_import *row =
	    f ? format_import(f, it->origin.purpose, it->origin.alg) : NULL;
	struct buf pub = BUF_INIT;
	enum err e;

	if (!row)
		return ERR_UNSUPPORTED;
	if (!(e = keyring_secret(v, it, &k->priv)) && !(e = row->fn(sec_span(&k->priv), &pub)))
		keep_public(k, &pub);
	buf_done(&pub);
	return e;
}

static enum err
derive_epoch(struct vault *v, const struct item *it, const struct item_epoch *ep, struct sec *priv)
{
	struct derive_path p = { .service = it->origin.service,
		.account = it->origin.account,
		.purpose = it->origin.purpose,
		.epoch = (uint32_t)ep->epoch };
	const struct sec *root;
	enum err e;

	if ((e = keyring_root(v, (uint32_t)ep->generation, &root)))
		return e;
	return derive_key(root, &p, it->origin.alg, priv);
}

static enum err
derive(struct vault *v, const struct item *it, struct ring_key *k)
{
	struct buf pub = BUF_INIT;
	struct item_epoch ep;
	enum err e;

	epochs_current(it, &ep);
	if (!(e = derive_epoch(v, it, &ep, &k->priv)) &&
	    !(e = derive_public(it->origin.alg, sec_span(&k->priv), &pub)) && !(e = buf_err(&pub)))
		keep_public(k, &pub);
	buf_done(&pub);
	return e;
}

enum err
keyring_public_of(
    struct vault *v, const struct item *it, const struct item_epoch *ep, struct buf *pub)
{
	struct sec priv = { 0 };
	enum err e;

	if (!(e = derive_epoch(v, it, ep, &priv)) &&
	    !(e = derive_public(it->origin.alg, sec_span(&priv), pub)))
		e = buf_err(pub);
	sec_done(&priv);
	return e;
}

enum err
keyring_get(struct vault *v, const struct item *it, const struct sec **priv, const uint8_t **pub,
    size_t *publen)
{
	struct ring_key *k = place(v, it->id.p);
	enum err e;

	if (!holds(k, it)) {
		drop(v, k);
		make_room(v);
		e = it->origin.kind == ORIGIN_DERIVED ? derive(v, it, k) : open_imported(v, it, k);
		if (e) {
			sec_done(&k->priv);
			return e;
		}
		v->keys->arena += k->priv.cap;
		memcpy(k->id, it->id.p, 16);
		k->rev = (uint32_t)it->rev;
	}
	*priv = &k->priv;
	*pub = k->longer.len ? k->longer.p : k->pub;
	*publen = k->longer.len ? k->longer.len : k->publen;
	return ERR_OK;
}

void
keyring_forget(struct vault *v, const uint8_t item_id[16])
{
	struct ring_key *k = place(v, item_id);

	if (memcmp(k->id, item_id, 16) == 0)
		drop(v, k);
}

/* ---- secrets ---- */
enum err
keyring_secret(struct vault *v, const struct item *it, struct sec *out)
{
	struct keys_item ki = { .id = it->id.p, .rev = (uint32_t)it->rev };

	if (!it->secret.len)
		return ERR_FORMAT;
	return keys_item_open(sec_span(&v->open.vrk), &ki, it->secret, out);
}

enum err
keyring_seal(struct vault *v, const struct item *it, struct span secret, struct buf *out)
{
	struct keys_item ki = { .id = it->id.p, .rev = (uint32_t)it->rev };

	return keys_item_seal(sec_span(&v->open.vrk), &ki, secret, out);
}
