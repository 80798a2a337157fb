/* inventory.c - what an open vault has. */
#include "agent/vault/inventory.h"

#include "agent/vault/epochs.h"

/* A copy has what was written so many seconds before it was made: it may have begun earlier. */
#define COPY_SLACK 60

/* Counted once for each state of the file: a status must not cost a walk over all items. */
struct count {
	uint8_t hash[32];
	uint64_t kept; /* what was written before is elsewhere, too */
	uint64_t backup;
	uint64_t identities, secrets, only_here, exposed, exposed_secrets, older, changed;
};

/* ---- where else things are ---- */
/* The newest backup, or the newest that is on another disk. */
static void
find_backup(const struct vault *v, bool elsewhere, struct backup_note *last)
{
	struct cbor c = cbor_from(body_raw(&v->open.body, BODY_BACKUPS));
	struct backup_note n;
	size_t count = 0;

	*last = (struct backup_note){ 0 };
	if (cbor_at_end(&c) || cbor_get_array(&c, &count))
		return;
	while (count-- > 0 && !wire_decode_at(&backup_note_map, &c, &n))
		if (n.created >= last->created && !(elsewhere && n.here))
			*last = n;
}

/* On another disk, and opened by the ways in that there are now. */
static uint64_t
kept_in_copy(const struct vault *v, const struct copies_row *row)
{
	uint64_t slack = v->conf.copy_timeout + COPY_SLACK;

	if (!row->time || !row->apart || memcmp(row->line, v->mem.line, 32) != 0)
		return 0;
	if (row->generation == v->mem.generation)
		return UINT64_MAX;
	return row->time > slack ? row->time - slack : 0;
}

static uint64_t
kept_before(const struct vault *v)
{
	struct backup_note backup;
	uint64_t kept;

	find_backup(v, true, &backup);
	kept = backup.created;
	for (size_t i = 1; v->copies.head.type && v->mem.known && i < v->copies.c.n; i++) {
		uint64_t copy = kept_in_copy(v, &v->copies.c.row[i]);

		kept = copy > kept ? copy : kept;
	}
	return kept;
}

/* ---- items ---- */
static bool
is_in_phrase(const struct vault *v, const struct item *it, const struct item_epoch *ep,
    const struct seed *newest)
{
	struct seed mine;

	return it->origin.kind == ORIGIN_DERIVED &&
	    !body_seed_get(&v->open.body, ep->generation, &mine) && span_eq(mine.fpr, newest->fpr);
}

/* A key that is not in use any more is still there to read what is old. */
static void
count_key(const struct vault *v, const struct item *it, const struct seed *newest, struct count *k)
{
	struct item_epoch ep;
	bool in_phrase;

	epochs_current(it, &ep);
	in_phrase = is_in_phrase(v, it, &ep, newest);
	k->identities++;
	k->only_here += !in_phrase && it->mtime >= k->kept;
	if (ep.state != EPOCH_ACTIVE)
		return;
	k->exposed += it->exposed != 0;
	k->older += !in_phrase && it->origin.kind == ORIGIN_DERIVED;
}

static void
count_item(const struct vault *v, const struct item *it, const struct seed *newest, struct count *k)
{
	if (it->kind != ITEM_KEY && it->kind != ITEM_SECRET)
		return;
	k->changed += it->mtime >= k->backup;
	if (it->kind == ITEM_KEY) {
		count_key(v, it, newest, k);
		return;
	}
	k->secrets++;
	k->only_here += it->mtime >= k->kept;
	k->exposed_secrets += it->exposed != 0;
}

static void
count_items(const struct vault *v, const struct seed *newest, struct count *k)
{
	struct item it;
	size_t pos = 0;

	*k = (struct count){ .kept = k->kept, .backup = k->backup };
	while (body_item_next(&v->open.body, &pos, &it))
		count_item(v, &it, newest, k);
	memcpy(k->hash, v->open.state.last.hash, 32);
}

static const struct count *
counted(const struct vault *v, const struct seed *newest, const struct backup_note *backup)
{
	static struct count k;
	uint64_t kept = kept_before(v);

	if (memcmp(k.hash, v->open.state.last.hash, 32) != 0 || k.kept != kept) {
		k.kept = kept;
		k.backup = backup->created;
		count_items(v, newest, &k);
	}
	return &k;
}

void
inventory_put(const struct vault *v, struct ops_status_rep *rep)
{
	struct defaults def = { 0 };
	struct seed newest = { 0 };
	struct backup_note backup;
	const struct count *k;
	uint64_t since = 0;

	if (!body_seed_last(&v->open.body, &newest)) {
		rep->seed = newest.generation;
		rep->seed_exposed = newest.exposed;
		since = newest.created;
	}
	find_backup(v, false, &backup);
	rep->backup_at = backup.created;
	rep->backup_here = backup.here;
	rep->backup_seed = backup.seed;
	if (!body_value_get(&v->open.body, BODY_DEFAULTS, &defaults_map, &def))
		rep->owed = def.owed;
	k = counted(v, &newest, &backup);
	rep->identities = k->identities;
	rep->secrets = k->secrets;
	rep->only_here = k->only_here;
	rep->exposed = k->exposed;
	rep->exposed_secrets = k->exposed_secrets;
	rep->older = k->older;
	rep->changed = k->changed + (backup.created && since > backup.created);
}
