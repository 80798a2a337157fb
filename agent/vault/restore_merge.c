/* restore_merge.c - what a vault lacks is added from a backup; what differs is there twice then. */
#include <stdio.h>
#include <time.h>

#include "agent/vault/restore_join.h"
#include "agent/vault/restore.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define NAMES 100 /* "wifi (backup 2026-11-23) 99" */

struct merging {
	const struct restore *r;
	struct body *into;
	struct restore_side side; /* the same, to compare with */
	struct restore_merge *m;
};

/* ---- seeds ---- */
static enum err
add_seed(struct merging *g, const struct seed *theirs)
{
	struct span from = sec_span(&g->r->made.vrk);
	uint32_t n = (uint32_t)theirs->generation;
	struct seed s = *theirs;
	struct buf box = BUF_INIT, backup = BUF_INIT;
	struct sec seed = { 0 }, text = { 0 };
	enum err e;

	if (!(e = keys_seed_open(from, n, s.box, &seed)))
		e = keys_seed_seal(g->m->vrk, n, sec_span(&seed), &box);
	if (!e && s.backup.len && !(e = slotmake_open_backup(from, n, s.backup, &text)))
		e = slotmake_seal_backup(g->m->vrk, n, sec_span(&text), &backup);
	s.box = buf_span(&box);
	s.backup = buf_span(&backup);
	if (!e)
		e = body_seed_put(g->into, &s);
	sec_done(&seed);
	sec_done(&text);
	buf_done(&box);
	buf_done(&backup);
	return e;
}

/* Hashes of the keys that may follow: of generations that have none here. */
static bool
has_row(struct span rows, uint64_t generation)
{
	struct cbor c = cbor_from(rows);
	struct succession row;
	size_t n = 0;

	if (!rows.len || cbor_get_array(&c, &n))
		return false;
	while (n-- > 0 && !wire_decode_at(&succession_map, &c, &row))
		if (row.generation == generation)
			return true;
	return false;
}

static enum err
copy_rows(struct span from, struct span without, struct buf *rows, size_t *n)
{
	struct cbor c = cbor_from(from);
	struct succession row;
	struct span raw;
	size_t count = 0;
	enum err e = from.len ? cbor_get_array(&c, &count) : ERR_OK;

	while (!e && count-- > 0) {
		if ((e = cbor_skip(&c, &raw)) || (e = wire_decode(&succession_map, raw, &row)) ||
		    has_row(without, row.generation))
			continue;
		buf_put_span(rows, raw);
		++*n;
	}
	return e ? e : buf_err(rows);
}

static enum err
add_successions(struct merging *g)
{
	struct span mine = body_raw(g->into, BODY_SUCCESSION);
	struct buf rows = BUF_INIT, all = BUF_INIT;
	size_t n = 0;
	enum err e;

	if (!(e = copy_rows(mine, SPAN_NONE, &rows, &n)) &&
	    !(e = copy_rows(body_raw(&g->r->made.body, BODY_SUCCESSION), mine, &rows, &n)) && n) {
		cbor_put_array(&all, n);
		buf_put_span(&all, buf_span(&rows));
		if (!(e = buf_err(&all)))
			e = body_raw_put(g->into, BODY_SUCCESSION, buf_span(&all));
	}
	buf_done(&rows);
	buf_done(&all);
	return e;
}

static enum err
add_seeds(struct merging *g)
{
	struct seed theirs, mine;
	size_t pos = 0;
	bool other;
	enum err e = restore_is_other(g->r, &g->side, &other);

	if (!e && other)
		return ERR_BACKUP_OTHER;
	while (!e && body_seed_next(&g->r->made.body, &pos, &theirs)) {
		if (!body_seed_get(g->into, theirs.generation, &mine))
			continue;
		e = add_seed(g, &theirs);
		g->m->seeds++;
	}
	return e ? e : add_successions(g);
}

/* ---- items ---- */
/* fresh: as an item of its own, not as a revision of one that was here. */
static enum err
put_item(struct merging *g, const struct item *theirs, struct span label, bool fresh)
{
	struct keys_item from = { .id = theirs->id.p, .rev = (uint32_t)theirs->rev }, to;
	struct buf box = BUF_INIT;
	struct sec secret = { 0 };
	struct item it = *theirs;
	uint8_t id[16], rev_id[16];
	struct span rev = SPAN(rev_id, 16);
	enum err e = ERR_OK;

	it.label = label;
	if (fresh) {
		crypto_random(id, sizeof id);
		crypto_random(rev_id, sizeof rev_id);
		it.id = SPAN(id, 16);
		it.rev = 1;
		it.rev_ids = (struct wire_list){ .v = &rev, .n = 1 };
	}
	to = (struct keys_item){ .id = it.id.p, .rev = (uint32_t)it.rev };
	if (it.secret.len &&
	    !(e = keys_item_open(sec_span(&g->r->made.vrk), &from, it.secret, &secret)))
		e = keys_item_seal(g->m->vrk, &to, sec_span(&secret), &box);
	it.secret = buf_span(&box);
	if (!e)
		e = body_item_put(g->into, &it);
	sec_done(&secret);
	buf_done(&box);
	return e;
}

/* "wifi (backup 2026-11-23)", the name cut if need be, between characters. */
static void
other_name(const struct merging *g, const struct item *it, int n, struct buf *out)
{
	size_t most = it->kind == ITEM_KEY ? ITEM_LABEL_MAX : 255;
	time_t when = (time_t)g->r->created;
	struct span name = it->label;
	char tail[64] = " (backup)";
	struct tm tm;

	if (when && gmtime_r(&when, &tm))
		strftime(tail, sizeof tail, " (backup %Y-%m-%d)", &tm);
	if (n > 1)
		snprintf(tail + strlen(tail), 8, " %d", n % 1000);
	while (name.len + strlen(tail) > most || !text_is_utf8(name))
		name.len--;
	buf_put_span(out, name);
	buf_put_str(out, tail);
}

/* Beside the one that is here, unless it is there from the last time. */
static enum err
keep_both(struct merging *g, const struct item *theirs)
{
	struct item mine, it = *theirs;
	struct buf name = BUF_INIT;
	bool same = false;
	enum err e = ERR_OK;

	for (int n = 1; n < NAMES && !e && !same; n++) {
		buf_reset(&name);
		other_name(g, theirs, n, &name);
		if ((e = buf_err(&name)))
			break;
		it.label = buf_span(&name);
		if (body_item_by_label(g->into, it.kind, it.label, &mine)) {
			e = put_item(g, theirs, it.label, true);
			g->m->both++;
			goto out;
		}
		e = restore_is_same(g->r, &g->side, &it, &mine, &same);
	}
	if (!e && !same)
		e = ERR_LIMIT;
	g->m->same += same;
out:
	buf_done(&name);
	return e;
}

static bool
is_derived(const struct item *it)
{
	return it->kind == ITEM_LOG || (it->kind == ITEM_KEY && it->origin.kind == ORIGIN_DERIVED);
}

/* They differ: what is public or derived is one thing with a history; the rest is kept twice. */
static enum err
join_item(struct merging *g, const struct item *theirs, const struct item *mine)
{
	bool joined = false;
	enum err e = ERR_OK;

	if (theirs->kind == ITEM_LOG)
		e = restore_join_log(g->into, theirs, mine, &joined);
	else if ((joined = restore_is_one_key(theirs, mine)))
		e = restore_join(g->into, theirs, mine);
	if (e || !joined)
		return e ? e : keep_both(g, theirs);
	g->m->same++;
	return ERR_OK;
}

static enum err
merge_item(struct merging *g, const struct item *theirs)
{
	struct item mine;
	struct tomb t;
	bool same;
	enum err e;

	if (g->m->secrets_only && is_derived(theirs)) {
		g->m->passed++;
		return ERR_OK;
	}
	e = restore_find(&g->side, theirs, &mine);
	if (e == ERR_NOTFOUND) {
		g->m->added++;
		return put_item(
		    g, theirs, theirs->label, !body_tomb_get(g->into, TOMB_ITEM, theirs->id.p, &t));
	}
	if (e || (e = restore_is_same(g->r, &g->side, theirs, &mine, &same)))
		return e;
	if (same) {
		g->m->same++;
		return ERR_OK;
	}
	return join_item(g, theirs, &mine);
}

enum err
restore_merge(const struct restore *r, struct body *into, struct restore_merge *m)
{
	struct merging g = { r, into, { into, m->vrk }, m };
	struct item it;
	size_t pos = 0;
	enum err e = m->secrets_only ? ERR_OK : add_seeds(&g);

	while (!e && body_item_next(&r->made.body, &pos, &it))
		e = merge_item(&g, &it);
	return e;
}
