/* delta.c - a change, as what a journal record carries. */
#include "agent/vault/delta.h"

#include "agent/vault/body_parts.h"
#include "agent/vault/journal.h"

void
delta_done(struct delta *d)
{
	for (size_t i = 0; i < DELTA_KEYS; i++)
		buf_done(&d->part[i]);
	*d = DELTA_INIT;
}

static void
count(struct delta *d, enum body_key key, enum err e)
{
	if (e && !d->err)
		d->err = e;
	d->n[key]++;
}

void
delta_item(struct delta *d, const struct item *it)
{
	count(d, BODY_ITEMS_KEY, body_item_encode(it, &d->part[BODY_ITEMS_KEY]));
}

static void
put(struct delta *d, enum body_key key, const void *st)
{
	count(d, key, body_record_encode(key, st, &d->part[key]));
}

void
delta_note(struct delta *d, const struct slot_note *n)
{
	put(d, BODY_NOTES, n);
}

void
delta_seed(struct delta *d, const struct seed *s)
{
	put(d, BODY_SEEDS, s);
}

void
delta_tomb(struct delta *d, const struct tomb *t)
{
	put(d, BODY_TOMBS, t);
}

/* The last one given counts. */
void
delta_raw(struct delta *d, enum body_key key, struct span value)
{
	enum err e;

	if (key < BODY_SUCCESSION || key > BODY_BACKUPS || key == BODY_LINES_KEY) {
		count(d, BODY_SUCCESSION, ERR_RANGE);
		return;
	}
	if (!(e = cbor_check(value)))
		e = body_value_check(key, value);
	buf_reset(&d->part[key]);
	buf_put_span(&d->part[key], value);
	d->n[key] = 0;
	count(d, key, e ? e : buf_err(&d->part[key]));
}

void
delta_keep(struct delta *d, enum body_key key)
{
	buf_reset(&d->part[key]);
	d->n[key] = 0;
}

void
delta_value(struct delta *d, enum body_key key, const struct wire_map *m, const void *st)
{
	struct buf value = BUF_INIT;
	enum err e;

	if ((e = body_value_encode(m, st, &value)))
		count(d, BODY_SUCCESSION, e);
	else
		delta_raw(d, key, buf_span(&value));
	buf_done(&value);
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
	for (size_t i = BODY_NOTES; i < DELTA_KEYS; i++)
		pairs += d->n[i] > 0;
	cbor_put_map(out, pairs);
	cbor_put_uint(out, BODY_SAVED_AT);
	cbor_put_uint(out, saved_at);
	for (size_t i = BODY_NOTES; i < DELTA_KEYS; i++) {
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
