/* restore_join.c - the epochs of a derived key, of a backup and here. */
#include "agent/vault/restore_join.h"

#include <stdlib.h>
#include <time.h>

#include "agent/vault/epochs.h"
#include "lib/crypto.h"
#include "lib/succession.h"

bool
restore_is_one_key(const struct item *theirs, const struct item *mine)
{
	return theirs->kind == ITEM_KEY && mine->kind == ITEM_KEY &&
	    theirs->origin.kind == ORIGIN_DERIVED && mine->origin.kind == ORIGIN_DERIVED &&
	    span_eq(theirs->origin.alg, mine->origin.alg) && span_eq(theirs->label, mine->label);
}

static bool
is_same_epoch(const struct item_epoch *a, const struct item_epoch *b)
{
	return a->epoch == b->epoch && a->generation == b->generation;
}

static bool
has_epoch(const struct epochs *all, const struct item_epoch *one)
{
	for (size_t i = 0; i < all->n; i++)
		if (is_same_epoch(&all->v[i], one))
			return true;
	return false;
}

static int
by_age(const void *a, const void *b)
{
	const struct item_epoch *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

/* All of both, in order, one of them active at most. */
static enum err
join(const struct epochs *a, const struct epochs *b, struct epochs *out)
{
	bool found = false;

	if (!(out->v = calloc(a->n + b->n, sizeof *out->v)))
		return ERR_NOMEM;
	memcpy(out->v, a->v, a->n * sizeof *a->v);
	out->n = a->n;
	for (size_t i = 0; i < b->n; i++)
		if (!has_epoch(a, &b->v[i]))
			out->v[out->n++] = b->v[i];
	qsort(out->v, out->n, sizeof *out->v, by_age);
	for (size_t i = out->n; i-- > 0;) {
		out->v[i].rest = (struct wire_rest){ 0 };
		out->v[i].has = 0;
		if (out->v[i].state == EPOCH_ACTIVE && found)
			out->v[i].state = EPOCH_RETIRED;
		found |= out->v[i].state == EPOCH_ACTIVE;
	}
	return out->n < ITEM_EPOCHS ? ERR_OK : ERR_LIMIT;
}

/* The public part is that of the epoch in use. */
static enum err
put(struct body *into, const struct item *theirs, const struct item *mine, struct epochs *all)
{
	struct item_epoch now, there;
	struct item it = *mine;
	struct item_history h;
	uint8_t rev_id[16];
	enum err e;

	crypto_random(rev_id, sizeof rev_id);
	it.mtime = (uint64_t)time(NULL);
	if ((e = item_next_rev(&it, rev_id, &h)))
		return e;
	epochs_current(mine, &now);
	epochs_current(theirs, &there);
	if (there.state == EPOCH_ACTIVE && by_age(&there, &now) > 0)
		it.public_part = theirs->public_part;
	epochs_store(all, &it);
	return body_item_put(into, &it);
}

enum err
restore_join(struct body *into, const struct item *theirs, const struct item *mine)
{
	struct epochs a = { 0 }, b = { 0 }, all = { 0 };
	enum err e;

	if (!(e = epochs_load(mine, &a)) && !(e = epochs_load(theirs, &b)) &&
	    !(e = join(&a, &b, &all)) && all.n > a.n)
		e = put(into, theirs, mine, &all);
	epochs_done(&a);
	epochs_done(&b);
	epochs_done(&all);
	return e;
}

/* ---- logs ---- */
static enum err
read_log(const struct item *it, struct span *log)
{
	struct succession_state st;
	struct cbor c = cbor_from(it->public_part);
	enum err e;

	if ((e = cbor_get_bytes(&c, log)))
		return e;
	return succession_verify(*log, &st);
}

static enum err
take_log(struct body *into, const struct item *theirs, const struct item *mine)
{
	struct item it = *mine;
	struct item_history h;
	uint8_t rev_id[16];
	enum err e;

	crypto_random(rev_id, sizeof rev_id);
	it.mtime = (uint64_t)time(NULL);
	it.public_part = theirs->public_part;
	it.attributes = theirs->attributes;
	it.epochs = theirs->epochs;
	if ((e = item_next_rev(&it, rev_id, &h)))
		return e;
	return body_item_put(into, &it);
}

enum err
restore_join_log(
    struct body *into, const struct item *theirs, const struct item *mine, bool *joined)
{
	enum succession_relation there, here;
	struct span a, b;
	enum err e;

	*joined = false;
	if (read_log(mine, &a) || read_log(theirs, &b))
		return ERR_OK;
	if ((e = succession_compare(a, b, &there)) || (e = succession_compare(b, a, &here)))
		return e;
	*joined = true;
	if (there == SUCCESSION_EXTENDS || there == SUCCESSION_RECOVERS)
		return take_log(into, theirs, mine);
	*joined =
	    there == SUCCESSION_SAME || there == SUCCESSION_OLDER || here == SUCCESSION_RECOVERS;
	return ERR_OK;
}
