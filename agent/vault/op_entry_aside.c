/* op_entry_aside.c - what applications remove is set aside, and can be taken back. */
#include <time.h>

#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"

static enum err
change(struct req *r, const uint8_t id[16], uint64_t removed)
{
	static struct entry_attrs attrs; /* one at a time: the disk is ours */
	struct entry en;
	struct item it;
	enum err e;

	if ((e = store_take(r->job)))
		return e;
	if (body_item_by_id(&r->v->open.body, id, &it) || !entry_read(&it, &en) ||
	    (en.removed != 0) == (removed != 0))
		return ERR_NOTFOUND;
	en.removed = removed;
	entry_write(&en, &attrs, &it);
	return itemop_change(r, &it);
}

enum err
op_entry_remove(struct req *r)
{
	const struct ops_entry_sel *in = r->in;
	struct use u = { .verb = "remove",
		.request = in->id,
		.who = op_entry_who(&ops_entry_sel_map, in, &in->who) };
	struct ops_change_rep rep = { .has = 0 };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_entry_may(r, &u, in->id.p)) || (e = change(r, in->id.p, (uint64_t)time(NULL))))
		return e;
	rep.change = r->v->open.body.generation;
	wire_mark(&ops_change_rep_map, &rep);
	return req_reply(r, &rep);
}

enum err
op_entry_back(struct req *r)
{
	const struct ops_entry_sel *in = r->in;
	struct use u = { .verb = "take back",
		.request = in->id,
		.who = op_entry_who(&ops_entry_sel_map, in, &in->who) };
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = op_entry_may(r, &u, in->id.p)) || (e = change(r, in->id.p, 0)))
		return e;
	return op_entry_reply(r, in->id.p);
}
