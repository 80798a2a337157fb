/*
 * merge_items.c - items of two copies.
 *
 * An item is a family of revisions that nobody has seen both of: its heads.  The first of them
 * stands under the item's id, the others under conflict ids.  What is done depends on the set of
 * heads alone, and two sets are joined by putting them together and taking out what another one of
 * them, or a tombstone, knows: so order and repetition do not matter.
 */
#include <stdlib.h>

#include "agent/vault/keys.h"
#include "agent/vault/merge_parts.h"
#include "lib/crypto.h"

/* ---- collecting ---- */
void
merge_conflict_id(const uint8_t id[16], const uint8_t rev_id[16], uint8_t out[16])
{
	struct span v[] = { SPAN_LIT("ownkey1 conflict"), SPAN(id, 16), SPAN(rev_id, 16) };
	uint8_t hash[32];

	crypto_sha256v(v, 3, hash);
	memcpy(out, hash, 16);
}

static struct item
item_of(struct span raw)
{
	struct item it;

	if (wire_decode(&item_map, raw, &it))
		abort(); /* it was checked when it came in */
	return it;
}

/* Still as the merge made it: whoever edits one makes it an item like others. */
static bool
is_conflict(const struct item *it, const uint8_t rev_id[16])
{
	uint8_t id[16];

	if (!it->conflict.item.len)
		return false;
	merge_conflict_id(it->conflict.item.p, rev_id, id);
	return memcmp(id, it->id.p, 16) == 0;
}

static void
read_rev_id(const struct item *it, uint8_t rev_id[16])
{
	struct span first;

	if (item_revs(&it->rev_ids, &first, 1) != 1)
		abort(); /* item_check */
	memcpy(rev_id, first.p, 16);
}

static void
read_version(const struct merge *m, uint8_t side, struct span raw, struct merge_version *v)
{
	const struct body *other = m->copy[!side].body;
	struct item it = item_of(raw), twin;
	uint8_t path[16];

	*v = (struct merge_version){ .rev = it.rev, .raw = raw, .side = side };
	read_rev_id(&it, v->rev_id);
	/* one id, but another kind of thing over there: kept in revisions on both sides */
	v->derived = merge_is_key(&it, v->family) &&
	    (body_item_by_id(other, it.id.p, &twin) ||
		(merge_is_key(&twin, path) && memcmp(path, v->family, 16) == 0));
	memcpy(v->root, v->family, 16);
	if (v->derived)
		return;
	v->conflict = is_conflict(&it, v->rev_id);
	memcpy(v->family, v->conflict ? it.conflict.item.p : it.id.p, 16);
	memcpy(v->root, it.conflict.root.len ? it.conflict.root.p : it.id.p, 16);
}

/* What has one root together, in it families, in them revisions, the winner first. */
static int
by_version(const void *x, const void *y)
{
	const struct merge_version *a = x, *b = y;
	int order;

	if (a->derived != b->derived)
		return a->derived - b->derived;
	if ((order = memcmp(a->root, b->root, 16)) || (order = memcmp(a->family, b->family, 16)))
		return order;
	if (a->rev != b->rev)
		return a->rev > b->rev ? -1 : 1;
	if ((order = memcmp(b->rev_id, a->rev_id, 16)))
		return order;
	if (a->conflict != b->conflict)
		return a->conflict - b->conflict;
	return (order = merge_order(b->raw, a->raw)) ? order : a->side - b->side;
}

static enum err
collect(const struct merge *m, struct merge_group *all)
{
	size_t most = body_items(m->copy[0].body) + body_items(m->copy[1].body);

	*all = (struct merge_group){ .v = calloc(most ? most : 1, sizeof *all->v) };
	if (!all->v)
		return ERR_NOMEM;
	for (uint8_t k = 0; k < 2; k++) {
		const struct items *t = &m->copy[k].body->items;

		for (size_t i = 0; i < t->n; i++)
			if (t->v[i].raw)
				read_version(m, k, items_raw(t, i), &all->v[all->n++]);
	}
	qsort(all->v, all->n, sizeof *all->v, by_version);
	return ERR_OK;
}

/* ---- heads ---- */
static bool
is_same_revision(const struct merge_version *a, const struct merge_version *b)
{
	return a->rev == b->rev && memcmp(a->rev_id, b->rev_id, 16) == 0;
}

/* How many of the first stand for one revision. */
static size_t
run_length(const struct merge_group *g, size_t at)
{
	size_t n = 1;

	while (at + n < g->n && is_same_revision(&g->v[at], &g->v[at + n]))
		n++;
	return n;
}

/* Its conflict copy was edited or removed since: whoever did it knew this revision. */
static bool
is_copy_gone(const struct merge *m, const struct merge_version *v)
{
	uint8_t id[16], rev_id[16];
	struct item it;
	struct tomb t;

	merge_conflict_id(v->family, v->rev_id, id);
	if (merge_tomb(m, TOMB_ITEM, id, &t))
		return true;
	for (size_t k = 0; k < 2; k++)
		if (!body_item_by_id(m->copy[k].body, id, &it)) {
			read_rev_id(&it, rev_id);
			if (!is_conflict(&it, rev_id))
				return true;
		}
	return false;
}

/* Somebody who saw it made another one of all this. */
static bool
is_superseded(const struct merge_group *all, const struct merge_version *v)
{
	struct span rev_id = SPAN(v->rev_id, 16);

	for (size_t i = 0; i < all->n; i++) {
		struct item it;

		if (memcmp(all->v[i].rev_id, v->rev_id, 16) == 0)
			continue;
		it = item_of(all->v[i].raw);
		if (item_has_rev(&it, rev_id))
			return true;
	}
	return false;
}

static bool
is_here(const struct merge_group *g, size_t at, uint8_t side, bool conflict)
{
	size_t n = run_length(g, at);

	for (size_t i = at; i < at + n; i++)
		if (g->v[i].side == side && g->v[i].conflict == conflict)
			return true;
	return false;
}

/* An item with its own id and this revision or another one: what a person had there. */
static bool
has_item(const struct merge_group *g, uint8_t side)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].side == side && !g->v[i].conflict)
			return true;
	return false;
}

/* ---- putting ---- */
static enum err
reseal(const struct merge *m, const struct item *old, struct item *it, struct buf *box)
{
	struct keys_item from = { .id = old->id.p, .rev = (uint32_t)old->rev };
	struct keys_item to = { .id = it->id.p, .rev = (uint32_t)it->rev };
	struct sec secret = { 0 };
	enum err e;

	if (!old->secret.len)
		return ERR_OK;
	if (!(e = keys_item_open(m->vrk, &from, old->secret, &secret)) &&
	    !(e = keys_item_seal(m->vrk, &to, sec_span(&secret), box)))
		it->secret = buf_span(box);
	sec_done(&secret);
	return e;
}

/* Names of secrets and contacts are short, paths are not. */
static void
conflict_label(const struct item *it, const uint8_t id[16], struct buf *out)
{
	size_t most = it->kind == ITEM_KEY || it->kind == ITEM_LOG ? ITEM_LABEL_MAX : 255;
	const size_t suffix = sizeof " (conflict 1a2b3c4d)" - 1;
	size_t n = it->label.len;

	if (n + suffix > most)
		n = most - suffix;
	while (n > 0 && n < it->label.len && (it->label.p[n] & 0xc0) == 0x80)
		n--; /* not within a character */
	buf_put(out, it->label.p, n);
	buf_putf(out, " (conflict %08x)", be32(id));
}

static enum err
put_conflict(struct merge *m, const struct merge_version *v, struct buf *out)
{
	struct item old = item_of(v->raw), it = old;
	struct buf label = BUF_INIT, box = BUF_INIT;
	uint8_t id[16];
	enum err e;

	merge_conflict_id(v->family, v->rev_id, id);
	it.id = SPAN(id, 16);
	it.conflict.root = SPAN(v->root, 16);
	it.conflict.item = old.id;
	it.conflict.label = old.label;
	conflict_label(&old, id, &label);
	it.label = buf_span(&label);
	if (!(e = buf_err(&label)) && !(e = reseal(m, &old, &it, &box)))
		e = body_item_encode(&it, out);
	buf_done(&label);
	buf_done(&box);
	return e;
}

/* Under the item's own id: as it is, or what was kept as a conflict takes its place. */
static enum err
put_winner(struct merge *m, const struct merge_version *v, struct buf *out)
{
	struct item old = item_of(v->raw), it = old;
	struct buf box = BUF_INIT;
	enum err e = ERR_OK;

	if (!old.conflict.item.len) {
		buf_put_span(out, v->raw);
		return buf_err(out);
	}
	if (v->conflict) {
		it.id = SPAN(v->family, 16);
		it.label = old.conflict.label;
		e = reseal(m, &old, &it, &box);
	}
	it.conflict.item = it.conflict.label = SPAN_NONE;
	if (memcmp(v->root, v->family, 16) == 0)
		it.conflict = (struct item_conflict){ 0 };
	if (!e)
		e = body_item_encode(&it, out);
	buf_done(&box);
	return e;
}

static struct merge_version *
find_form(const struct merge_group *g, size_t at, bool conflict)
{
	size_t n = run_length(g, at);

	for (size_t i = at; i < at + n; i++)
		if (g->v[i].conflict == conflict)
			return &g->v[i];
	return &g->v[at];
}

static enum err
put_loser(struct merge *m, const struct merge_group *g, size_t at, struct buf *out)
{
	const struct merge_version *v = find_form(g, at, true);

	if (!v->conflict)
		return put_conflict(m, v, out);
	buf_put_span(out, v->raw);
	return buf_err(out);
}

/* ---- telling ---- */
static struct span
label_of(struct span raw)
{
	return item_of(raw).label;
}

static void
say_winner(struct merge *m, const struct merge_group *g, size_t at, bool tomb)
{
	struct span label = label_of(find_form(g, at, false)->raw);

	if (g->v[at].conflict)
		merge_say(m->rep, MERGE_SETTLED, label);
	if (tomb && has_item(g, 0) != has_item(g, 1))
		merge_say(m->rep, MERGE_KEPT, label);
	else if (!is_here(g, at, 0, false) && is_here(g, at, 1, false))
		merge_say(m->rep, has_item(g, 0) ? MERGE_CHANGED : MERGE_ADDED, label);
}

static void
say_loser(struct merge *m, const struct merge_group *g, size_t at, struct span put)
{
	enum merge_event what = MERGE_CONFLICT_OURS;

	if (is_here(g, at, 0, true))
		return; /* it is one here already */
	if (is_here(g, at, 0, false))
		what = MERGE_CONFLICT_THEIRS;
	merge_say(m->rep, what, label_of(put));
}

static void
say_gone(struct merge *m, const struct merge_group *g, size_t at, bool removed)
{
	if (is_here(g, at, 0, true))
		merge_say(m->rep, removed ? MERGE_REMOVED : MERGE_SETTLED,
		    label_of(find_form(g, at, true)->raw));
	else if (removed && is_here(g, at, 0, false))
		merge_say(m->rep, MERGE_REMOVED, label_of(g->v[at].raw));
}

/* ---- one family ---- */
static enum err
put_head(struct merge *m, const struct merge_group *g, size_t at, struct buf *out)
{
	size_t start = out->len;
	enum err e;

	if ((e = put_loser(m, g, at, out)))
		return e;
	say_loser(m, g, at, SPAN(out->p + start, out->len - start));
	return ERR_OK;
}

/* g: of those of one root, all. */
static enum err
put_family(struct merge *m, const struct merge_group *all, const struct merge_group *g,
    struct buf *out, size_t *made)
{
	struct tomb t;
	bool first = true, tomb = merge_tomb(m, TOMB_ITEM, g->v->family, &t);
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->n && !e; i += run_length(g, i)) {
		bool removed = merge_is_removed(m, &g->v[i]) || is_copy_gone(m, &g->v[i]);

		if (removed || is_superseded(all, &g->v[i])) {
			say_gone(m, g, i, removed);
			continue;
		}
		if (first)
			say_winner(m, g, i, tomb);
		e = first ? put_winner(m, &g->v[i], out) : put_head(m, g, i, out);
		first = false;
		++*made;
	}
	return e;
}

static size_t
family_length(const struct merge_group *all, size_t at)
{
	size_t n = 1;

	while (at + n < all->n && memcmp(all->v[at + n].family, all->v[at].family, 16) == 0)
		n++;
	return n;
}

static enum err
put_root(struct merge *m, const struct merge_group *all, struct buf *out, size_t *made)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < all->n && !e;) {
		struct merge_group g = { all->v + i, family_length(all, i) };

		e = put_family(m, all, &g, out, made);
		i += g.n;
	}
	return e;
}

/* ---- all ---- */
static size_t
root_length(const struct merge_group *all, size_t at)
{
	const struct merge_version *a = &all->v[at];
	size_t n = 1;

	while (at + n < all->n && all->v[at + n].derived == a->derived &&
	    memcmp(all->v[at + n].root, a->root, 16) == 0)
		n++;
	return n;
}

static enum err
put_all(struct merge *m, const struct merge_group *all, struct buf *out, size_t *n)
{
	enum err e = ERR_OK;

	*n = 0;
	for (size_t i = 0; i < all->n && !e;) {
		struct merge_group g = { all->v + i, root_length(all, i) };

		if (g.v->derived) {
			e = merge_key(m, &g, out);
			++*n;
		} else {
			e = put_root(m, &g, out, n);
		}
		i += g.n;
	}
	return e ? e : buf_err(out);
}

/* ---- into the body, in an order that is the same everywhere ---- */
struct named {
	struct span raw;
	struct span label;
	const uint8_t *id;
	uint64_t kind;
	bool ours;
};

static int
by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	size_t n = a->label.len < b->label.len ? a->label.len : b->label.len;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if ((order = memcmp(a->label.p, b->label.p, n)))
		return order;
	if (a->label.len != b->label.len)
		return a->label.len < b->label.len ? -1 : 1;
	return memcmp(a->id, b->id, 16);
}

static enum err
name_all(const struct merge *m, struct named *v, size_t n)
{
	struct cbor c = cbor_from(buf_span(&m->body->plain));
	struct item it, here;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		v[i].raw.p = c.p;
		if ((e = wire_decode_at(&item_map, &c, &it)))
			return e;
		v[i].raw.len = (size_t)(c.p - v[i].raw.p);
		v[i].label = it.label;
		v[i].id = it.id.p;
		v[i].kind = it.kind;
		v[i].ours = !body_item_by_id(m->copy[0].body, it.id.p, &here) &&
		    span_eq(here.label, it.label);
	}
	if (n)
		qsort(v, n, sizeof *v, by_name);
	return cbor_at_end(&c) ? ERR_OK : ERR_INTERNAL;
}

/* Two of one name that were there before are known. */
static void
say_same_names(struct merge *m, const struct named *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].kind == v[i - 1].kind && span_eq(v[i].label, v[i - 1].label) &&
		    !(v[i].ours && v[i - 1].ours))
			merge_say(m->rep, MERGE_SAME_NAME, v[i].label);
}

static enum err
index_all(struct merge *m, const struct named *v, size_t n)
{
	struct items *t = &m->body->items;
	struct item it;
	enum err e;

	if ((e = items_reserve(t, n)))
		return e;
	for (size_t i = 0; i < n; i++) {
		it = item_of(v[i].raw);
		if ((e = items_add(t, v[i].raw, &it)))
			return e;
	}
	return items_link(t);
}

enum err
merge_items(struct merge *m)
{
	struct merge_group all = { 0 };
	struct named *names = NULL;
	size_t n = 0;
	enum err e;

	m->body->plain.max = BODY_MAX;
	if (!(e = collect(m, &all)) && !(e = put_all(m, &all, &m->body->plain, &n)) &&
	    n > BODY_ITEMS)
		e = ERR_LIMIT;
	if (!e && !(names = calloc(n ? n : 1, sizeof *names)))
		e = ERR_NOMEM;
	if (!e && !(e = name_all(m, names, n))) {
		say_same_names(m, names, n);
		e = index_all(m, names, n);
	}
	free(names);
	free(all.v);
	return e;
}
