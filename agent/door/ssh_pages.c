/* ssh_pages.c - key.list: the rows of the ssh door, for ownkey's own clients; also while locked. */
#include "agent/door/front.h"

#define PAGE_BYTES (160 * 1024)

struct page {
	struct buf rows;
	struct ops_key_list_rep rep;
	uint8_t cursor[8];
};

/* False: it is for the next page.  A row that is too long for any list is left out. */
static bool
put(struct page *p, const struct ssh_key *key)
{
	size_t before = p->rows.len;
	struct ssh_row row;

	if (p->rep.keys.n == OPS_PAGE)
		return false;
	ssh_keys_row(key, &row);
	if (wire_encode(&ssh_row_map, &row, &p->rows)) {
		buf_cut(&p->rows, before);
		return true;
	}
	if (p->rep.keys.n && p->rows.len > PAGE_BYTES) {
		buf_cut(&p->rows, before);
		return false;
	}
	p->rep.keys.n++;
	return true;
}

/* Those behind number `after`: rows come and go between two pages, numbers stay. */
static void
collect(const struct ssh_keys *k, uint64_t after, struct page *p)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct ssh_key *key = k->at[i];

		if (ssh_keys_is_over(key))
			continue;
		p->rep.total++;
		if (key->number <= after || p->rep.cursor.len)
			continue;
		if (put(p, key))
			put_be64(p->cursor, key->number);
		else
			p->rep.cursor = SPAN(p->cursor, 8);
	}
}

static enum err
make(struct ssh_keys *k, const struct ops_page *in, struct page *p)
{
	static const struct ssh_dest_path here;

	if (k->locked)
		return ERR_SSH_LOCKED;
	if (in->cursor.len && in->cursor.len != 8)
		return ERR_RANGE;
	if (!ssh_keys_list(k, &here).len)
		return ERR_NOMEM;
	collect(k, in->cursor.len ? be64(in->cursor.p) : 0, p);
	p->rep.keys.raw = buf_span(&p->rows);
	p->rep.listed = k->listed;
	p->rep.cut = k->cut;
	wire_mark(&ops_key_list_rep_map, &p->rep);
	return buf_err(&p->rows);
}

enum err
ssh_pages_answer(struct conn *c, const struct ops_request *q)
{
	struct page p = { .rows = BUF_INIT };
	struct buf frame = BUF_INIT;
	struct ops_page in;
	enum err e;

	if (!(e = wire_decode(&ops_page_map, q->params.p ? q->params : SPAN_LIT("\xa0"), &in)) &&
	    !(e = make(&c->f->ssh.keys, &in, &p)) &&
	    !(e = ops_put_reply(&frame, OP_KEY_LIST, q->id, ERR_OK, &p.rep)))
		e = chan_put(&c->chan, buf_span(&frame));
	c->spent++;
	conn_mark(c);
	buf_done(&p.rows);
	buf_done(&frame);
	return e;
}
