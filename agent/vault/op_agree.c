/*
 * op_agree.c - typed key agreement (DESIGN 8): the key may do it, the person (or the policy)
 * agrees, and the shared secret itself stays here.
 */
#include <stdio.h>

#include "agent/vault/itemop.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define LENGTH 32

static enum err
may_agree(const struct item *it, uint64_t type)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_key *k = f ? format_key(f, it->origin.purpose) : NULL;

	if (!span_is(it->origin.alg, "x25519") || itemop_is_retired(it))
		return ERR_DENIED;
	if (type == OPS_AGREE_RAW)
		return it->policy.raw ? ERR_OK : ERR_DENIED;
	return k && (k->signs & FORMAT_AGREES) ? ERR_OK : ERR_DENIED;
}

/* With whom, in a few characters, and what for. */
static void
describe(const struct ops_agree *in, struct buf *out)
{
	buf_put_str(out, "with key ");
	text_encode(TEXT_HEX, span_sub(in->peer, 0, 8), out);
	if (!in->info.len)
		return;
	buf_put_str(out, ", for ");
	text_printable(in->info, out);
}

/* Everything that makes the result is bound into the touch. */
static enum err
ask(struct req *r, const struct item *it)
{
	const struct ops_agree *in = r->in;
	struct use u = { .item = it, .verb = "agree on a key by" };
	struct buf detail = BUF_INIT, request = BUF_INIT;
	enum err e;

	if (it->policy.use != USE_FREE) {
		describe(in, &detail);
		u.detail = buf_cstr(&detail);
		buf_put_span(&request, in->peer);
		buf_put_u8(&request, (uint8_t)in->salt.len);
		buf_put_span(&request, in->salt);
		buf_put_span(&request, in->info);
		u.request = buf_span(&request);
	}
	if (!(e = buf_err(&detail)) && !(e = buf_err(&request)))
		e = policy_use(r, &u);
	buf_done(&detail);
	buf_done(&request);
	return e;
}

/* shared: 32, key: 64 bytes of the arena. */
static enum err
derive(const struct ops_agree *in, const struct format_in *own, uint8_t *shared, uint8_t *key)
{
	enum err e;

	if ((e = crypto_x25519(own->priv.p, in->peer.p, shared)))
		return e;
	if (in->type == OPS_AGREE_RAW)
		memcpy(key, shared, 32);
	else
		crypto_hkdf256(
		    in->salt, SPAN(shared, 32), in->info, key, in->length ? in->length : LENGTH);
	return ERR_OK;
}

static enum err
hand_out(struct req *r, const struct item *it)
{
	const struct ops_agree *in = r->in;
	struct ops_agree_rep rep = { .has = 3 };
	struct sec mem = { 0 };
	struct format_in own;
	enum err e;

	if ((e = itemop_key(r->v, it, &own)) || (e = sec_init(&mem, 32 + 64)))
		return e;
	if (!(e = derive(in, &own, mem.p, mem.p + 32))) {
		rep.key = SPAN(mem.p + 32, in->length ? in->length : LENGTH);
		rep.public_key = own.pub;
		e = req_reply(r, &rep);
		vault_touch(r->v);
	}
	sec_done(&mem);
	return e;
}

enum err
op_agree(struct req *r)
{
	const struct ops_agree *in = r->in;
	struct itemop_agreed agreed;
	struct item it;
	enum err e;

	if (in->type == OPS_AGREE_RAW && (in->salt.len || in->info.len || in->length))
		return ERR_USAGE;
	if ((e = itemop_find(r->v, ITEM_KEY, in->label, &it)) || (e = may_agree(&it, in->type)))
		return e;
	itemop_agree(&it, &agreed);
	if ((e = ask(r, &it)))
		return e;
	/* the person took their time: what was found may have moved */
	if (r->job && ((e = itemop_again(r->v, &agreed, &it)) || (e = may_agree(&it, in->type))))
		return e;
	return hand_out(r, &it);
}
