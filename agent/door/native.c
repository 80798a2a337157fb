/* native.c - the native protocol's frames (DESIGN 8): strict CBOR in, checked by the table. */
#include "agent/door/front.h"

/* The largest decoded request; as in the vault, which checks again. */
#define REQUEST_STRUCT_MAX 512

/* By which hosts a request came is what the ssh door has verified (ssh_bind.c): said by a client it
 * would lift the limits of a key, and put a host of its choice into the prompt. */
static enum err
check_said(const struct op_row *row, const void *in)
{
	const struct ops_sign *sign = in;

	if (row->op != OP_SIGN)
		return ERR_OK;
	return sign->binds.n || sign->unproven ? ERR_SSH_PATH : ERR_OK;
}

/* Front answers some itself, so it asks, too, what an account may; the vault asks again. */
static enum err
check(const struct conn *c, const struct op_row *row, struct span params)
{
	_Alignas(16) uint8_t scratch[REQUEST_STRUCT_MAX];
	enum err e = rights_check_op(&c->f->start.rights, c->uid, row->op);

	if (e)
		return e;
	if (!row->req)
		return params.p ? ERR_FORMAT : ERR_OK;
	if (row->req->size > sizeof scratch)
		return ERR_INTERNAL;
	e = wire_decode(row->req, params.p ? params : SPAN_LIT("\xa0"), scratch);
	if (!e)
		e = rights_check(&c->f->start.rights, c->uid, row, scratch);
	return e ? e : check_said(row, scratch);
}

static enum err
answer(struct conn *c, enum op op, uint64_t id, enum err status)
{
	struct buf b = BUF_INIT;
	enum err e = ops_put_reply(&b, op, id, status, NULL);

	if (!e)
		e = chan_put(&c->chan, buf_span(&b));
	conn_mark(c);
	buf_done(&b);
	return e;
}

static enum err
remember(struct conn *c, const struct ops_request *q)
{
	for (size_t i = 0; i < FRONT_IN_FLIGHT; i++) {
		struct pending *p = &c->pending[i];

		if (p->id)
			continue;
		*p = (struct pending){ .id = q->id, .op = (uint32_t)q->op };
		c->npending++;
		return ERR_OK;
	}
	return ERR_LIMIT;
}

static bool
is_pending(const struct conn *c, uint64_t id)
{
	for (size_t i = 0; i < FRONT_IN_FLIGHT && c->npending; i++)
		if (c->pending[i].id == id)
			return true;
	return false;
}

/* Was it asked for?  A fresh vault also answers the hello that it is told again, whose id the
 * client may have given to something else since. */
static bool
forget(struct conn *c, uint64_t id, uint64_t op)
{
	for (size_t i = 0; i < FRONT_IN_FLIGHT; i++)
		if (id && c->pending[i].id == id && c->pending[i].op == op) {
			c->pending[i] = (struct pending){ 0 };
			c->npending--;
			return true;
		}
	return false;
}

/* What a fresh vault must hear again. */
static void
keep(struct conn *c, const struct ops_request *q, struct span frame)
{
	struct buf *b = q->op == OP_HELLO ? &c->hello : &c->subscribe;
	struct ops_hello hello;

	if (q->op != OP_HELLO && q->op != OP_SUBSCRIBE)
		return;
	buf_reset(b);
	buf_put_span(b, frame);
	if (q->op == OP_HELLO && !wire_decode(&ops_hello_map, q->params, &hello))
		ssh_hear_hello(c->f, &hello);
}

enum err
native_request(struct conn *c, struct span frame)
{
	const struct op_row *row;
	struct ops_request q;
	enum err e;

	if ((e = wire_decode(&ops_request_map, frame, &q)))
		return e;
	if (!q.id || is_pending(c, q.id))
		return ERR_FORMAT;
	row = ops_find(q.op);
	if (!row || row->op == OP_EVENT)
		return ERR_UNSUPPORTED;
	if ((e = check(c, row, q.params)))
		return answer(c, row->op, q.id, e);
	if (row->op == OP_ID_LIST && c->f->locked && c->f->public.len && c->hello.len)
		return public_list(c, &q) ? answer(c, row->op, q.id, ERR_RANGE) : ERR_OK;
	if (row->op == OP_JWT_KEYS && c->f->locked && c->f->jwt.len && c->hello.len)
		return (e = public_jwt_keys(c, &q)) ? answer(c, row->op, q.id, e) : ERR_OK;
	if (row->op == OP_KEY_LIST && c->f->ssh.keys.known && c->hello.len)
		return (e = ssh_pages_answer(c, &q)) ? answer(c, row->op, q.id, e) : ERR_OK;
	if ((e = remember(c, &q)))
		return e;
	keep(c, &q, frame);
	link_put(&c->f->vault.out, LINK_REQUEST, c->number, frame);
	return buf_err(&c->f->vault.out);
}

enum err
native_peek(struct span frame, uint64_t *op, uint64_t *id, uint64_t *status)
{
	struct cbor cb = cbor_from(frame);
	uint64_t key;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(&cb, &n)) || (e = cbor_get_uint(&cb, &key)) ||
	    (e = cbor_get_uint(&cb, op)) || (e = cbor_get_uint(&cb, &key)) ||
	    (e = cbor_get_uint(&cb, id)) || (e = cbor_get_uint(&cb, &key)))
		return e;
	return cbor_get_uint(&cb, status);
}

/* A vault that has answered "locked" is on its way out: what clients ask next is for its
 * successor. */
void
native_reply(struct conn *c, struct span frame)
{
	uint64_t op, id, status;

	if (native_peek(frame, &op, &id, &status) || (id && !forget(c, id, op)))
		return;
	if (op == OP_LOCK && status == ERR_OK)
		c->f->between = true;
	/* one that asks and never reads is not kept waiting for */
	if (c->chan.out.len - c->chan.out_at > FRONT_CONN_MOST || chan_put(&c->chan, frame))
		conn_close(c);
	else
		conn_mark(c);
}

/* What a fresh vault answers as well is asked again, hello and subscribe by native_renew; who
 * wanted it locked, or something cancelled, has it. */
static void
settle(struct conn *c, struct pending *p)
{
	enum op op = (enum op)p->op;
	uint64_t id = p->id;
	struct buf b = BUF_INIT;
	enum err e;

	if (op == OP_HELLO || op == OP_SUBSCRIBE)
		return;
	if (op == OP_STATUS && !ops_put_request(&b, op, id, NULL)) {
		link_put(&c->f->vault.out, LINK_REQUEST, c->number, buf_span(&b));
		buf_done(&b);
		return;
	}
	*p = (struct pending){ 0 };
	c->npending--;
	e = answer(c, op, id, op == OP_LOCK || op == OP_CANCEL ? ERR_OK : ERR_LOCKED);
	if (e)
		c->closing = true;
	buf_done(&b);
}

void
native_renew(struct conn *c)
{
	struct buf *out = &c->f->vault.out;

	link_put(out, LINK_PEER, c->number, buf_span(&c->peer));
	if (c->hello.len)
		link_put(out, LINK_REQUEST, c->number, buf_span(&c->hello));
	if (c->subscribe.len)
		link_put(out, LINK_REQUEST, c->number, buf_span(&c->subscribe));
	for (size_t i = 0; i < FRONT_IN_FLIGHT; i++)
		if (c->pending[i].id)
			settle(c, &c->pending[i]);
}

const struct door native_door = {
	.name = "agent",
	.request = native_request,
	.reply = native_reply,
	.renew = native_renew,
};
