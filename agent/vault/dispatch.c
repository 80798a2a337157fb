/*
 * dispatch.c - a frame becomes a request: decoded again by the table (front is not trusted), the
 * flags checked in one place, answered at once or started as a job.
 */
#include <stdarg.h>
#include <stdio.h>

#include "agent/vault/job.h"
#include "agent/vault/store.h"
#include "lib/log.h"

/* The largest decoded request; checked against every row at start. */
#define REQUEST_STRUCT_MAX 512

enum err
req_reply(struct req *r, const void *msg)
{
	buf_reset(&r->out);
	return r->row->rep ? wire_encode(r->row->rep, msg, &r->out) : ERR_INTERNAL;
}

void
req_text(struct req *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->text, sizeof r->text, fmt, ap);
	va_end(ap);
}

/* {1: op, 2: id, 3: status, [4: result], [5: text]}: the result is copied once, to the channel. */
static void
put_reply(struct buf *b, const struct req *r, enum err status)
{
	bool result = status == ERR_OK && r->out.len > 0;
	bool detail = status != ERR_OK && r->text[0]; /* why it failed, not what was on the way */

	cbor_put_map(b, 3u + result + detail);
	cbor_put_uint(b, 1);
	cbor_put_uint(b, r->row->op);
	cbor_put_uint(b, 2);
	cbor_put_uint(b, r->id);
	cbor_put_uint(b, 3);
	cbor_put_uint(b, (uint64_t)status);
	if (result) {
		cbor_put_uint(b, 4);
		buf_put_span(b, buf_span(&r->out));
	}
	if (detail) {
		cbor_put_uint(b, 5);
		cbor_put_str(b, r->text);
	}
}

void
dispatch_reply(struct req *r, enum err status)
{
	struct buf *out = &r->v->front.out;
	size_t at = out->len;

	if (!r->c)
		return;
	link_put(out, LINK_REPLY, r->c->conn, SPAN_NONE);
	put_reply(out, r, status);
	if (!out->failed)
		put_be32(out->p + at, (uint32_t)(out->len - at - 4));
}

/* Who may ask, and when.  Whose request it is, only front knows: one that was taken over says the
 * owner, so this holds back the other accounts, and not front. */
static enum err
check_flags(struct vault *v, const struct client *c, const struct op_row *row, const void *in)
{
	enum err e;

	if (row->op == OP_EVENT)
		return ERR_UNSUPPORTED;
	if (!c->greeted && row->op != OP_HELLO)
		return ERR_FORMAT;
	if ((e = rights_check(&v->rights, c->uid, row, in)))
		return e;
	if (!(row->flags & OPF_LOCKED) && !v->open.is)
		return ERR_LOCKED;
	return ERR_OK;
}

/* One result buffer for all requests that are answered at once: no allocation once warm. */
static struct buf quick_out;

static enum err
run_now(struct vault *v, struct client *c, const struct op_row *row, const struct ops_request *q)
{
	_Alignas(16) uint8_t in[REQUEST_STRUCT_MAX];
	struct req r = { .v = v, .c = c, .row = row, .id = q->id, .out = quick_out };
	enum err e = rights_check_op(&v->rights, c->uid, row->op);

	buf_reset(&r.out);
	if (e) {
		/* what others may not ask is not read, either */
	} else if (row->req) {
		struct span none = SPAN_LIT("\xa0");

		e = wire_decode(row->req, q->params.p ? q->params : none, in);
		r.in = in;
	} else if (q->params.p) {
		e = ERR_FORMAT;
	}
	if (!e && !(e = check_flags(v, c, row, row->req ? in : NULL)))
		e = op_find(row->op)(&r);
	if (e == VAULT_WAIT)
		e = job_start(v, c, row, q->id, q->params);
	else
		dispatch_reply(&r, e);
	buf_reset(&r.out); /* what was handed out stays no longer than its reply */
	quick_out = r.out;
	return e;
}

/* A request that cannot be decoded ends the connection: its sender is broken. */
static void
request(struct vault *v, struct client *c, struct span frame)
{
	const struct op_row *row;
	struct ops_request q;
	struct req r = { .v = v, .c = c };
	enum err e;

	if (wire_decode(&ops_request_map, frame, &q) || q.id == 0 || !(row = ops_find(q.op))) {
		link_put(&v->front.out, LINK_DROP, c->conn, SPAN_NONE);
		return;
	}
	r.row = row;
	r.id = q.id;
	e = op_find(row->op) ? run_now(v, c, row, &q) : ERR_UNSUPPORTED;
	if (e == ERR_UNSUPPORTED && !op_find(row->op))
		dispatch_reply(&r, e);
	else if (e == ERR_LIMIT || e == ERR_NOMEM)
		log_debug("request refused: %s", err_text(e));
}

void
dispatch_frame(struct vault *v, struct span frame)
{
	enum link_type type;
	struct client *c;
	struct span payload;
	uint32_t conn;

	if (link_get(frame, &type, &conn, &payload)) {
		log_error("front sent a malformed frame");
		vault_lock(v);
	}
	if (type == LINK_FILE) {
		store_reply(v, payload);
		return;
	}
	c = client_find(v, conn);
	if (type == LINK_PEER && client_add(v, conn, payload))
		link_put(&v->front.out, LINK_DROP, conn, SPAN_NONE);
	else if (type == LINK_BYE && c)
		client_remove(v, c);
	else if (type == LINK_REQUEST && c)
		request(v, c, payload);
}
