/*
 * kdf() and seal() of DESIGN 4.  The commitment is 32 bytes of the same expansion that makes the
 * key, so that no box opens under two keys or in two contexts (notes/security.md F13).  The key of
 * the cipher is new for every box: its nonce can be zero.
 */
#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/seal.h"

#define NONCE  32
#define COMMIT 32

static const uint8_t zero_nonce[12];

/* lp(x) = u16be(len x) || x needs its length in memory */
static struct span
be16_span(uint8_t p[2], size_t n)
{
	if (n > UINT16_MAX)
		abort();
	put_be16(p, (uint16_t)n);
	return SPAN(p, 2);
}

void
seal_kdf(struct span key, const char *label, struct span ctx, uint8_t *out, size_t len)
{
	struct span l = span_str(label);
	uint8_t nlabel[2], nctx[2], nlen[2];

	crypto_hkdf_expandv(key,
	    (const struct span[]){ SPAN_LIT("ownkey1"), be16_span(nlabel, l.len), l,
		be16_span(nctx, ctx.len), ctx, be16_span(nlen, len) },
	    6, out, len);
}

enum err
seal_kdf_sec(struct span key, const char *label, struct span ctx, size_t len, struct sec *out)
{
	enum err r;

	if ((r = sec_init(out, len)))
		return r;
	seal_kdf(key, label, ctx, out->p, len);
	out->len = len;
	return ERR_OK;
}

/* key of the cipher || commitment */
static void
okm(const struct seal_known *k, uint8_t out[64])
{
	struct span l = span_str(k->label);
	uint8_t nlabel[2], hash[64];

	crypto_sha512(k->ad, hash);
	crypto_hkdf_expandv(k->key,
	    (const struct span[]){ SPAN_LIT("ownkey1seal"), be16_span(nlabel, l.len), l,
		SPAN(k->nonce, NONCE), SPAN(hash, sizeof(hash)) },
	    5, out, 64);
}

enum err
seal_box_known(const struct seal_known *k, struct span pt, uint8_t *out)
{
	uint8_t o[64];
	enum err r;

	okm(k, o);
	memcpy(out, k->nonce, NONCE);
	memcpy(out + NONCE, o + 32, COMMIT);
	r = crypto_aead_seal(o, zero_nonce, SPAN_NONE, pt, out + NONCE + COMMIT);
	sec_zero(o, sizeof(o));
	return r;
}

enum err
seal_box(struct span key, const char *label, struct span ad, struct span pt, struct buf *out)
{
	uint8_t nonce[NONCE];
	uint8_t *p;
	enum err r;

	if ((p = buf_room(out, pt.len + SEAL_OVERHEAD)) == NULL)
		return buf_err(out);
	crypto_random(nonce, sizeof(nonce));
	r = seal_box_known(&(const struct seal_known){ key, label, ad, nonce }, pt, p);
	if (r == ERR_OK)
		buf_add(out, pt.len + SEAL_OVERHEAD);
	return r;
}

enum err
seal_open(struct span key, const char *label, struct span ad, struct span box, uint8_t *out)
{
	uint8_t o[64];
	enum err r = ERR_VAULT_KEY;

	if (box.len < SEAL_OVERHEAD)
		return ERR_TRUNCATED;
	okm(&(const struct seal_known){ key, label, ad, box.p }, o);
	if (crypto_eq(SPAN(o + 32, COMMIT), span_sub(box, NONCE, COMMIT)))
		r = crypto_aead_open(o, zero_nonce, SPAN_NONE,
		    SPAN(box.p + NONCE + COMMIT, box.len - NONCE - COMMIT), out);
	sec_zero(o, sizeof(o));
	return r;
}

enum err
seal_open_sec(struct span key, const char *label, struct span ad, struct span box, struct sec *out)
{
	enum err r;

	if (box.len < SEAL_OVERHEAD)
		return ERR_TRUNCATED;
	if ((r = sec_init(out, box.len - SEAL_OVERHEAD)))
		return r;
	if ((r = seal_open(key, label, ad, box, out->p)))
		sec_done(out);
	else
		out->len = box.len - SEAL_OVERHEAD;
	return r;
}
