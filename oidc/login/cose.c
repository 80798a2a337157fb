/*
 * cose.c - COSE_Key: one row for each kind of key, its members in the order of deterministic CBOR.
 */
#include "lib/cbor.h"
#include "lib/crypto.h"
#include "lib/crypto_verify.h"
#include "oidc/login/authdata.h"

#define KTY 1
#define ALG 3

static enum err
get_label(struct cbor *c, int64_t want)
{
	int64_t got;
	enum err e = cbor_get_int(c, &got);

	return e ? e : got == want ? ERR_OK : ERR_FORMAT;
}

static enum err
get_number(struct cbor *c, int64_t label, int64_t want)
{
	int64_t got;
	enum err e = get_label(c, label);

	if (!e)
		e = cbor_get_int(c, &got);
	return e ? e : got == want ? ERR_OK : ERR_FORMAT;
}

static enum err
get_bytes(struct cbor *c, int64_t label, size_t least, size_t most, struct span *out)
{
	enum err e = get_label(c, label);

	if (!e)
		e = cbor_get_bytes(c, out);
	return e ? e : out->len >= least && out->len <= most ? ERR_OK : ERR_FORMAT;
}

static enum err
get_es256(struct cbor *c, struct cose_key *k)
{
	enum err e;

	if ((e = get_number(c, -1, 1)) || (e = get_bytes(c, -2, 32, 32, &k->x)))
		return e;
	return get_bytes(c, -3, 32, 32, &k->y);
}

static enum err
get_eddsa(struct cbor *c, struct cose_key *k)
{
	enum err e = get_number(c, -1, 6);

	return e ? e : get_bytes(c, -2, 32, 32, &k->x);
}

/* No other exponent: e = 1 signs everything. */
static enum err
get_rs256(struct cbor *c, struct cose_key *k)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	enum err e;

	if ((e = get_bytes(c, -1, 256, 512, &k->n)) || (e = get_bytes(c, -2, 3, 3, &k->e)))
		return e;
	return span_eq(k->e, SPAN(f4, sizeof f4)) && (k->n.p[0] & 0x80) &&
		(k->n.p[k->n.len - 1] & 1)
	    ? ERR_OK
	    : ERR_FORMAT;
}

static const struct {
	enum cose_kind kind;
	int64_t kty;
	size_t members;
	enum err (*get)(struct cbor *c, struct cose_key *k);
} kinds[] = {
	{ COSE_ES256, 2, 5, get_es256 },
	{ COSE_EDDSA, 1, 4, get_eddsa },
	{ COSE_RS256, 3, 4, get_rs256 },
};

enum err
cose_parse(struct span in, struct cose_key *out)
{
	struct cbor c = cbor_from(in);
	size_t members;
	int64_t kty, alg;
	enum err e;

	*out = (struct cose_key){ .kind = COSE_ES256 };
	if ((e = cbor_check(in)) || (e = cbor_get_map(&c, &members)) || (e = get_label(&c, KTY)) ||
	    (e = cbor_get_int(&c, &kty)) || (e = get_label(&c, ALG)) ||
	    (e = cbor_get_int(&c, &alg)))
		return e;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (alg != kinds[i].kind)
			continue;
		out->kind = kinds[i].kind;
		if (kty != kinds[i].kty || members != kinds[i].members)
			return ERR_FORMAT;
		return (e = kinds[i].get(&c, out)) ? e : cbor_at_end(&c) ? ERR_OK : ERR_FORMAT;
	}
	return ERR_UNSUPPORTED;
}

bool
cose_verify(const struct cose_key *k, struct span msg, struct span sig)
{
	uint8_t xy[64];

	switch (k->kind) {
	case COSE_ES256:
		memcpy(xy, k->x.p, 32);
		memcpy(xy + 32, k->y.p, 32);
		return crypto_p256_verify(xy, msg, sig);
	case COSE_EDDSA:
		return sig.len == 64 && crypto_ed25519_verify(k->x.p, msg, sig.p);
	default:
		return crypto_rs256_verify(k->n, k->e, msg, sig);
	}
}
