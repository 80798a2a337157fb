/* delta.c - a change, as what a journal record carries. */
#include "agent/vault/delta.h"

#include "agent/vault/journal.h"

void
delta_done(struct delta *d)
{
	for (size_t i = 0; i <= BODY_LINES_KEY; i++)
		buf_done(&d->part[i]);
	*d = DELTA_INIT;
}

static void
put(struct delta *d, enum body_key key, const struct wire_map *m, const void *st)
{
	enum err e = wire_encode(m, st, &d->part[key]);

	if (!e)
		e = buf_err(&d->part[key]);
	if (e && !d->err)
		d->err = e;
	d->n[key]++;
}

void
delta_item(struct delta *d, const struct item *it)
{
	struct item marked = *it;

	wire_mark(&item_map, &marked);
	if (item_check(it) && !d->err)
		d->err = ERR_RANGE;
	put(d, BODY_ITEMS_KEY, &item_map, &marked);
}

void
delta_note(struct delta *d, const struct slot_note *n)
{
	struct slot_note marked = *n;

	wire_mark(&slot_note_map, &marked);
	put(d, BODY_NOTES, &slot_note_map, &marked);
}

void
delta_seed(struct delta *d, const struct seed *s)
{
	struct seed marked = *s;

	wire_mark(&seed_map, &marked);
	put(d, BODY_SEEDS, &seed_map, &marked);
}

void
delta_tomb(struct delta *d, const struct tomb *t)
{
	struct tomb marked = *t;

	wire_mark(&tomb_map, &marked);
	put(d, BODY_TOMBS, &tomb_map, &marked);
}

void
delta_raw(struct delta *d, enum body_key key, struct span value)
{
	enum err e = cbor_check(value);

	if (e && !d->err)
		d->err = e;
	buf_reset(&d->part[key]);
	buf_put_span(&d->part[key], value);
	d->n[key] = 1;
}

void
delta_value(struct delta *d, enum body_key key, const struct wire_map *m, const void *st)
{
	buf_reset(&d->part[key]);
	d->n[key] = 0;
	put(d, key, m, st);
}

static bool
is_list(size_t key)
{
	return key >= BODY_NOTES && key <= BODY_TOMBS;
}

enum err
delta_encode(const struct delta *d, uint64_t saved_at, struct buf *out)
{
	size_t pairs = 1, start = out->len;

	if (d->err)
		return d->err;
	for (size_t i = BODY_NOTES; i <= BODY_LINES_KEY; i++)
		pairs += d->n[i] > 0;
	cbor_put_map(out, pairs);
	cbor_put_uint(out, BODY_SAVED_AT);
	cbor_put_uint(out, saved_at);
	for (size_t i = BODY_NOTES; i <= BODY_LINES_KEY; i++) {
		if (!d->n[i])
			continue;
		cbor_put_uint(out, i);
		if (is_list(i))
			cbor_put_array(out, d->n[i]);
		buf_put_span(out, buf_span(&d->part[i]));
	}
	if (out->len - start > JOURNAL_CBOR_MAX)
		return ERR_TOOBIG;
	return buf_err(out);
}
