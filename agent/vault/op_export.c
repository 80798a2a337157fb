/*
 * op_export.c - a private key leaves.  The owner proves a way in freshly each time: an open vault
 * is not enough (DESIGN 9).
 */
#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"

static enum err
answer(struct req *r, const struct format_export *x, struct span data)
{
	struct ops_export_rep rep = { .data = data, .file = span_str(x->file), .text = x->text };

	wire_mark(&ops_export_rep_map, &rep);
	rep.has |= 1; /* data is mandatory, also when empty */
	return req_reply(r, &rep);
}

static enum err export(struct req *r, const struct item *it) {
	const struct ops_sel *in = r->in; const struct format *f = format_find(it->origin.service);
	const struct format_export *x = f ? format_export(f, it->origin.purpose, in->form) : NULL;
	struct format_in key;
	struct sec data = { 0 };
	enum err e;

	if (!x) return ERR_UNSUPPORTED;
	if (!(e = itemop_key(r->v, it, &key)) && !(e = x->fn(&key, &data)))
	    e = answer(r, x, sec_span(&data));
	sec_done(&data);
	return e;
}

enum err
op_id_export(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct proof p = { .ways = in->proof, .label = in->proof_label, .force = in->force };
	struct item it;
	enum err e;

	REQ_MUST_WAIT(r);
	if ((e = itemop_find(r->v, ITEM_KEY, in->label, &it)))
		return e;
	if (!it.policy.may_export)
		return ERR_DENIED;
	audit_about(r, it.id.p);
	p.request = in->label;
	if ((e = policy_prove(r, &p, NULL)))
		return e;
	if ((e = itemop_find(r->v, ITEM_KEY, in->label, &it)))
		return e;
	return export(r, &it);
}
