#include "agent/vault/keys.h"

#include "lib/crypto.h"
#include "lib/seal.h"

/* offsets in a slot (DESIGN 6) */
#define AT_WRAP_KIND 3
#define AT_SLOT_ID   16
#define AT_XP	     96

#define LP32 34 /* lp() of 32 bytes */

/* lp(x) of an absent or a 32-byte string, returns the end */
static uint8_t *
lp_put(uint8_t *p, struct span s)
{
	put_be16(p, (uint16_t)s.len);
	if (s.len > 0)
		memcpy(p + 2, s.p, s.len);
	return p + 2 + s.len;
}

static bool
is_factor(struct span s)
{
	return s.len == 0 || s.len == 32;
}

/* PRK = HKDF-Extract(kdf_salt, lp(f1) || lp(f2) || lp(f3) || lp(f4)), f4 reserved and empty */
enum err
keys_prk(const struct keys_factors *f, const uint8_t kdf_salt[32], struct sec *prk)
{
	struct sec ikm = { 0 };
	uint8_t *p;
	enum err r;

	if (!is_factor(f->token) || !is_factor(f->passphrase) || !is_factor(f->recovery) ||
	    f->token.len + f->passphrase.len + f->recovery.len == 0)
		return ERR_RANGE;
	if ((r = sec_init(&ikm, 3 * LP32 + 2)) || (r = sec_init(prk, KEYS_PRK)))
		goto out;
	p = lp_put(ikm.p, f->token);
	p = lp_put(p, f->passphrase);
	p = lp_put(p, f->recovery);
	p = lp_put(p, SPAN_NONE);
	crypto_hkdf_extract(SPAN(kdf_salt, 32), SPAN(ikm.p, (size_t)(p - ikm.p)), prk->p);
	prk->len = KEYS_PRK;
out:
	sec_done(&ikm);
	return r;
}

/* HKDF-Expand(key, label || ctx, 32) */
static enum err
expand(struct span key, const char *label, struct span ctx, struct sec *out)
{
	enum err r;

	if ((r = sec_init(out, 32)))
		return r;
	crypto_hkdf_expandv(key, (const struct span[]){ span_str(label), ctx }, 2, out->p, 32);
	out->len = 32;
	return ERR_OK;
}

enum err
keys_x25519(const struct sec *prk, const uint8_t slot_id[16], struct sec *xs)
{
	return expand(sec_span(prk), "ownkey1 slot x25519", SPAN(slot_id, 16), xs);
}

enum err
keys_xp(const struct sec *prk, const uint8_t slot_id[16], uint8_t xp[32])
{
	struct sec xs = { 0 };
	enum err r;

	if ((r = keys_x25519(prk, slot_id, &xs)))
		return r;
	crypto_x25519_public(xs.p, xp);
	sec_done(&xs);
	return ERR_OK;
}

enum err
keys_auth(const struct sec *prk, const uint8_t slot_id[16], struct sec *auth)
{
	return expand(sec_span(prk), "ownkey1 slot auth", SPAN(slot_id, 16), auth);
}

enum err
keys_kek(const struct sec *prk, const uint8_t hdr[KEYS_SLOT_HDR], struct sec *kek)
{
	return expand(sec_span(prk), "ownkey1 slot", SPAN(hdr, KEYS_SLOT_HDR), kek);
}

/* --- wraps --- */

#define AD (16 + KEYS_SLOT_HDR)

static void
wrap_ad(const struct keys_slot *s, uint8_t ad[AD])
{
	memcpy(ad, s->vault_id, 16);
	memcpy(ad + 16, s->hdr, KEYS_SLOT_HDR);
}

static enum err
wrap_seal(const struct keys_slot *s, const struct sec *key, struct span vrk, uint8_t *wrap)
{
	uint8_t ad[AD], nonce[32];

	if (vrk.len != KEYS_VRK)
		return ERR_RANGE;
	wrap_ad(s, ad);
	crypto_random(nonce, sizeof(nonce));
	return seal_box_known(&(const struct seal_known){ sec_span(key), "vrk", SPAN(ad, AD),
				  s->nonce ? s->nonce : nonce },
	    vrk, wrap);
}

static enum err
wrap_open(const struct keys_slot *s, const struct sec *key, struct span wrap, struct sec *vrk)
{
	uint8_t ad[AD];

	wrap_ad(s, ad);
	return seal_open_sec(sec_span(key), "vrk", SPAN(ad, AD), wrap, vrk);
}

enum err
keys_wrap(
    const struct keys_slot *s, const struct sec *prk, struct span vrk, uint8_t wrap[KEYS_WRAP])
{
	struct sec kek = { 0 };
	enum err r;

	if ((r = keys_kek(prk, s->hdr, &kek)))
		return r;
	r = wrap_seal(s, &kek, vrk, wrap);
	sec_done(&kek);
	return r;
}

/* K1 of a deferred wrap: whoever makes it knows e and auth, whoever opens it xs and auth. */
struct deferred {
	const uint8_t *private; /* e or xs */
	const uint8_t *peer;	/* xp or epk */
	const uint8_t *epk;
	const uint8_t *xp;
	struct span auth;
};

static enum err
deferred_key(const struct deferred *d, const uint8_t *hdr, struct sec *k1)
{
	struct sec ikm = { 0 }, prk = { 0 };
	uint8_t *p;
	enum err r;

	if ((r = sec_init(&ikm, 3 * LP32)) || (r = sec_init(&prk, KEYS_PRK)))
		goto out;
	/* dh straight into its place behind the length */
	put_be16(ikm.p, 32);
	if ((r = crypto_x25519(d->private, d->peer, ikm.p + 2)))
		goto out;
	p = lp_put(ikm.p + LP32, SPAN(d->epk, 32));
	lp_put(p, SPAN(d->xp, 32));
	crypto_hkdf_extract(d->auth, SPAN(ikm.p, 3 * LP32), prk.p);
	r = expand(SPAN(prk.p, KEYS_PRK), "ownkey1 slot deferred", SPAN(hdr, KEYS_SLOT_HDR), k1);
out:
	sec_done(&ikm);
	sec_done(&prk);
	return r;
}

enum err
keys_wrap_deferred(
    const struct keys_slot *s, struct span auth, struct span vrk, uint8_t wrap[KEYS_WRAP_DEFERRED])
{
	struct sec e = { 0 }, k1 = { 0 };
	const uint8_t *xp = s->hdr + AT_XP;
	uint8_t epk[32];
	enum err r;

	if (auth.len != 32)
		return ERR_RANGE;
	if ((r = sec_init(&e, 32)))
		return r;
	r = s->ephemeral ? sec_set(&e, SPAN(s->ephemeral, 32)) : sec_random(&e, 32);
	if (r)
		goto out;
	crypto_x25519_public(e.p, epk);
	if ((r = deferred_key(&(const struct deferred){ e.p, xp, epk, xp, auth }, s->hdr, &k1)))
		goto out;
	if ((r = wrap_seal(s, &k1, vrk, wrap + 32)) == ERR_OK)
		memcpy(wrap, epk, 32);
out:
	sec_done(&e);
	sec_done(&k1);
	return r;
}

static enum err
unwrap_deferred(const struct keys_slot *s, const struct sec *prk, struct span wrap, struct sec *vrk)
{
	const uint8_t *id = s->hdr + AT_SLOT_ID, *xp = s->hdr + AT_XP, *epk = wrap.p;
	struct sec xs = { 0 }, auth = { 0 }, k1 = { 0 };
	enum err r;

	if ((r = keys_x25519(prk, id, &xs)) || (r = keys_auth(prk, id, &auth)))
		goto out;
	r = deferred_key(
	    &(const struct deferred){ xs.p, epk, epk, xp, sec_span(&auth) }, s->hdr, &k1);
	if (r == ERR_OK)
		r = wrap_open(s, &k1, span_sub(wrap, 32, KEYS_WRAP), vrk);
	/* a commitment that differs, or a point of small order (RFC 7748 6.1) */
	if (r == ERR_VAULT_KEY || r == ERR_RANGE)
		r = ERR_VAULT_WRAP;
out:
	sec_done(&xs);
	sec_done(&auth);
	sec_done(&k1);
	return r;
}

static enum err
unwrap_direct(const struct keys_slot *s, const struct sec *prk, struct span wrap, struct sec *vrk)
{
	struct sec kek = { 0 };
	enum err r;

	if ((r = keys_kek(prk, s->hdr, &kek)))
		return r;
	r = wrap_open(s, &kek, span_sub(wrap, 0, KEYS_WRAP), vrk);
	sec_done(&kek);
	return r == ERR_VAULT_KEY ? ERR_VAULT_SLOT : r;
}

/*
 * xp tells wrong factors from a changed slot before anything is opened.  It is not authentic at
 * this point and decides nothing but the error: the wrap's own commitment decides.
 */
enum err
keys_unwrap(const struct keys_slot *s, const struct sec *prk, struct span wrap, struct sec *vrk)
{
	bool deferred = s->hdr[AT_WRAP_KIND] == 1;
	uint8_t xp[32];
	enum err r;

	if (s->hdr[AT_WRAP_KIND] > 1)
		return ERR_VERSION;
	if (wrap.len < (deferred ? KEYS_WRAP_DEFERRED : KEYS_WRAP))
		return ERR_TRUNCATED;
	if ((r = keys_xp(prk, s->hdr + AT_SLOT_ID, xp)))
		return r;
	if (!crypto_eq(SPAN(xp, 32), SPAN(s->hdr + AT_XP, 32)))
		return ERR_VAULT_KEY;
	return deferred ? unwrap_deferred(s, prk, wrap, vrk) : unwrap_direct(s, prk, wrap, vrk);
}

/* --- under VRK --- */

enum err
keys_body(struct span vrk, struct sec *key)
{
	return seal_kdf_sec(vrk, "body", SPAN_NONE, 32, key);
}

enum err
keys_journal(struct span vrk, uint64_t generation, struct sec *key)
{
	uint8_t ctx[8];

	put_be64(ctx, generation);
	return seal_kdf_sec(vrk, "journal", SPAN(ctx, sizeof(ctx)), 32, key);
}

void
keys_line(struct span vrk, const uint8_t vault_id[16], uint8_t t[32])
{
	seal_kdf(vrk, "line", SPAN(vault_id, 16), t, 32);
}

void
keys_audit(struct span audit_key, uint64_t n, uint8_t mac_key[32])
{
	uint8_t ctx[8];

	put_be64(ctx, n);
	seal_kdf(audit_key, "audit", SPAN(ctx, sizeof(ctx)), mac_key, 32);
}

/* seal(kdf(VRK, label, ctx), label, ctx, pt): key and box have label and context in common */
struct named {
	const char *label;
	struct span ctx;
};

static enum err
named_seal(struct span vrk, const struct named *n, struct span pt, struct buf *box)
{
	struct sec key = { 0 };
	enum err r;

	if ((r = seal_kdf_sec(vrk, n->label, n->ctx, 32, &key)))
		return r;
	r = seal_box(sec_span(&key), n->label, n->ctx, pt, box);
	sec_done(&key);
	return r;
}

static enum err
named_open(struct span vrk, const struct named *n, struct span box, struct sec *out)
{
	struct sec key = { 0 };
	enum err r;

	if ((r = seal_kdf_sec(vrk, n->label, n->ctx, 32, &key)))
		return r;
	r = seal_open_sec(sec_span(&key), n->label, n->ctx, box, out);
	sec_done(&key);
	return r;
}

static struct span
item_ctx(const struct keys_item *it, uint8_t ctx[20])
{
	memcpy(ctx, it->id, 16);
	put_be32(ctx + 16, it->rev);
	return SPAN(ctx, 20);
}

enum err
keys_item_seal(struct span vrk, const struct keys_item *it, struct span secret, struct buf *box)
{
	uint8_t ctx[20];

	return named_seal(vrk, &(const struct named){ "item", item_ctx(it, ctx) }, secret, box);
}

enum err
keys_item_open(struct span vrk, const struct keys_item *it, struct span box, struct sec *secret)
{
	uint8_t ctx[20];

	return named_open(vrk, &(const struct named){ "item", item_ctx(it, ctx) }, box, secret);
}

enum err
keys_seed_seal(struct span vrk, uint32_t g, struct span seed, struct buf *box)
{
	uint8_t ctx[4];

	put_be32(ctx, g);
	return named_seal(vrk, &(const struct named){ "seedbox", SPAN(ctx, 4) }, seed, box);
}

enum err
keys_seed_open(struct span vrk, uint32_t g, struct span box, struct sec *seed)
{
	uint8_t ctx[4];

	put_be32(ctx, g);
	return named_open(vrk, &(const struct named){ "seedbox", SPAN(ctx, 4) }, box, seed);
}
