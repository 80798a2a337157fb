/* op_entry_change.c - changes of entries: new ones, next revisions, what is set aside. */
#include <time.h>

#include "agent/vault/applist.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"
#include "lib/text.h"

#define RECORD_MOST (512 * 1024) /* then the file is made anew: two large items always fit */
#define KEPT	    (OPS_ENTRY_OLDER - 1)
#define MONTH	    (30 * 86400u)

/* One at a time: the disk is ours. */
static struct entry_attrs attrs;

void
entry_change_done(struct entry_change *ch)
{
	delta_done(&ch->d);
	if (ch->is_whole)
		body_done(&ch->whole);
	*ch = ENTRY_CHANGE_INIT;
}

/* ---- into a record, or more ---- */
static enum err
make_whole(struct req *r, struct entry_change *ch)
{
	struct buf cbor = BUF_INIT;
	enum err e = ERR_OK;

	if (!ch->is_whole && (e = body_clone(&r->v->open.body, &ch->whole)))
		return e;
	ch->is_whole = true;
	if (!(e = delta_encode(&ch->d, (uint64_t)time(NULL), &cbor)))
		e = body_apply(&ch->whole, buf_span(&cbor), ch->whole.generation);
	delta_done(&ch->d);
	buf_done(&cbor);
	return e;
}

static enum err
keep_small(struct req *r, struct entry_change *ch)
{
	if (ch->d.part[BODY_ITEMS_KEY].len + ch->d.part[BODY_TOMBS].len < RECORD_MOST)
		return ch->d.err;
	return make_whole(r, ch);
}

enum err
entry_change_commit(struct req *r, struct entry_change *ch)
{
	struct store_rewrite w = { .outer = &r->v->open.outer, .body = &ch->whole };
	enum err e;

	if (!ch->is_whole)
		return delta_is_empty(&ch->d) ? ERR_OK : store_append(r->job, &ch->d);
	if ((e = make_whole(r, ch)) || (e = store_rewrite(r->job, &w)))
		return e;
	ch->is_whole = false; /* it is the open one now */
	return ERR_OK;
}

/* ---- items ---- */
static enum err
put(struct req *r, struct entry_change *ch, const struct entry *en, struct item *it,
    struct span value)
{
	struct buf box = BUF_INIT;
	enum err e;

	entry_write(en, &attrs, it);
	if (!(e = keyring_seal(r->v, it, value, &box))) {
		it->secret = buf_span(&box);
		wire_mark(&item_map, it);
		delta_item(&ch->d, it);
		e = keep_small(r, ch);
	}
	buf_done(&box);
	return e;
}

enum err
entry_change_new(struct req *r, struct entry_change *ch, const struct entry *en, struct item *it,
    struct span value)
{
	if (body_items(&r->v->open.body) >= BODY_ITEMS)
		return ERR_LIMIT;
	return put(r, ch, en, it, value);
}

enum err
entry_change_next(struct req *r, struct entry_change *ch, const struct entry *en,
    const struct item *it, const struct span *value)
{
	struct item next = *it;
	struct itemop_rev rev;
	struct sec own = { 0 };
	enum err e = ERR_OK;

	if (!value)
		e = keyring_secret(r->v, it, &own);
	if (!e && !(e = itemop_next(&next, &rev)))
		e = put(r, ch, en, &next, value ? *value : sec_span(&own));
	sec_done(&own);
	return e;
}

/* ---- what is set aside ---- */
static enum err
drop(struct req *r, struct entry_change *ch, const uint8_t id[16])
{
	struct body_tomb_revs revs;
	struct tomb t;
	struct item it;
	enum err e;

	if ((e = body_item_by_id(&r->v->open.body, id, &it)))
		return e;
	body_item_tomb(&r->v->open.body, &it, (uint64_t)time(NULL), &t, &revs);
	delta_tomb(&ch->d, &t);
	return keep_small(r, ch);
}

struct older {
	uint8_t id[16];
	uint64_t removed;
	size_t at;
};

/* Which one goes.  The first stays for a month, whatever comes after it: somebody has to notice.
 * Of the others it is the one that was in use for the shortest time, so that a program that
 * replaces again and again pushes out its own. */
static size_t
least(const struct older v[KEPT + 1])
{
	size_t found = 1;

	if ((uint64_t)time(NULL) > v[0].removed + MONTH)
		return 0;
	for (size_t i = 2; i <= KEPT; i++)
		if (v[i].removed - v[i - 1].removed <= v[found].removed - v[found - 1].removed)
			found = i;
	return found;
}

/* Sorted by time.  The one that has to go comes back in *o. */
static bool
place(struct older v[KEPT + 1], size_t *n, struct older *o)
{
	size_t i = *n;

	for (; i > 0 &&
	     (v[i - 1].removed > o->removed ||
		 (v[i - 1].removed == o->removed && v[i - 1].at > o->at));
	     i--)
		v[i] = v[i - 1];
	v[i] = *o;
	if (++*n <= KEPT)
		return false;
	i = least(v);
	*o = v[i];
	memmove(&v[i], &v[i + 1], (KEPT - i) * sizeof v[0]);
	--*n;
	return true;
}

/* Of somebody else is what another application made, with whatever attributes. */
static bool
is_of_same(const struct item *a, const struct item *b)
{
	struct cbor at = wire_each(&a->policy.clients), bt = wire_each(&b->policy.clients);
	struct span app, other;
	bool denied, is;

	while (applist_next(&at, &app, &denied))
		if (!applist_next(&bt, &other, &is) || is != denied || !span_eq(app, other))
			return false;
	return !applist_next(&bt, &other, &is);
}

enum err
entry_change_prune(
    struct req *r, struct entry_change *ch, const struct item *it, const struct entry *en)
{
	static struct entry other; /* large; the disk is ours */
	struct older kept[KEPT + 1], o;
	struct item found;
	size_t at = 0, n = 0;
	enum err e = ERR_OK;

	while (!e && body_entry_like(&r->v->open.body, it->id.p, &at, &found)) {
		if (span_eq(found.id, it->id) || !entry_read(&found, &other) || !other.removed ||
		    !entry_same(&other, en) || !is_of_same(&found, it))
			continue;
		memcpy(o.id, found.id.p, sizeof o.id);
		o.removed = other.removed;
		o.at = at;
		if (place(kept, &n, &o))
			e = drop(r, ch, o.id);
	}
	return e;
}

enum err
entry_change_aside(struct req *r, struct entry_change *ch, const struct item *old,
    const struct entry *en, bool named)
{
	static struct entry older; /* large; the disk is ours */
	struct itemop_new fresh;
	struct item it, unused;
	struct buf name = BUF_INIT;
	struct sec value = { 0 };
	char of[32];
	enum err e;

	it = *old;
	itemop_new(&fresh, ITEM_SECRET, &unused);
	it.id = unused.id;
	it.rev = unused.rev;
	it.rev_ids = unused.rev_ids;
	it.mtime = unused.mtime;
	it.conflict = (struct item_conflict){ .has = 0 };
	older = *en;
	older.removed = it.mtime;
	text_encode_raw(TEXT_HEX, old->id, of);
	older.of = SPAN((const uint8_t *)of, sizeof of);
	if ((!named && (e = entry_name(&r->v->open.body, en->label, NULL, &name))) ||
	    (e = keyring_secret(r->v, old, &value)))
		goto out;
	if (!named)
		it.label = buf_span(&name);
	if (!(e = entry_change_new(r, ch, &older, &it, sec_span(&value))))
		e = entry_change_prune(r, ch, old, en);
out:
	sec_done(&value);
	buf_done(&name);
	return e;
}
