/* merge_tombs.c - tombstones of two copies, and which revisions whoever made them knew. */
#include <stdlib.h>

#include "agent/vault/merge_parts.h"

static struct tomb
tomb_of(struct span raw)
{
	struct tomb t;

	if (wire_decode(&tomb_map, raw, &t))
		abort(); /* it was checked when it came in */
	return t;
}

static int
order_of(const struct tomb *a, const struct tomb *b)
{
	int order = memcmp(a->id.p, b->id.p, 16);

	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

static int
by_tomb(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	struct tomb s = tomb_of(SPAN(a->raw, a->len)), t = tomb_of(SPAN(b->raw, b->len));
	int order = order_of(&s, &t);

	return order ? order : merge_order(SPAN(a->raw, a->len), SPAN(b->raw, b->len));
}

/* Put into a sorted set; what is beyond its end is dropped there. */
static void
put_rev(struct span *v, size_t *n, struct span rev)
{
	size_t at = 0;

	while (at < *n && merge_order(v[at], rev) < 0)
		at++;
	if (at == TOMB_REVS || (at < *n && span_eq(v[at], rev)))
		return;
	*n += *n < TOMB_REVS;
	memmove(v + at + 1, v + at, (*n - at - 1) * sizeof *v);
	v[at] = rev;
}

static void
join_tomb(struct tomb *t, struct span *revs, const struct tomb *other)
{
	struct span more[TOMB_REVS];
	size_t n = item_revs(&other->rev_ids, more, TOMB_REVS);

	for (size_t i = 0; i < n; i++)
		put_rev(revs, &t->rev_ids.n, more[i]);
	t->rev = merge_later(t->rev, other->rev);
	t->at = merge_later(t->at, other->at);
	t->root = merge_greater(t->root, other->root);
	if (merge_order(other->rest.raw, t->rest.raw) > 0)
		t->rest = other->rest;
}

static void
note_known(struct merge *m, const struct tomb *t)
{
	const struct span *revs = t->rev_ids.v;

	for (size_t i = 0; i < t->rev_ids.n && t->kind == TOMB_ITEM; i++) {
		buf_put_span(&m->known, t->root.len ? t->root : t->id);
		buf_put_span(&m->known, revs[i]);
	}
}

/* Those of one thing, sorted next to each other, become one; *next is behind them. */
static enum err
put_tomb(struct merge *m, const struct rows *all, size_t *next)
{
	struct tomb first = tomb_of(rows_raw(all, *next)), t = first, other;
	struct span revs[TOMB_REVS];
	struct rows *to = &m->body->tombs;
	struct buf raw = BUF_INIT;
	enum err e;

	t.rev_ids = (struct wire_list){ .v = revs };
	for (; *next < all->n; ++*next) {
		other = tomb_of(rows_raw(all, *next));
		if (order_of(&first, &other) != 0)
			break;
		join_tomb(&t, revs, &other);
	}
	if (to->n >= BODY_TOMBS_MAX)
		return ERR_LIMIT;
	note_known(m, &t);
	if (!(e = body_record_encode(BODY_TOMBS, &t, &raw)))
		e = rows_put(to, to->n, be64(t.id.p), buf_span(&raw));
	buf_done(&raw);
	return e;
}

#define KNOWN_LEN 32

static int
by_known(const void *x, const void *y)
{
	return memcmp(x, y, KNOWN_LEN);
}

enum err
merge_tombs(struct merge *m)
{
	struct rows all = { 0 };
	enum err e = ERR_OK;

	for (size_t k = 0; k < 2; k++) {
		const struct rows *r = &m->copy[k].body->tombs;

		for (size_t i = 0; i < r->n && !e; i++)
			e = rows_add(&all, r->v[i].key, rows_raw(r, i));
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_tomb);
	for (size_t i = 0; i < all.n && !e;)
		e = put_tomb(m, &all, &i);
	if (m->known.len)
		qsort(m->known.p, m->known.len / KNOWN_LEN, KNOWN_LEN, by_known);
	rows_done(&all);
	return e ? e : buf_err(&m->known);
}

bool
merge_tomb(const struct merge *m, enum tomb_kind kind, const uint8_t id[16], struct tomb *out)
{
	const struct rows *r = &m->body->tombs;
	uint64_t key = be64(id);
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->v[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < r->n && r->v[lo].key == key; lo++) {
		*out = tomb_of(rows_raw(r, lo));
		if (out->kind == kind && memcmp(out->id.p, id, 16) == 0)
			return true;
	}
	return false;
}

/* A tombstone without revisions is of an earlier version: it knew all up to its own. */
bool
merge_is_removed(const struct merge *m, const struct merge_version *v)
{
	uint8_t key[KNOWN_LEN];
	struct tomb t;

	memcpy(key, v->root, 16);
	memcpy(key + 16, v->rev_id, 16);
	if (m->known.len && bsearch(key, m->known.p, m->known.len / KNOWN_LEN, KNOWN_LEN, by_known))
		return true;
	return merge_tomb(m, TOMB_ITEM, v->family, &t) && !t.rev_ids.n && v->rev <= t.rev;
}
