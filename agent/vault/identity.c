/* identity.c - a new item for a key of an identity. */
#include "agent/vault/identity.h"

#include "agent/vault/derive.h"

/* Without the epoch, which is a property of the item: the last "/0" is cut. */
static void
print_label(const struct item_origin *o, struct buf *out)
{
	struct derive_path p = {
		.service = o->service, .account = o->account, .purpose = o->purpose
	};
	struct buf full = BUF_INIT;

	derive_path_print(&p, SPAN_NONE, &full);
	if (full.len > 2)
		buf_put(out, full.p, full.len - 2);
	buf_done(&full);
}

enum err
identity_make(struct identity *id, const struct identity_want *w)
{
	bool tokens = w->key->signs & FORMAT_JWT;
	struct item *it = &id->item;

	*id = (struct identity){ 0 };
	itemop_new(&id->fresh, ITEM_KEY, it);
	it->origin = (struct item_origin){ .kind = identity_is_derived(w->key) ? ORIGIN_DERIVED
									       : ORIGIN_GENERATED,
		.generation = w->generation,
		.service = span_str(w->format->name),
		.account = w->account,
		.purpose = span_str(w->key->purpose),
		.alg = span_str(w->key->alg) };
	wire_mark(&item_origin_map, &it->origin);
	it->policy = (struct item_policy){ .use = w->key->use, .may_export = !tokens };
	it->policy.rate = tokens ? JWT_RATE : 0;
	wire_mark(&item_policy_map, &it->policy);
	id->epoch = (struct item_epoch){ .epoch = w->epoch, .created = it->mtime };
	wire_mark(&item_epoch_map, &id->epoch);
	it->epochs = (struct wire_list){ .v = &id->epoch, .n = 1 };
	print_label(&it->origin, &id->label);
	it->label = buf_span(&id->label);
	return buf_err(&id->label);
}

void
identity_done(struct identity *id)
{
	buf_done(&id->label);
	buf_done(&id->box);
}

bool
identity_is_derived(const struct format_key *k)
{
	return strcmp(k->alg, FORMAT_RSA) != 0;
}

bool
identity_wants(const struct format_key *k, struct span account)
{
	return !k->wanted || k->wanted(account);
}
