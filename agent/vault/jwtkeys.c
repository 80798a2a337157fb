/* jwtkeys.c - the public keys of issuers. */
#include "agent/vault/jwtkeys.h"

#include <time.h>

#include "agent/format/oidc.h"
#include "agent/vault/epochs.h"
#include "agent/vault/itemop.h"
#include "agent/vault/keyring.h"
#include "lib/jwt_rows.h"
#include "lib/sshkey.h"

#define ROWS_MOST ((size_t)900 * 1024)
#define OLD	  "ownkey.jwk."

bool
jwtkeys_is(const struct item *it)
{
	enum jwt_alg alg;

	return it->kind == ITEM_KEY && span_is(it->origin.service, "oidc") &&
	    oidc_alg(it->origin.purpose, &alg);
}

/* ---- rows ---- */
/* One key, of which rows are made. */
struct rowing {
	struct vault *v;
	const struct item *it;
	enum jwt_alg alg;
	struct epochs all;
	uint64_t now;
	struct buf *rows;
};

static enum err
put_text(struct rowing *w, struct ops_jwt_key *k, struct span jwk)
{
	struct jwt_row row = { .issuer = w->it->origin.account };

	if (jwk.len < JWK_KID + 2)
		return ERR_FORMAT;
	k->kid = SPAN(jwk.p + jwk.len - 2 - JWK_KID, JWK_KID); /* jwk.h: the last member */
	k->alg = w->alg;
	k->jwk = jwk;
	row.key = *k;
	wire_mark(&jwt_row_map, &row);
	return wire_encode(&jwt_row_map, &row, w->rows);
}

static enum err
put_key(struct rowing *w, struct ops_jwt_key *k, const struct jwk *key)
{
	struct buf text = BUF_INIT;
	enum err e;

	if (!(e = jwk_put(key, &text)))
		e = put_text(w, k, buf_span(&text));
	buf_done(&text);
	return e;
}

static enum err
put_derived(struct rowing *w, struct ops_jwt_key *k, const struct item_epoch *ep)
{
	struct buf pub = BUF_INIT;
	struct jwk key;
	enum err e;

	k->epoch = ep->epoch;
	if (!(e = keyring_public_of(w->v, w->it, ep, &pub)) &&
	    !(e = oidc_jwk(w->alg, buf_span(&pub), &key)))
		e = put_key(w, k, &key);
	buf_done(&pub);
	return e;
}

/* The one that the item has now. */
static enum err
put_held(struct rowing *w, struct ops_jwt_key *k)
{
	struct format_in in;
	struct jwk key;
	enum err e;

	if ((e = itemop_key(w->v, w->it, &in)) || (e = oidc_jwk(w->alg, in.pub, &key)))
		return e;
	return put_key(w, k, &key);
}

static enum err
put_current(struct rowing *w, const struct item_epoch *ep)
{
	struct ops_jwt_key k = { .state = JWT_CURRENT, .since = ep->created, .epoch = ep->epoch };

	return put_held(w, &k);
}

/* Its private half is at hand only for a moment. */
static enum err
put_next_rsa(struct rowing *w, struct ops_jwt_key *k)
{
	struct crypto_rsa rsa;
	struct span half[2];
	struct format_in in;
	struct jwk key = { .alg = JWT_RS256 };
	enum err e;

	if ((e = itemop_key(w->v, w->it, &in)) || (e = oidc_rsa_halves(in.priv, half)) ||
	    (e = sshkey_rsa_parts(half[1], &rsa)))
		return e;
	key.n = rsa.n;
	key.e = rsa.e;
	return put_key(w, k, &key);
}

static enum err
put_next(struct rowing *w)
{
	const struct item_epoch *last = &w->all.v[w->all.n - 1];
	struct ops_jwt_key k = { .state = JWT_NEXT, .epoch = last->epoch + 1 };
	struct item_epoch ep = { .epoch = last->epoch + 1 };
	struct seed s;
	enum err e;

	if (w->it->origin.kind != ORIGIN_DERIVED)
		return put_next_rsa(w, &k);
	if ((e = body_seed_last(&w->v->open.body, &s)))
		return e;
	ep.generation = s.generation;
	return put_derived(w, &k, &ep);
}

static bool
is_old_of(const struct item_attr *a, uint64_t epoch)
{
	struct buf name = BUF_INIT;
	bool is;

	buf_putf(&name, OLD "%llu", (unsigned long long)epoch);
	is = !buf_err(&name) && span_eq(a->name, buf_span(&name));
	buf_done(&name);
	return is;
}

static enum err
put_old_rsa(struct rowing *w, struct ops_jwt_key *k)
{
	struct cbor c = wire_each(&w->it->attributes);
	struct item_attr a;

	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (is_old_of(&a, k->epoch))
			return put_text(w, k, a.value);
	return ERR_OK;
}

/* The last one that it signed was made just before its successor came. */
static enum err
put_old(struct rowing *w, size_t i)
{
	const struct item_epoch *ep = &w->all.v[i];
	uint64_t ended = i + 1 < w->all.n ? w->all.v[i + 1].created : w->it->mtime;
	struct ops_jwt_key k = { .state = JWT_OLD, .since = ep->created, .epoch = ep->epoch };

	k.until = ended + JWT_LIFETIME + JWTKEYS_SLACK;
	if (ep->state != EPOCH_RETIRED || k.until < w->now)
		return ERR_OK;
	if (w->it->origin.kind == ORIGIN_DERIVED)
		return put_derived(w, &k, ep);
	return i + 1 < w->all.n ? put_old_rsa(w, &k) : put_held(w, &k);
}

enum err
jwtkeys_put(struct vault *v, const struct item *it, uint64_t now, struct buf *rows)
{
	struct rowing w = { .v = v, .it = it, .now = now, .rows = rows };
	struct item_epoch now_in_use;
	enum err e;

	if (!jwtkeys_is(it) || !oidc_alg(it->origin.purpose, &w.alg))
		return ERR_OK;
	if ((e = epochs_load(it, &w.all)))
		return e;
	epochs_current(it, &now_in_use);
	if (now_in_use.state == EPOCH_ACTIVE && !(e = put_current(&w, &now_in_use)))
		e = put_next(&w);
	for (size_t i = 0; i < w.all.n && !e; i++)
		e = put_old(&w, i);
	epochs_done(&w.all);
	return e ? e : buf_err(rows);
}

void
jwtkeys_send(struct vault *v)
{
	struct buf rows = BUF_INIT;
	struct item it;
	size_t pos = 0;

	while (rows.len < ROWS_MOST && body_kind_next(&v->open.body, ITEM_KEY, &pos, &it)) {
		size_t at = rows.len;

		if (jwtkeys_put(v, &it, (uint64_t)time(NULL), &rows))
			buf_cut(&rows, at);
	}
	if (!buf_err(&rows))
		link_put(&v->front.out, LINK_JWT, 0, buf_span(&rows));
	buf_done(&rows);
}

/* ---- RSA keys that go ---- */
static bool
is_old(const struct item_attr *a)
{
	return a->name.len > sizeof OLD - 1 && memcmp(a->name.p, OLD, sizeof OLD - 1) == 0;
}

static size_t
count_old(const struct item *it)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;
	size_t n = 0;

	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		n += is_old(&a);
	return n;
}

/* All, but for the oldest of those that were kept: there is to be room for one more. */
static enum err
load(const struct item *it, struct jwtkeys_old *o, size_t *n)
{
	struct cbor c = wire_each(&it->attributes);
	size_t drop = count_old(it);
	struct item_attr a;
	enum err e;

	drop = drop < JWTKEYS_OLD ? 0 : drop - JWTKEYS_OLD + 1;
	*n = 0;
	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&item_attr_map, &c, &a)))
			return e;
		if (is_old(&a) && drop) {
			drop--;
			continue;
		}
		if (*n + 1 == ITEM_ATTRS)
			return ERR_LIMIT;
		o->v[(*n)++] = a;
	}
	return ERR_OK;
}

enum err
jwtkeys_keep_old(struct vault *v, struct item *it, struct jwtkeys_old *o)
{
	struct item_epoch ep;
	struct format_in in;
	struct jwk key;
	size_t n, name;
	enum err e;

	epochs_current(it, &ep);
	if ((e = load(it, o, &n)) || (e = itemop_key(v, it, &in)) ||
	    (e = oidc_jwk(JWT_RS256, in.pub, &key)))
		return e;
	buf_reset(&o->mem);
	buf_putf(&o->mem, OLD "%llu", (unsigned long long)ep.epoch);
	name = o->mem.len;
	if ((e = jwk_put(&key, &o->mem)))
		return e;
	o->v[n] = (struct item_attr){ .name = SPAN(o->mem.p, name),
		.value = SPAN(o->mem.p + name, o->mem.len - name) };
	wire_mark(&item_attr_map, &o->v[n++]);
	it->attributes = (struct wire_list){ .v = o->v, .n = n };
	return ERR_OK;
}

void
jwtkeys_old_done(struct jwtkeys_old *o)
{
	buf_done(&o->mem);
}
