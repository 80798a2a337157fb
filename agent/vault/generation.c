/* generation.c - one generation of the recovery root in the body. */
#include "agent/vault/generation.h"

#include "agent/vault/epochs.h"
#include "agent/vault/keys.h"
#include "agent/vault/slotmake.h"

static enum err
put_seed(struct body *b, const struct generation_new *n, const struct worker_event *ev)
{
	struct seed s = { .generation = n->generation, .created = n->now, .fpr = ev->fpr };
	struct buf box = BUF_INIT, backup = BUF_INIT;
	uint32_t g = (uint32_t)n->generation;
	enum err e;

	if (!(e = keys_seed_seal(n->vrk, g, ev->seed, &box)) &&
	    !(e = slotmake_seal_backup(n->vrk, g, ev->backup, &backup))) {
		s.box = buf_span(&box);
		s.backup = buf_span(&backup);
		e = body_seed_put(b, &s);
	}
	buf_done(&box);
	buf_done(&backup);
	return e;
}

/* Rows that are there, but for one of this generation. */
static enum err
copy_rows(struct span old, uint64_t except, struct buf *rows, size_t *n)
{
	struct cbor c = cbor_from(old);
	struct succession row;
	struct span raw;
	size_t count = 0;
	enum err e;

	if (!old.len)
		return ERR_OK;
	if ((e = cbor_get_array(&c, &count)))
		return e;
	while (count-- > 0) {
		if ((e = cbor_skip(&c, &raw)) || (e = wire_decode(&succession_map, raw, &row)))
			return e;
		if (row.generation == except)
			continue;
		buf_put_span(rows, raw);
		++*n;
	}
	return buf_err(rows);
}

static enum err
put_succession(struct body *b, uint64_t g, struct span hashes)
{
	struct succession row = { .generation = g, .hashes = hashes };
	struct buf rows = BUF_INIT, all = BUF_INIT;
	size_t n = 1;
	enum err e;

	wire_mark(&succession_map, &row);
	if (!(e = copy_rows(body_raw(b, BODY_SUCCESSION), g, &rows, &n)) &&
	    !(e = wire_encode(&succession_map, &row, &rows))) {
		cbor_put_array(&all, n);
		buf_put_span(&all, buf_span(&rows));
		if (!(e = buf_err(&all)))
			e = body_raw_put(b, BODY_SUCCESSION, buf_span(&all));
	}
	buf_done(&rows);
	buf_done(&all);
	return e;
}

enum err
generation_put(struct body *b, const struct generation_new *n, const struct worker_event *ev)
{
	enum err e;

	if (ev->fpr.len != 4 || ev->hashes.len != GENERATION_HASHES || ev->seed.len != 32 ||
	    !ev->backup.len)
		return ERR_FORMAT;
	if ((e = put_seed(b, n, ev)))
		return e;
	return put_succession(b, n->generation, ev->hashes);
}

uint64_t
generation_older(const struct body *b, uint64_t g)
{
	struct item_epoch ep;
	struct item it;
	uint64_t n = 0;
	size_t pos = 0;

	while (body_item_next(b, &pos, &it)) {
		if (it.kind != ITEM_KEY || it.origin.kind != ORIGIN_DERIVED)
			continue;
		epochs_current(&it, &ep);
		n += ep.state == EPOCH_ACTIVE && ep.generation < g;
	}
	return n;
}
