/* op_entry_client.c - whose an entry is: what came from elsewhere gets its application. */
#include "agent/vault/audit.h"
#include "agent/vault/op_entry.h"
#include "agent/vault/store.h"
#include "lib/log.h"

#define IN_ONE 16 /* entries of the audit log that are written together */

const struct ops_who *
op_entry_who(const struct wire_map *m, const void *in, const struct ops_who *who)
{
	return wire_has(m, in, "who") ? who : NULL;
}

enum err
op_entry_may(struct req *r, const struct use *u, struct use_item *v, size_t n)
{
	enum err e;

	if ((e = policy_use_all(r, u, v, n)))
		return e;
	op_entry_adopt(r, u->who, v, n);
	for (size_t i = 0; i < n && !e; i++)
		e = v[i].err;
	return e;
}

static bool
wants_client(struct req *r, const struct use_item *ui, struct item *it)
{
	return ui->asked && !ui->err && !body_item_by_id(&r->v->open.body, ui->id, it) &&
	    it->policy.use == USE_ASK_ONCE && !it->policy.clients.n;
}

static enum err
give(struct req *r, struct item *it, const struct item_client *ic, struct delta *d)
{
	struct item old = *it;
	struct itemop_rev rev;
	struct buf box = BUF_INIT;
	enum err e;

	it->policy.clients = (struct wire_list){ .v = ic, .n = 1 };
	it->policy.rev = it->rev + 1;
	wire_mark(&item_policy_map, &it->policy);
	if (!(e = itemop_next(it, &rev)) && !(e = itemop_reseal(r->v, &old, it, &box))) {
		wire_mark(&item_map, it);
		delta_item(d, it);
	}
	buf_done(&box);
	return e;
}

/* One change for all; who got what is in the audit log before it. */
static enum err
give_all(struct req *r, const struct item_client *ic, const struct use_item *v, size_t n)
{
	struct delta d = DELTA_INIT;
	struct item it;
	size_t given = 0;
	enum err e;

	if ((e = store_take(r->job)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		if (!wants_client(r, &v[i], &it) || (e = give(r, &it, ic, &d)))
			continue;
		audit_owe(r, AUDIT_OPERATION, v[i].id, ERR_OK);
		if (++given % IN_ONE == 0)
			e = audit_flush(r->job);
	}
	if (!e && given && !(e = audit_flush(r->job)))
		e = store_append(r->job, &d);
	delta_done(&d);
	return e;
}

void
op_entry_adopt(struct req *r, const struct ops_who *who, const struct use_item *v, size_t n)
{
	struct item_client ic;
	struct item it;
	size_t i = 0;

	if (!r->job || !r->c || !who || !policy_is_adapter(r->c) || !policy_client(who, &ic))
		return;
	while (i < n && !wants_client(r, &v[i], &it))
		i++;
	if (i < n && give_all(r, &ic, v, n))
		log_warn("whom entries belong to could not be written");
	store_release(r->job);
}
