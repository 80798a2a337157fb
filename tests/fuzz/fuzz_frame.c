/*
 * Frames of clients, as front and vault decode them: by the table of every operation, in both
 * directions.  What is accepted comes back the same when it is encoded again.
 * A reply is told from a request by its first byte: 0xff before the frame.
 */
#include <stdlib.h>

#include "lib/ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void walk(const struct wire_map *m, const void *st);

/* Items of lists are decoded one by one, as handlers do. */
static void
walk_list(const struct wire_map *sub, const struct wire_list *l)
{
	_Alignas(16) uint8_t item[1024];
	struct cbor c = wire_each(l);
	size_t n = 0;

	must(sub->size <= sizeof item);
	for (; !cbor_at_end(&c); n++) {
		must(wire_next(sub, &c, item) == ERR_OK);
		walk(sub, item);
	}
	must(n == l->n);
}

static void
walk(const struct wire_map *m, const void *st)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->field[i].type == WIRE_LIST && wire_has(m, st, m->field[i].name))
			walk_list(m->field[i].sub,
			    (const void *)((const uint8_t *)st + m->field[i].offset));
}

static void
same_again(const struct wire_map *m, struct span s)
{
	_Alignas(16) uint8_t st[1024];
	struct buf b = BUF_INIT;

	must(m->size <= sizeof st);
	if (wire_decode(m, s, st))
		return;
	walk(m, st);
	must(wire_encode(m, st, &b) == ERR_OK && buf_err(&b) == ERR_OK);
	must(span_eq(buf_span(&b), s));
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	bool is_reply = n && p[0] == 0xff;
	struct span frame = is_reply ? SPAN(p + 1, n - 1) : SPAN(p, n);
	const struct op_row *row;
	struct ops_request q;
	struct ops_reply r;

	if (is_reply) {
		if (wire_decode(&ops_reply_map, frame, &r))
			return 0;
		same_again(&ops_reply_map, frame);
		row = ops_find(r.op);
		if (row && row->rep && r.result.p)
			same_again(row->rep, r.result);
		return 0;
	}
	if (wire_decode(&ops_request_map, frame, &q))
		return 0;
	same_again(&ops_request_map, frame);
	row = ops_find(q.op);
	if (row && row->req)
		same_again(row->req, q.params.p ? q.params : SPAN_LIT("\xa0"));
	return 0;
}
