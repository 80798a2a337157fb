/* public.c - id.list and jwt.keys while the vault is locked, from the public rows that it left
 * (DESIGN 3). */
#include <time.h>

#include "agent/door/front.h"
#include "lib/jwt_rows.h"

static bool
contains(struct span text, struct span part)
{
	return !part.len || memmem(text.p, text.len, part.p, part.len);
}

static bool
is_wanted(const struct ops_page *in, const struct ops_item *row)
{
	if (!contains(row->label, in->match) || (row->state && !in->all))
		return false;
	return !in->service.len || span_eq(in->service, row->service);
}

/* A page of rows into `rows`; *at moves behind the last one that was looked at. */
static enum err
collect(struct span public, const struct ops_page *in, size_t *at, struct buf *rows, size_t *n)
{
	struct cbor c = cbor_from(SPAN(public.p + *at, public.len - *at));
	struct ops_item row;
	enum err e;

	while (!cbor_at_end(&c) && *n < OPS_PAGE && rows->len < OPS_FRAME_MAX / 2) {
		const uint8_t *start = c.p;

		if ((e = wire_decode_at(&ops_item_map, &c, &row)))
			return e;
		if (is_wanted(in, &row)) {
			buf_put(rows, start, (size_t)(c.p - start));
			++*n;
		}
		*at = (size_t)(c.p - public.p);
	}
	return buf_err(rows);
}

static enum err
page(struct span public, const struct ops_page *in, uint64_t id, struct buf *frame)
{
	struct ops_item_list_rep rep = { .has = 0 };
	struct buf rows = BUF_INIT;
	uint8_t cursor[8];
	size_t at = in->cursor.len == 8 ? (size_t)be64(in->cursor.p) : 0;
	enum err e = at <= public.len ? ERR_OK : ERR_RANGE;

	if (!e && !(e = collect(public, in, &at, &rows, &rep.items.n))) {
		rep.items.raw = buf_span(&rows);
		put_be64(cursor, at);
		if (at < public.len)
			rep.cursor = SPAN(cursor, sizeof cursor);
		wire_mark(&ops_item_list_rep_map, &rep);
		e = ops_put_reply(frame, OP_ID_LIST, id, ERR_OK, &rep);
	}
	buf_done(&rows);
	return e;
}

enum err
public_list(struct conn *c, const struct ops_request *q)
{
	struct buf frame = BUF_INIT;
	struct ops_page in;
	enum err e;

	if (!(e = wire_decode(&ops_page_map, q->params.p ? q->params : SPAN_LIT("\xa0"), &in)) &&
	    !(e = page(buf_span(&c->f->public), &in, q->id, &frame)))
		e = chan_put(&c->chan, buf_span(&frame));
	conn_mark(c);
	buf_done(&frame);
	return e;
}

void
public_take(struct front *f, struct span rows)
{
	buf_reset(&f->public);
	buf_put_span(&f->public, rows);
	if (buf_err(&f->public))
		buf_reset(&f->public);
	f->locked = false;
}

/* ---- keys of issuers ---- */
enum err
public_jwt_keys(struct conn *c, const struct ops_request *q)
{
	struct ops_jwt_keys_rep rep = { .has = 1 };
	struct buf frame = BUF_INIT, keys = BUF_INIT;
	struct ops_jwt_issuer in;
	enum err e;

	if (!(e = wire_decode(
		  &ops_jwt_issuer_map, q->params.p ? q->params : SPAN_LIT("\xa0"), &in)) &&
	    !(e = jwt_rows_of(
		  buf_span(&c->f->jwt), in.issuer, (uint64_t)time(NULL), &keys, &rep.keys.n))) {
		rep.keys.raw = buf_span(&keys);
		if (!(e = ops_put_reply(&frame, OP_JWT_KEYS, q->id, ERR_OK, &rep)))
			e = chan_put(&c->chan, buf_span(&frame));
	}
	if (!e)
		conn_mark(c);
	else if (e == ERR_NOTFOUND)
		e = ERR_LOCKED; /* it may have been made elsewhere meanwhile */
	buf_done(&keys);
	buf_done(&frame);
	return e;
}

void
public_take_jwt(struct front *f, struct span rows)
{
	buf_reset(&f->jwt);
	buf_put_span(&f->jwt, rows);
	if (buf_err(&f->jwt))
		buf_reset(&f->jwt);
}
