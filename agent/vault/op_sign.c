/*
 * op_sign.c - typed signing (DESIGN 8): the key may do it, the person (or the policy) agrees, and
 * the signed bytes are built here.  SSH signatures are in op_sign_ssh.c.
 */
#include "agent/vault/op_sign.h"

#include <stdio.h>

#include "agent/vault/itemop.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "lib/crypto.h"
#include "lib/sshlogin.h"
#include "lib/text.h"

enum err
op_sign_may(const struct item *it, uint64_t type)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_key *k = f ? format_key(f, it->origin.purpose) : NULL;

	if (itemop_is_retired(it))
		return ERR_DENIED;
	if (type == OPS_SIGN_RAW)
		return it->policy.raw ? ERR_OK : ERR_DENIED;
	return k && (k->signs & 1u << type) ? ERR_OK : ERR_DENIED;
}

static void
describe(const struct ops_sign *in, char *out, size_t cap)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, in->type == OPS_SIGN_APP ? "signature for " : "raw bytes");
	text_printable(in->name_space, &b);
	snprintf(out, cap, "%s", buf_cstr(&b));
	buf_done(&b);
}

/* Policy first; only the decision to ask needs words. */
static enum err
agree(struct req *r, const struct item *it)
{
	const struct ops_sign *in = r->in;
	struct use u = { .item = it, .verb = "sign with", .request = in->data };
	struct buf whole = BUF_INIT;
	char detail[300] = "";
	enum err e = ERR_OK;

	if (it->policy.use != USE_FREE) {
		describe(in, detail, sizeof detail);
		u.detail = detail;
		if (in->type == OPS_SIGN_APP && !(e = format_app_signed(in, &whole)))
			u.request = buf_span(&whole);
	}
	if (!e)
		e = policy_use(r, &u);
	buf_done(&whole);
	return e;
}

static enum err
make(struct req *r, const struct item *it, struct buf *sig, uint8_t pub[32])
{
	const struct ops_sign *in = r->in;
	struct format_in key;
	uint8_t raw[64];
	enum err e;

	if ((e = itemop_key(r->v, it, &key)))
		return e;
	if (!span_is(it->origin.alg, "ed25519"))
		return ERR_UNSUPPORTED;
	memcpy(pub, key.pub.p, 32);
	if (in->type == OPS_SIGN_APP)
		return format_app_sign(&key, in, sig);
	if (!in->data.len)
		return ERR_USAGE;
	crypto_ed25519_sign(key.priv.p, key.pub.p, in->data, raw);
	buf_put(sig, raw, sizeof raw);
	return buf_err(sig);
}

static enum err
sign_item(struct req *r)
{
	const struct ops_sign *in = r->in;
	struct ops_sign_rep rep = { .has = 3 };
	struct buf sig = BUF_INIT;
	struct itemop_agreed agreed;
	uint8_t pub[32];
	struct item it;
	enum err e;

	if ((e = itemop_find(r->v, ITEM_KEY, in->label, &it)))
		return e == ERR_NOTFOUND && op_sign_ssh_knows(r) ? ERR_DENIED : e;
	if ((e = op_sign_may(&it, in->type)))
		return e;
	itemop_agree(&it, &agreed);
	if ((e = agree(r, &it)))
		return e;
	/* the person took their time: what was found may have moved */
	if (r->job && ((e = itemop_again(r->v, &agreed, &it)) || (e = op_sign_may(&it, in->type))))
		return e;
	if (!(e = make(r, &it, &sig, pub))) {
		rep.signature = buf_span(&sig);
		rep.public_key = SPAN(pub, 32);
		e = req_reply(r, &rep);
		vault_touch(r->v);
	}
	buf_done(&sig);
	return e;
}

enum err
op_sign(struct req *r)
{
	const struct ops_sign *in = r->in;

	/* what nobody can be shown must not log anybody in */
	if (in->type == OPS_SIGN_RAW && sshlogin_is_tbs(in->data))
		return ERR_SIGN_LOGIN;
	if (in->type == OPS_SIGN_SSHSIG || in->type == OPS_SIGN_SSH_USERAUTH ||
	    (in->type == OPS_SIGN_RAW && in->bare))
		return op_sign_ssh(r);
	return sign_item(r);
}
