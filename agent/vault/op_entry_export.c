/*
 * op_entry_export.c - what applications keep leaves for another keyring.  The owner proves a way in
 * first (DESIGN 9), once for a connection: who moves a thousand entries cannot touch a thousand
 * times.  Each of them is in the audit log.
 */
#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op_entry.h"

#define IN_ONE 16 /* entries of the audit log that are written together */

static enum err
prove(struct req *r)
{
	const struct ops_entry_get *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	enum err e;

	p.request = SPAN_LIT("entries leave the vault");
	if (!(e = policy_prove(r, &p, NULL)))
		r->c->exports = true;
	return e;
}

enum err
op_entry_export(struct req *r, struct use_item *v, size_t n)
{
	struct item it;
	size_t said = 0;
	enum err e = ERR_OK;

	if (!n)
		return prove(r);
	if (!r->c || !r->c->exports)
		return ERR_DENIED;
	for (size_t i = 0; i < n && !e; i++) {
		if (v[i].err || body_item_by_id(&r->v->open.body, v[i].id, &it))
			continue;
		if (!it.policy.may_export)
			v[i].err = ERR_DENIED;
		audit_owe(r, AUDIT_OPERATION, v[i].id, v[i].err);
		if (++said % IN_ONE == 0)
			e = audit_flush(r->job);
	}
	return e ? e : audit_flush(r->job);
}
