#include "lib/crypto.h"
#include "lib/seal.h"
#include "tests/softtoken/cred.h"
#include "tests/softtoken/parse.h"

#define CONTENT	    36 /* version, alg, protect, flags, seed; padding follows */
#define LABEL	    "softtoken credential"
#define FLAG_RK	    1
#define FLAG_HMAC   2
#define VERSION	    1
#define PAD_LONGEST (SOFT_CRED_ID - SEAL_OVERHEAD - CONTENT)

static struct span
master_span(const struct softtoken *t)
{
	return SPAN(t->store.master, sizeof(t->store.master));
}

enum ctap
soft_cred_make(struct softtoken *t, const uint8_t rp_hash[32], struct soft_cred *c)
{
	uint8_t pt[CONTENT + PAD_LONGEST] = { VERSION };
	struct buf box = BUF_INIT;
	enum ctap r = CTAP_OTHER;

	crypto_random(c->seed, sizeof(c->seed));
	pt[1] = (uint8_t)-c->alg;
	pt[2] = c->protect;
	pt[3] = (uint8_t)((c->rk ? FLAG_RK : 0) | (c->hmac ? FLAG_HMAC : 0));
	memcpy(pt + 4, c->seed, sizeof(c->seed));
	if (seal_box(master_span(t), LABEL, SPAN(rp_hash, 32), SPAN(pt, CONTENT + t->row->pad),
		&box) == ERR_OK &&
	    buf_err(&box) == ERR_OK) {
		memcpy(c->id, box.p, box.len);
		c->id_len = box.len;
		r = CTAP_OK;
	}
	buf_done(&box);
	sec_zero(pt, sizeof(pt));
	return r;
}

static bool
slot_find(const struct softtoken *t, struct span id, size_t *slot)
{
	const struct soft_store *st = &t->store;

	for (*slot = 0; *slot < st->nrk; ++*slot)
		if (span_eq(id, SPAN(st->rk[*slot].id, st->rk[*slot].id_len)))
			return true;
	return false;
}

static bool
content_read(struct soft_cred *c, const uint8_t *pt)
{
	if (pt[0] != VERSION)
		return false;
	c->alg = -(int64_t)pt[1];
	c->protect = pt[2];
	c->rk = (pt[3] & FLAG_RK) != 0;
	c->hmac = (pt[3] & FLAG_HMAC) != 0;
	memcpy(c->seed, pt + 4, sizeof(c->seed));
	return true;
}

bool
soft_cred_open(struct softtoken *t, struct span id, const uint8_t rp_hash[32], struct soft_cred *c)
{
	uint8_t pt[CONTENT + PAD_LONGEST];
	bool ok;

	memset(c, 0, sizeof(*c));
	if (id.len < SEAL_OVERHEAD + CONTENT || id.len > SOFT_CRED_ID)
		return false;
	ok = seal_open(master_span(t), LABEL, SPAN(rp_hash, 32), id, pt) == ERR_OK &&
	    content_read(c, pt) && (!c->rk || slot_find(t, id, &c->slot));
	memcpy(c->id, id.p, id.len);
	c->id_len = id.len;
	sec_zero(pt, sizeof(pt));
	return ok;
}

static enum err
p256_key(const struct soft_cred *c, uint8_t priv[32])
{
	uint8_t stream[48];
	enum err r;

	seal_kdf(SPAN(c->seed, sizeof(c->seed)), "p256", SPAN_NONE, stream, sizeof(stream));
	r = crypto_p256_scalar(stream, priv);
	sec_zero(stream, sizeof(stream));
	return r;
}

static enum ctap
p256_put_public(const struct soft_cred *c, struct buf *out)
{
	uint8_t priv[32], pub[64];

	if (p256_key(c, priv) != ERR_OK || crypto_p256_public(priv, pub) != ERR_OK)
		return CTAP_OTHER;
	sec_zero(priv, sizeof(priv));
	soft_put_p256(out, pub, CTAP_ALG_ES256);
	return CTAP_OK;
}

static void
ed25519_key(const struct soft_cred *c, uint8_t seed[32], uint8_t pub[32])
{
	seal_kdf(SPAN(c->seed, sizeof(c->seed)), "ed25519", SPAN_NONE, seed, 32);
	crypto_ed25519_public(seed, pub);
}

static enum ctap
ed25519_put_public(const struct soft_cred *c, struct buf *out)
{
	uint8_t seed[32], pub[32];

	ed25519_key(c, seed, pub);
	sec_zero(seed, sizeof(seed));
	cbor_put_map(out, 4);
	cbor_put_uint(out, 1);
	cbor_put_uint(out, 1); /* OKP */
	cbor_put_uint(out, 3);
	cbor_put_int(out, CTAP_ALG_EDDSA);
	cbor_put_int(out, -1);
	cbor_put_uint(out, 6); /* Ed25519 */
	cbor_put_int(out, -2);
	cbor_put_bytes(out, SPAN(pub, sizeof(pub)));
	return CTAP_OK;
}

enum ctap
soft_cred_put_public(const struct soft_cred *c, struct buf *out)
{
	return c->alg == CTAP_ALG_EDDSA ? ed25519_put_public(c, out) : p256_put_public(c, out);
}

static enum ctap
ed25519_sign(const struct soft_cred *c, struct span msg, struct buf *sig)
{
	uint8_t seed[32], pub[32], out[64];

	ed25519_key(c, seed, pub);
	crypto_ed25519_sign(seed, pub, msg, out);
	sec_zero(seed, sizeof(seed));
	buf_put(sig, out, sizeof(out));
	return CTAP_OK;
}

static enum ctap
p256_sign(const struct soft_cred *c, struct span msg, struct buf *sig)
{
	uint8_t priv[32];
	enum ctap r = CTAP_OTHER;

	if (p256_key(c, priv) == ERR_OK && crypto_p256_sign(priv, msg, sig) == ERR_OK)
		r = CTAP_OK;
	sec_zero(priv, sizeof(priv));
	return r;
}

enum ctap
soft_cred_sign(const struct soft_cred *c, struct span msg, struct buf *sig)
{
	return c->alg == CTAP_ALG_EDDSA ? ed25519_sign(c, msg, sig) : p256_sign(c, msg, sig);
}

void
soft_cred_random(const struct softtoken *t, const struct soft_cred *c, bool uv, uint8_t out[32])
{
	bool two = uv && !soft_has(t, SOFT_ONE_SECRET);

	seal_kdf(
	    SPAN(c->seed, sizeof(c->seed)), two ? "with uv" : "without uv", SPAN_NONE, out, 32);
}

enum ctap
soft_auth_data(struct softtoken *t, const uint8_t rp_hash[32], uint8_t flags, struct buf *out)
{
	uint8_t hash[32];
	uint32_t counter;
	enum ctap r;

	if ((r = soft_store_count(t, &counter)) != CTAP_OK)
		return r;
	memcpy(hash, rp_hash, sizeof(hash));
	if (soft_fault_hit(t, SOFT_WRONG_RP, NULL))
		hash[0] ^= 1;
	if (soft_fault_hit(t, SOFT_NO_UP, NULL))
		flags &= (uint8_t)~CTAP_FLAG_UP;
	if (soft_fault_hit(t, SOFT_NO_UV, NULL))
		flags &= (uint8_t)~CTAP_FLAG_UV;
	buf_put(out, hash, sizeof(hash));
	buf_put_u8(out, flags);
	buf_put_u32(out, counter);
	return CTAP_OK;
}

enum ctap
soft_auth_sign(struct softtoken *t, const struct soft_cred *c, struct span auth_data,
    struct span client_hash, struct buf *sig)
{
	struct buf msg = BUF_INIT;
	enum ctap r;

	buf_put_span(&msg, auth_data);
	buf_put_span(&msg, client_hash);
	if ((r = buf_err(&msg) == ERR_OK ? CTAP_OK : CTAP_OTHER) == CTAP_OK)
		r = soft_cred_sign(c, buf_span(&msg), sig);
	if (r == CTAP_OK && sig->len > 0 && soft_fault_hit(t, SOFT_BAD_SIGNATURE, NULL))
		sig->p[sig->len - 1] ^= 1;
	buf_done(&msg);
	return r;
}
