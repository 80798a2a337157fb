/*
 * merge_keys.c - derived keys of two copies: joined by their path, field by field.
 *
 * Nothing is to be lost in them but what a person said: epochs only grow, and their states only go
 * from active to retired to revoked; a key never returns to an older seed.  A tombstone takes none
 * away: the key can be made from the phrase anyway, and whoever used it elsewhere would lose it.
 */
#include <stdlib.h>

#include "agent/vault/merge_parts.h"
#include "lib/crypto.h"

#define N(a) (sizeof(a) / sizeof *(a))

/* Each with its length: no two paths give the same. */
static void
hash_path(const struct item *it, uint8_t hash[32])
{
	const struct item_origin *o = &it->origin;
	struct span part[] = { it->label, o->service, o->account, o->purpose, o->alg };
	uint8_t len[N(part)][4];
	struct span all[2 * N(part)];

	for (size_t i = 0; i < N(part); i++) {
		put_be32(len[i], (uint32_t)part[i].len);
		all[2 * i] = SPAN(len[i], 4);
		all[2 * i + 1] = part[i];
	}
	crypto_sha256v(all, N(all), hash);
}

bool
merge_is_key(const struct item *it, uint8_t path[16])
{
	uint8_t hash[32];

	if (it->kind != ITEM_KEY || it->origin.kind != ORIGIN_DERIVED || it->secret.len ||
	    it->conflict.root.len)
		return false;
	hash_path(it, hash);
	memcpy(path, hash, 16);
	return true;
}

/* ---- epochs ---- */
struct epoch_set {
	struct item_epoch *v;
	size_t n, cap;
};

static enum err
add_epoch(struct epoch_set *l, const struct item_epoch *ep)
{
	size_t cap = l->cap ? l->cap * 2 : 16;
	struct item_epoch *v;

	if (l->n == l->cap) {
		if (!(v = realloc(l->v, cap * sizeof *v)))
			return ERR_NOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *ep;
	return ERR_OK;
}

/* The i-th epoch of an item, which says of which seed it is; an item without rows has epoch 0. */
static bool
next_epoch(const struct item *it, struct cbor *c, size_t i, struct item_epoch *ep)
{
	*ep = (struct item_epoch){ 0 };
	if (i >= (it->epochs.n ? it->epochs.n : 1))
		return false;
	if (i == 0)
		*c = wire_each(&it->epochs);
	if (it->epochs.n && wire_next(&item_epoch_map, c, ep))
		abort(); /* it was checked when it came in */
	if (!it->epochs.n || !wire_has(&item_epoch_map, ep, "generation"))
		ep->generation = it->origin.generation;
	return true;
}

static enum err
add_epochs(struct epoch_set *l, const struct item *it)
{
	struct cbor c = { 0 };
	struct item_epoch ep;
	enum err e = ERR_OK;

	for (size_t i = 0; !e && next_epoch(it, &c, i, &ep); i++)
		e = add_epoch(l, &ep);
	return e;
}

static int
by_epoch(const void *x, const void *y)
{
	const struct item_epoch *a = x, *b = y;

	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

static void
join_epoch(struct item_epoch *a, const struct item_epoch *b)
{
	a->state = merge_later(a->state, b->state);
	a->created = merge_earlier(a->created, b->created);
	if (merge_order(b->rest.raw, a->rest.raw) > 0)
		a->rest = b->rest;
}

/* Sorted, each once.  What has a later one is in use no more. */
static void
join_epochs(struct epoch_set *l)
{
	size_t n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_epoch);
	for (size_t i = 0; i < l->n; i++)
		if (n && by_epoch(&l->v[n - 1], &l->v[i]) == 0)
			join_epoch(&l->v[n - 1], &l->v[i]);
		else
			l->v[n++] = l->v[i];
	for (size_t i = 0; i + 1 < n; i++)
		l->v[i].state = merge_later(l->v[i].state, EPOCH_RETIRED);
	if (n > ITEM_EPOCHS) {
		memmove(l->v, l->v + (n - ITEM_EPOCHS), ITEM_EPOCHS * sizeof *l->v);
		n = ITEM_EPOCHS;
	}
	l->n = n;
}

/* Of which seed they are is written only when they are not all of the same. */
static void
mark_epochs(struct epoch_set *l, uint64_t generation)
{
	bool mixed = false;

	for (size_t i = 0; i < l->n; i++)
		mixed |= l->v[i].generation != generation;
	for (size_t i = 0; i < l->n; i++) {
		struct item_epoch *ep = &l->v[i];

		ep->has = 0;
		if (!mixed)
			ep->generation = 0;
		wire_mark(&item_epoch_map, ep);
		if (mixed)
			wire_set(&item_epoch_map, ep, "generation");
	}
}

/* ---- policy ---- */
static size_t
count_denied(const struct wire_list *l)
{
	struct cbor at = wire_each(l);
	struct item_client ic;
	size_t n = 0;

	while (!cbor_at_end(&at) && !wire_next(&item_client_map, &at, &ic))
		n += ic.deny;
	return n;
}

/* More that are denied are stricter; then fewer that are allowed. */
static bool
is_stricter(const struct wire_list *a, const struct wire_list *b)
{
	size_t denied = count_denied(a), other = count_denied(b);

	if (denied != other)
		return denied > other;
	if (a->n != b->n)
		return a->n < b->n;
	return merge_order(a->raw, b->raw) < 0;
}

/* The one that was set later; of two, the stricter of each. */
static void
join_policy(struct item_policy *a, const struct item_policy *b)
{
	if (a->rev != b->rev) {
		if (b->rev > a->rev)
			*a = *b;
		return;
	}
	a->use = merge_later(a->use, b->use);
	a->may_export = a->may_export && b->may_export;
	a->raw = a->raw && b->raw;
	a->rate = merge_earlier(a->rate, b->rate);
	if (is_stricter(&b->clients, &a->clients))
		a->clients = b->clients;
	if (merge_order(b->rest.raw, a->rest.raw) > 0)
		a->rest = b->rest;
}

/* ---- the rest ---- */
/* A key that is being joined. */
struct joining {
	struct item it;
	struct item_epoch last; /* what public_part and exposed are about */
};

static void
read_last(const struct item *it, struct item_epoch *last)
{
	struct cbor c = { 0 };
	struct item_epoch ep;

	*last = (struct item_epoch){ 0 };
	for (size_t i = 0; next_epoch(it, &c, i, &ep); i++)
		if (by_epoch(last, &ep) <= 0)
			*last = ep;
}

/* What lists show is of the last epoch; when its seed is a newer one, nobody else knows it. */
static void
join_last(struct joining *j, const struct item *it)
{
	struct item_epoch last;
	int order;

	read_last(it, &last);
	if (last.generation > j->last.generation)
		j->it.exposed = it->exposed;
	else if (last.generation == j->last.generation)
		j->it.exposed = merge_earlier(j->it.exposed, it->exposed);
	order = by_epoch(&last, &j->last);
	if ((order ? order : merge_order(it->public_part, j->it.public_part)) > 0) {
		j->it.public_part = it->public_part;
		j->last = last;
	}
}

static void
join_origin(struct item_origin *a, const struct item_origin *b)
{
	a->generation = merge_later(a->generation, b->generation);
	a->source = merge_greater(a->source, b->source);
	if (merge_order(b->rest.raw, a->rest.raw) > 0)
		a->rest = b->rest;
}

static int
by_revision(const struct item *a, const struct item *b)
{
	struct span x = SPAN_NONE, y = SPAN_NONE;
	int order = (a->rev > b->rev) - (a->rev < b->rev);

	(void)item_revs(&a->rev_ids, &x, 1);
	(void)item_revs(&b->rev_ids, &y, 1);
	order = order ? order : merge_order(x, y);
	order = order ? order : merge_order(a->rev_ids.raw, b->rev_ids.raw);
	order = order ? order : merge_order(a->attributes.raw, b->attributes.raw);
	return order ? order : merge_order(a->rest.raw, b->rest.raw);
}

static void
join(struct joining *j, const struct item *b)
{
	struct item *a = &j->it;

	join_last(j, b);
	join_policy(&a->policy, &b->policy);
	join_origin(&a->origin, &b->origin);
	if (memcmp(b->id.p, a->id.p, 16) < 0)
		a->id = b->id;
	a->mtime = merge_later(a->mtime, b->mtime);
	if (by_revision(b, a) <= 0)
		return;
	a->rev = b->rev;
	a->rev_ids = b->rev_ids;
	a->attributes = b->attributes;
	a->rest = b->rest;
}

/* ---- telling ---- */
static struct item
item_of(struct span raw)
{
	struct item it;

	if (wire_decode(&item_map, raw, &it))
		abort(); /* it was checked when it came in */
	return it;
}

/* One of each side, or NULL. */
static const struct merge_version *
of_side(const struct merge_group *g, uint8_t side)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].side == side)
			return &g->v[i];
	return NULL;
}

static void
say(struct merge *m, const struct merge_group *g, struct span raw)
{
	const struct merge_version *a = of_side(g, 0), *b = of_side(g, 1);
	struct item it = item_of(raw);
	struct item ours, theirs;
	struct tomb t;

	if (merge_tomb(m, TOMB_ITEM, it.id.p, &t) && !a != !b) {
		merge_say(m->rep, MERGE_KEPT, it.label);
		return;
	}
	if (!a) {
		merge_say(m->rep, MERGE_ADDED, it.label);
		return;
	}
	if (!b || span_eq(raw, a->raw))
		return;
	ours = item_of(a->raw);
	theirs = item_of(b->raw);
	if (item_has_rev(&theirs, SPAN(a->rev_id, 16)))
		merge_say(m->rep, MERGE_CHANGED, it.label);
	else if (!item_has_rev(&ours, SPAN(b->rev_id, 16)))
		merge_say(m->rep, MERGE_JOINED, it.label);
}

enum err
merge_key(struct merge *m, const struct merge_group *g, struct buf *out)
{
	struct epoch_set epochs = { 0 };
	struct joining j = { .it = item_of(g->v->raw) };
	struct item each;
	size_t start = out->len;
	enum err e;

	read_last(&j.it, &j.last);
	e = add_epochs(&epochs, &j.it);
	for (size_t i = 1; i < g->n && !e; i++) {
		each = item_of(g->v[i].raw);
		join(&j, &each);
		e = add_epochs(&epochs, &each);
	}
	if (!e) {
		join_epochs(&epochs);
		mark_epochs(&epochs, j.it.origin.generation);
		j.it.epochs = (struct wire_list){ .v = epochs.v, .n = epochs.n };
		e = body_item_encode(&j.it, out);
	}
	if (!e)
		say(m, g, SPAN(out->p + start, out->len - start));
	free(epochs.v);
	return e;
}
