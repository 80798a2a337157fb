/* The key schedule of a way in, and both wraps. */
#include "agent/vault/keys.h"
#include "lib/crypto.h"
#include "tests/kat/kat.h"

#define FACTOR_TOKEN	  1
#define FACTOR_PASSPHRASE 2
#define FACTOR_RECOVERY	  4

struct slot_case {
	uint64_t factors;
	uint64_t wrap_type;
	struct buf token, passphrase, recovery;
	struct buf vault_id, hdr, vrk, nonce, ephemeral, wrap;
	struct sec prk, kek, xs, auth;
};

/* A factor is there exactly when the slot says so. */
static bool
factor_read(struct entry *e, const char *name, bool present, struct buf *b)
{
	return entry_bytes(e, name, present ? 32 : 0, b);
}

static bool
slot_read(struct entry *e, struct slot_case *s)
{
	if (!entry_number(e, "factors", 7, &s->factors) ||
	    !entry_number(e, "wrap_type", 1, &s->wrap_type) ||
	    !factor_read(e, "token", s->factors & FACTOR_TOKEN, &s->token) ||
	    !factor_read(e, "passphrase_key", s->factors & FACTOR_PASSPHRASE, &s->passphrase) ||
	    !factor_read(e, "recovery", s->factors & FACTOR_RECOVERY, &s->recovery) ||
	    !entry_bytes(e, "vault_id", 16, &s->vault_id) ||
	    !entry_bytes(e, "slot_hdr", KEYS_SLOT_HDR, &s->hdr) ||
	    !entry_bytes(e, "vrk", KEYS_VRK, &s->vrk) || !entry_bytes(e, "nonce", 32, &s->nonce))
		return false;
	if (s->wrap_type == 1 && !entry_bytes(e, "ephemeral", 32, &s->ephemeral))
		return false;
	if (s->hdr.p[1] != s->factors || s->hdr.p[3] != s->wrap_type)
		return entry_fail(e, "slot_hdr", "is not of these factors and this wrap");
	return entry_bytes(e, "wrap", s->wrap_type ? KEYS_WRAP_DEFERRED : KEYS_WRAP, &s->wrap);
}

static bool
slot_keys(struct entry *e, struct slot_case *s)
{
	struct keys_factors f = { buf_span(&s->token), buf_span(&s->passphrase),
		buf_span(&s->recovery) };
	const uint8_t *id = s->hdr.p + 16;
	uint8_t xp[32];

	if (keys_prk(&f, s->hdr.p + 48, &s->prk) || keys_kek(&s->prk, s->hdr.p, &s->kek) ||
	    keys_x25519(&s->prk, id, &s->xs) || keys_xp(&s->prk, id, xp) ||
	    keys_auth(&s->prk, id, &s->auth))
		return entry_fail(e, "factors", "refused");
	return entry_same(e, "prk", sec_span(&s->prk)) && entry_same(e, "kek", sec_span(&s->kek)) &&
	    entry_same(e, "x25519_secret", sec_span(&s->xs)) &&
	    entry_same(e, "x25519_public", SPAN(xp, sizeof(xp))) &&
	    entry_same(e, "auth", sec_span(&s->auth));
}

/* What lies between e and the wrap, step by step as DESIGN 4 has it. */
static bool
slot_deferred(struct entry *e, struct slot_case *s)
{
	const uint8_t *xp = s->hdr.p + 96;
	uint8_t dh[32], epk[32], prk[64], k1[32];
	struct buf b = BUF_INIT;
	bool ok;

	if (s->wrap_type == 0)
		return true;
	crypto_x25519_public(s->ephemeral.p, epk);
	if (crypto_x25519(s->ephemeral.p, xp, dh))
		return entry_fail(e, "dh", "refused");
	buf_put_lp(&b, SPAN(dh, 32));
	buf_put_lp(&b, SPAN(epk, 32));
	buf_put_lp(&b, SPAN(xp, 32));
	crypto_hkdf_extract(sec_span(&s->auth), buf_span(&b), prk);
	buf_reset(&b);
	buf_put_str(&b, "ownkey1 slot deferred");
	buf_put_span(&b, buf_span(&s->hdr));
	crypto_hkdf_expand(SPAN(prk, 64), buf_span(&b), k1, sizeof(k1));
	ok = entry_same(e, "dh", SPAN(dh, 32)) && entry_same(e, "k1", SPAN(k1, 32));
	buf_done(&b);
	return ok;
}

static bool
slot_wrap(struct entry *e, struct slot_case *s)
{
	struct keys_slot slot = { s->vault_id.p, s->hdr.p, s->nonce.p, s->ephemeral.p };
	struct span vrk = buf_span(&s->vrk);
	uint8_t wrap[KEYS_WRAP_MAX];
	struct sec opened = { 0 };
	enum err r;
	bool ok;

	r = s->wrap_type ? keys_wrap_deferred(&slot, sec_span(&s->auth), vrk, wrap)
			 : keys_wrap(&slot, &s->prk, vrk, wrap);
	if (r)
		return entry_fail(e, "vrk", "cannot be wrapped");
	if (!entry_same(e, "wrap", SPAN(wrap, s->wrap.len)))
		return false;
	if (keys_unwrap(&slot, &s->prk, buf_span(&s->wrap), &opened))
		return entry_fail(e, "wrap", "does not open");
	ok = entry_same(e, "vrk", sec_span(&opened));
	sec_done(&opened);
	return ok;
}

bool
check_slot(struct entry *e)
{
	struct slot_case s = { 0 };
	struct buf *b[] = { &s.token, &s.passphrase, &s.recovery, &s.vault_id, &s.hdr, &s.vrk,
		&s.nonce, &s.ephemeral, &s.wrap };
	struct sec *k[] = { &s.prk, &s.kek, &s.xs, &s.auth };
	size_t i;
	bool ok;

	ok = slot_read(e, &s) && slot_keys(e, &s) && slot_deferred(e, &s) && slot_wrap(e, &s);
	for (i = 0; i < sizeof(b) / sizeof(b[0]); i++)
		buf_done(b[i]);
	for (i = 0; i < sizeof(k) / sizeof(k[0]); i++)
		sec_done(k[i]);
	return ok;
}
