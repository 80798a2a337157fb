/*
 * op_jwt.c - tokens (DESIGN 13): a provider asks, and whatever it asks, what is signed here is a
 * token of this issuer, for an audience and about an account on the owner's list.
 *
 * The hot path (ES256, EdDSA, free) allocates nothing of its own once warm.  RS256 goes to the
 * worker (slowsign.h).
 */
#include "agent/vault/op_jwt.h"

#include <time.h>

#include "agent/format/oidc.h"
#include "agent/vault/derive.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/jwtkeys.h"
#include "agent/vault/jwtlist.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/slowsign.h"
#include "lib/crypto.h"
#include "lib/jwt.h"
#include "lib/jwt_rows.h"

enum err
op_jwt_key(struct req *r, struct span issuer, const char *purpose, struct item *it)
{
	struct derive_path p = {
		.service = SPAN_LIT("oidc"), .account = issuer, .purpose = span_str(purpose)
	};
	static struct buf label;
	enum err e;

	buf_reset(&label);
	derive_path_print(&p, SPAN_NONE, &label);
	if ((e = buf_err(&label)))
		return e;
	buf_cut(&label, label.len - 2); /* "/0": items have no epoch in their label */
	return itemop_find(r->v, ITEM_KEY, buf_span(&label), it);
}

/* ---- subjects ---- */
static enum err
make_subject(struct req *r, struct span issuer, const struct ops_jwt_name *for_whom,
    struct span account, char sub[OIDC_SUB])
{
	struct span sector = for_whom->sector.len ? for_whom->sector : for_whom->name;
	struct format_in in;
	struct item it;
	enum err e;

	if ((e = op_jwt_key(r, issuer, OIDC_SUBJECT, &it)) || (e = itemop_key(r->v, &it, &in)))
		return e;
	return oidc_subject(in.priv, for_whom->is_public ? SPAN_NONE : sector, account, sub);
}

/* Both on the list? */
static enum err
find_listed(struct req *r, struct span issuer, struct span audience, struct span account,
    struct ops_jwt_name *out)
{
	struct item it, who;
	enum err e;

	if ((e = jwtlist_find(r->v, issuer, JWT_AUDIENCE, audience, &it)) ||
	    (e = jwtlist_find(r->v, issuer, JWT_ACCOUNT, account, &who)))
		return e;
	return jwtlist_read(r->v, issuer, &it, out) ? ERR_OK : ERR_JWT_AUDIENCE;
}

enum err
op_jwt_subject(struct req *r)
{
	const struct ops_jwt_subject *in = r->in;
	struct ops_jwt_subject_rep rep = { .has = 0 };
	struct ops_jwt_name listed;
	char sub[OIDC_SUB];
	enum err e;

	if ((e = find_listed(r, in->issuer, in->audience, in->account, &listed)) ||
	    (e = make_subject(r, in->issuer, &listed, in->account, sub)))
		return e;
	rep.subject = SPAN(sub, sizeof sub);
	rep.is_public = listed.is_public;
	if (!listed.is_public)
		rep.sector = listed.sector.len ? listed.sector : listed.name;
	wire_mark(&ops_jwt_subject_rep_map, &rep);
	return req_reply(r, &rep);
}

/* ---- keys ---- */
enum err
op_jwt_keys(struct req *r)
{
	const struct ops_jwt_issuer *in = r->in;
	struct ops_jwt_keys_rep rep = { .has = 1 };
	struct buf rows = BUF_INIT, keys = BUF_INIT;
	uint64_t now = (uint64_t)time(NULL);
	struct item it;
	enum err e = ERR_OK;

	for (unsigned alg = 0; alg <= JWT_RS256 && !e; alg++)
		if (!op_jwt_key(r, in->issuer, oidc_purpose((enum jwt_alg)alg), &it))
			e = jwtkeys_put(r->v, &it, now, &rows);
	if (!e && !(e = jwt_rows_of(buf_span(&rows), in->issuer, now, &keys, &rep.keys.n))) {
		rep.keys.raw = buf_span(&keys);
		e = req_reply(r, &rep);
	}
	buf_done(&rows);
	buf_done(&keys);
	return e;
}

/* ---- tokens ---- */
/* What comes of it.  One that need not wait uses the one that is there. */
struct token {
	struct buf tbs, sig;
	char kid[JWK_KID];
	char sub[OIDC_SUB];
	uint64_t now;
};
static struct token quick;

static void
token_done(struct token *t)
{
	buf_done(&t->tbs);
	buf_done(&t->sig);
}

static enum err
find(struct req *r, struct item *key, struct ops_jwt_name *listed)
{
	const struct ops_jwt_sign *in = r->in;
	enum err e;

	if ((e = op_jwt_key(r, in->issuer, oidc_purpose((enum jwt_alg)in->alg), key)))
		return e;
	if (itemop_is_retired(key))
		return ERR_DENIED;
	return find_listed(r, in->issuer, in->audience, in->account, listed);
}

/* Header and payload; key: of the one that signs. */
static enum err
print(struct req *r, const struct format_in *key, struct token *t)
{
	const struct ops_jwt_sign *in = r->in;
	struct jwt_fields f = { .alg = (enum jwt_alg)in->alg,
		.typ = (enum jwt_typ)in->typ,
		.kid = SPAN(t->kid, sizeof t->kid),
		.issuer = in->issuer,
		.subject = SPAN(t->sub, sizeof t->sub),
		.audience = in->audience,
		.claims = in->claims };
	struct jwk jwk;
	enum err e;

	if ((e = oidc_jwk(f.alg, key->pub, &jwk)) || (e = jwk_kid(&jwk, t->kid)))
		return e;
	f.issued = t->now;
	f.expires = t->now + in->lifetime;
	return jwt_put(&f, &t->tbs);
}

/* The worker answers as for ssh: string algorithm, string signature. */
static enum err
sign_rsa(struct req *r, const struct format_in *key, struct token *t)
{
	struct slowsign_want want = { .type = SSHKEY_RSA, .hash = SSHKEY_SHA256 };
	struct buf blob = BUF_INIT;
	struct ssh_reader in;
	struct span half[2];
	enum err e;

	if ((e = oidc_rsa_halves(key->priv, half)))
		return e;
	want.canonical = half[0];
	want.data = buf_span(&t->tbs);
	if (!(e = slowsign(r->job, &want, &blob))) {
		in = ssh_reader(buf_span(&blob));
		(void)ssh_read_string(&in, 64);
		buf_put_span(&t->sig, ssh_read_string(&in, CRYPTO_RSA_MAX));
		e = ssh_reader_end(&in);
	}
	buf_done(&blob);
	return e ? e : buf_err(&t->sig);
}

static enum err
sign(struct req *r, const struct format_in *key, struct token *t)
{
	const struct ops_jwt_sign *in = r->in;
	uint8_t raw[64];
	enum err e = ERR_OK;

	if (in->alg == JWT_RS256)
		return sign_rsa(r, key, t);
	if (in->alg == JWT_EDDSA)
		crypto_ed25519_sign(key->priv.p, key->pub.p, buf_span(&t->tbs), raw);
	else
		e = crypto_ecdsa_sign(CRYPTO_NIST_P256, key->priv.p, buf_span(&t->tbs), raw);
	buf_put(&t->sig, raw, sizeof raw);
	return e ? e : buf_err(&t->sig);
}

static enum err
answer(struct req *r, struct token *t)
{
	const struct ops_jwt_sign *in = r->in;
	struct ops_jwt_sign_rep rep = { .issued = t->now, .expires = t->now + in->lifetime };
	enum err e;

	buf_put_str(&t->tbs, ".");
	text_encode(TEXT_BASE64URL, buf_span(&t->sig), &t->tbs);
	if ((e = buf_err(&t->tbs)))
		return e;
	rep.token = buf_span(&t->tbs);
	rep.kid = SPAN(t->kid, sizeof t->kid);
	rep.subject = SPAN(t->sub, sizeof t->sub);
	wire_mark(&ops_jwt_sign_rep_map, &rep);
	return req_reply(r, &rep);
}

static enum err
make(struct req *r, const struct item *it, const struct ops_jwt_name *listed, struct token *t)
{
	const struct ops_jwt_sign *in = r->in;
	struct format_in key;
	enum err e;

	t->now = (uint64_t)time(NULL);
	if ((e = make_subject(r, in->issuer, listed, in->account, t->sub)) ||
	    (e = itemop_key(r->v, it, &key)) || (e = print(r, &key, t)) || (e = sign(r, &key, t)))
		return e;
	return answer(r, t);
}

static enum err
make_now(struct req *r, const struct item *it, const struct ops_jwt_name *listed)
{
	buf_reset(&quick.tbs);
	buf_reset(&quick.sig);
	return make(r, it, listed, &quick);
}

static enum err
make_in_job(struct req *r, const struct item *it, const struct ops_jwt_name *listed)
{
	struct token t = { .now = 0 };
	enum err e = make(r, it, listed, &t);

	token_done(&t);
	return e;
}

enum err
op_jwt_sign(struct req *r)
{
	const struct ops_jwt_sign *in = r->in;
	struct use u = { .verb = "make tokens with", .request = in->audience };
	struct itemop_agreed agreed;
	struct ops_jwt_name listed;
	struct item key;
	enum err e;

	if (in->lifetime > jwt_lifetime((enum jwt_typ)in->typ))
		return ERR_JWT_LIFETIME;
	if ((e = find(r, &key, &listed)))
		return e;
	if (in->alg == JWT_RS256)
		REQ_MUST_WAIT(r);
	u.item = &key;
	itemop_agree(&key, &agreed);
	if ((e = policy_use(r, &u)))
		return e;
	/* the person may have been asked: what was found may have moved, or be forgotten */
	if (r->job && ((e = find(r, &key, &listed)) || (e = itemop_again(r->v, &agreed, &key))))
		return e;
	if (!(e = r->job ? make_in_job(r, &key, &listed) : make_now(r, &key, &listed)))
		vault_touch(r->v);
	return e;
}
