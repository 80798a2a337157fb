/* op_grant.c - who may use what: listed, allowed for good, denied, forgotten. */
#include "agent/vault/applist.h"
#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"

#define ROWS_MOST  1024
#define PAGE_BYTES (OPS_FRAME_MAX - 8192)
#define LOOK_MOST  8192 /* items in one page: nobody waits for a search in a million */

/* ---- list ---- */
/* Where a page begins: what is granted until lock, then item by item, row by row. */
struct place {
	uint64_t item; /* 0 = until lock; else position + 1 */
	uint32_t row;
};

struct page {
	const struct ops_page *in;
	struct wire_list rows;
	struct buf mem;
	struct place at;
	bool full;
};

#define CURSOR 12

static enum err
read_cursor(struct span cursor, struct place *at)
{
	*at = (struct place){ 0 };
	if (!cursor.len)
		return ERR_OK;
	if (cursor.len != CURSOR)
		return ERR_RANGE;
	at->item = be64(cursor.p);
	at->row = be32(cursor.p + 8);
	return ERR_OK;
}

/* False: the page is full, this one is of the next. */
static bool
put_row(struct page *p, struct ops_grant *row)
{
	size_t at = p->mem.len;

	wire_mark(&ops_grant_map, row);
	if (p->rows.n == ROWS_MOST || wire_encode(&ops_grant_map, row, &p->mem) ||
	    p->mem.len > PAGE_BYTES) {
		buf_cut(&p->mem, at);
		p->full = true;
		return false;
	}
	p->rows.n++;
	return true;
}

static bool
is_wanted(const struct page *p, const struct item *it)
{
	return !p->in->match.len ||
	    (it->label.len && memmem(it->label.p, it->label.len, p->in->match.p, p->in->match.len));
}

static void
put_live(const struct vault *v, struct page *p)
{
	size_t pos = p->at.row;
	struct grant_row g;
	struct item it;

	while (grants_next(v, &pos, &g)) {
		if (body_item_by_id(&v->open.body, g.item, &it) || !is_wanted(p, &it))
			continue;
		struct ops_grant row = { .item = it.id,
			.name = it.label,
			.app = g.app,
			.kind = OPS_GRANT_UNTIL_LOCK,
			.pid = (uint64_t)g.pid };

		if (!put_row(p, &row)) {
			p->at.row = (uint32_t)(pos - 1);
			return;
		}
	}
	p->at = (struct place){ .item = 1 };
}

static void
put_known(struct page *p, const struct item *it)
{
	struct cbor at = wire_each(&it->policy.clients);
	struct span app;
	bool denied;

	for (uint32_t i = 0; applist_next(&at, &app, &denied); i++) {
		struct ops_grant row = { .item = it->id,
			.name = it->label,
			.app = app,
			.kind = denied ? OPS_GRANT_NEVER : OPS_GRANT_ALWAYS };

		if (i >= p->at.row && !put_row(p, &row)) {
			p->at.row = i;
			return;
		}
	}
	p->at.row = 0;
}

static void
put_items(const struct vault *v, struct page *p)
{
	size_t pos = (size_t)p->at.item - 1, looked = 0;
	struct item it;

	while (body_item_next(&v->open.body, &pos, &it)) {
		if (is_wanted(p, &it))
			put_known(p, &it);
		if (p->full)
			return;
		p->at.item = pos + 1;
		if (++looked == LOOK_MOST) {
			p->full = true;
			return;
		}
	}
}

enum err
op_grant_list(struct req *r)
{
	struct page p = { .in = r->in, .mem = BUF_INIT };
	struct ops_grant_list_rep rep = { .has = 0 };
	uint8_t cursor[CURSOR];
	enum err e;

	if ((e = read_cursor(p.in->cursor, &p.at)))
		return e;
	if (!buf_room(&p.mem, OPS_FRAME_MAX))
		return ERR_NOMEM;
	if (!p.at.item)
		put_live(r->v, &p);
	if (!p.full)
		put_items(r->v, &p);
	if (p.full) {
		put_be64(cursor, p.at.item);
		put_be32(cursor + 8, p.at.row);
		rep.cursor = SPAN(cursor, sizeof cursor);
	}
	p.rows.raw = buf_span(&p.mem);
	rep.grants = p.rows;
	wire_mark(&ops_grant_list_rep_map, &rep);
	e = req_reply(r, &rep);
	buf_done(&p.mem);
	return e;
}

/* ---- set ---- */
static enum err
change(struct req *r, struct item *it)
{
	static const enum applist_says says[] = { [OPS_GRANT_ALLOW] = APPLIST_ALLOWED,
		[OPS_GRANT_DENY] = APPLIST_DENIED,
		[OPS_GRANT_FORGET] = APPLIST_NOTHING };
	static struct applist list; /* one at a time: the disk is ours */
	const struct ops_grant_set *in = r->in;
	enum err e;

	if ((e = applist_set(it, in->app, says[in->verb], &list)))
		return e;
	it->policy.rev = it->rev + 1;
	it->policy.has = 0;
	wire_mark(&item_policy_map, &it->policy);
	return itemop_change(r, it);
}

/* What is taken away is gone even if the disk is full: in memory first. */
enum err
op_grant_set(struct req *r)
{
	const struct ops_grant_set *in = r->in;
	struct proof p = {
		.ways = in->proof, .label = in->proof_label, .force = in->force, .request = in->app
	};
	bool taken = false;
	struct item it;
	enum err e;

	if (!applist_is_app(in->app))
		return ERR_GRANT_APP;
	REQ_MUST_WAIT(r);
	if ((e = itemop_find(r->v, 0, in->label, &it)))
		return e;
	audit_about(r, it.id.p);
	if (in->verb == OPS_GRANT_ALLOW && (e = policy_prove(r, &p, NULL)))
		return e;
	if ((e = store_take(r->job)) || (e = itemop_find(r->v, 0, in->label, &it)))
		return e;
	if (memcmp(it.id.p, r->about, sizeof r->about) != 0)
		return ERR_NOTFOUND; /* another one has this name now */
	if (in->verb != OPS_GRANT_ALLOW)
		taken = grants_take(r->v, it.id.p, in->app);
	e = change(r, &it);
	if (e == ERR_NOTFOUND && in->verb == OPS_GRANT_FORGET)
		return taken ? ERR_OK : ERR_GRANT_NONE;
	return e;
}
