/* outer_slot.c - one slot: 2048 bytes and their meaning (DESIGN 6). */
#include "agent/vault/outer.h"
#include "lib/text.h"

enum {
	AT_KIND = 0,
	AT_FACTORS = 1,
	AT_UV = 2,
	AT_WRAP = 3,
	AT_ZERO4 = 4,
	AT_CREATED = 8,
	AT_ID = 16,
	AT_ARGON_M = 32,
	AT_ARGON_T = 36,
	AT_ALG = 40,
	AT_CRED_LEN = 44,
	AT_PUBKEY_LEN = 46,
	AT_KDF_SALT = 48,
	AT_ARGON_SALT = 80,
	AT_XP = 96,
	AT_HINT = 128,
	AT_ZERO160 = 160,
	AT_PUBKEY = 256,
	AT_CRED = 384,
	AT_BOX = 1408
};

enum { ALG_ES256 = -7, ALG_EDDSA = -8 };

/* ---- what a decoded slot must be like ---- */

static bool
is_token_ok(const struct slot *s)
{
	size_t want = s->alg == ALG_ES256 ? 64 : 32;

	if (!(s->factors & FACTOR_TOKEN))
		return s->alg == 0 && s->uv == 0 && s->cred_id_len == 0 && s->pubkey_len == 0;
	return (s->alg == ALG_ES256 || s->alg == ALG_EDDSA) && s->uv <= 1 &&
	    s->pubkey_len == want && s->cred_id_len >= 1 && s->cred_id_len <= OUTER_CRED_MAX;
}

static bool
is_argon_ok(const struct slot *s)
{
	if (!(s->factors & FACTOR_PASSPHRASE))
		return s->argon_m == 0 && s->argon_t == 0 &&
		    outer_is_zero(s->argon_salt, sizeof(s->argon_salt));
	return s->argon_m >= OUTER_ARGON_M_MIN && s->argon_m <= OUTER_ARGON_M_MAX &&
	    s->argon_t >= 1 && s->argon_t <= OUTER_ARGON_T_MAX &&
	    !outer_is_zero(s->argon_salt, sizeof(s->argon_salt));
}

/* Shown to people before any key exists: plain text only. */
static bool
is_hint_ok(const struct slot *s)
{
	size_t len = strnlen(s->hint, sizeof(s->hint));

	return len < sizeof(s->hint) && (len == 0 || text_is_name(SPAN(s->hint, len)));
}

static bool
is_past_end_zero(const struct slot *s)
{
	size_t hint = strnlen(s->hint, sizeof(s->hint));

	return outer_is_zero(s->cred_id + s->cred_id_len, OUTER_CRED_MAX - s->cred_id_len) &&
	    outer_is_zero(s->pubkey + s->pubkey_len, OUTER_PUBKEY_MAX - s->pubkey_len) &&
	    outer_is_zero((const uint8_t *)s->hint + hint, sizeof(s->hint) - hint);
}

static enum err
slot_check(const struct slot *s)
{
	/* what a later version may have added is not an edited slot */
	if (s->kind > SLOT_UNLOCK || (s->factors & ~FACTOR_ALL) != 0 || s->wrap > WRAP_DEFERRED)
		return ERR_VERSION;
	if (s->kind != SLOT_UNLOCK || s->factors == 0 || s->created % OUTER_DAY != 0)
		return ERR_VAULT_SLOT;
	if (outer_is_zero(s->id, sizeof(s->id)) ||
	    outer_is_zero(s->kdf_salt, sizeof(s->kdf_salt)) || outer_is_zero(s->xp, sizeof(s->xp)))
		return ERR_VAULT_SLOT;
	/* lengths first: is_past_end_zero relies on them */
	if (!is_token_ok(s) || !is_argon_ok(s) || !is_hint_ok(s) || !is_past_end_zero(s))
		return ERR_VAULT_SLOT;
	return ERR_OK;
}

/* ---- bytes ---- */

static void
slot_load(const uint8_t *raw, struct slot *s)
{
	s->kind = raw[AT_KIND];
	s->factors = raw[AT_FACTORS];
	s->uv = raw[AT_UV];
	s->wrap = raw[AT_WRAP];
	s->created = be64(raw + AT_CREATED);
	memcpy(s->id, raw + AT_ID, sizeof(s->id));
	s->argon_m = be32(raw + AT_ARGON_M);
	s->argon_t = be32(raw + AT_ARGON_T);
	s->alg = (int32_t)be32(raw + AT_ALG);
	s->cred_id_len = be16(raw + AT_CRED_LEN);
	s->pubkey_len = be16(raw + AT_PUBKEY_LEN);
	memcpy(s->kdf_salt, raw + AT_KDF_SALT, sizeof(s->kdf_salt));
	memcpy(s->argon_salt, raw + AT_ARGON_SALT, sizeof(s->argon_salt));
	memcpy(s->xp, raw + AT_XP, sizeof(s->xp));
	memcpy(s->hint, raw + AT_HINT, sizeof(s->hint) - 1);
	memcpy(s->pubkey, raw + AT_PUBKEY, sizeof(s->pubkey));
	memcpy(s->cred_id, raw + AT_CRED, sizeof(s->cred_id));
	if (s->wrap <= WRAP_DEFERRED)
		memcpy(s->box, raw + AT_BOX, outer_wrap_len(s));
}

static bool
is_reserved_zero(const uint8_t *raw, const struct slot *s)
{
	size_t wrap = s->wrap <= WRAP_DEFERRED ? outer_wrap_len(s) : OUTER_SLOT_SIZE - AT_BOX;

	return outer_is_zero(raw + AT_ZERO4, AT_CREATED - AT_ZERO4) &&
	    outer_is_zero(raw + AT_ZERO160, AT_PUBKEY - AT_ZERO160) &&
	    outer_is_zero(raw + AT_BOX + wrap, OUTER_SLOT_SIZE - AT_BOX - wrap);
}

enum err
outer_slot_parse(const uint8_t raw[OUTER_SLOT_SIZE], struct slot *s)
{
	enum err e;

	memset(s, 0, sizeof(*s));
	if (raw[AT_KIND] == SLOT_EMPTY)
		return outer_is_zero(raw, OUTER_SLOT_SIZE) ? ERR_OK : ERR_VAULT_SLOT;
	slot_load(raw, s);
	if ((e = slot_check(s)) != ERR_OK)
		return e;
	return is_reserved_zero(raw, s) ? ERR_OK : ERR_VAULT_SLOT;
}

enum err
outer_slot_build_hdr(const struct slot *s, uint8_t hdr[OUTER_SLOT_HDR])
{
	enum err e;

	if ((e = slot_check(s)) != ERR_OK)
		return e;
	memset(hdr, 0, OUTER_SLOT_HDR);
	hdr[AT_KIND] = s->kind;
	hdr[AT_FACTORS] = s->factors;
	hdr[AT_UV] = s->uv;
	hdr[AT_WRAP] = s->wrap;
	put_be64(hdr + AT_CREATED, s->created);
	memcpy(hdr + AT_ID, s->id, sizeof(s->id));
	put_be32(hdr + AT_ARGON_M, s->argon_m);
	put_be32(hdr + AT_ARGON_T, s->argon_t);
	put_be32(hdr + AT_ALG, (uint32_t)s->alg);
	put_be16(hdr + AT_CRED_LEN, s->cred_id_len);
	put_be16(hdr + AT_PUBKEY_LEN, s->pubkey_len);
	memcpy(hdr + AT_KDF_SALT, s->kdf_salt, sizeof(s->kdf_salt));
	memcpy(hdr + AT_ARGON_SALT, s->argon_salt, sizeof(s->argon_salt));
	memcpy(hdr + AT_XP, s->xp, sizeof(s->xp));
	memcpy(hdr + AT_HINT, s->hint, sizeof(s->hint) - 1);
	memcpy(hdr + AT_PUBKEY, s->pubkey, sizeof(s->pubkey));
	memcpy(hdr + AT_CRED, s->cred_id, sizeof(s->cred_id));
	return ERR_OK;
}

enum err
outer_slot_build(const struct slot *s, uint8_t raw[OUTER_SLOT_SIZE])
{
	enum err e;

	memset(raw, 0, OUTER_SLOT_SIZE);
	if (s->kind == SLOT_EMPTY)
		return ERR_OK;
	if ((e = outer_slot_build_hdr(s, raw)) != ERR_OK)
		return e;
	if (!outer_is_zero(s->box + outer_wrap_len(s), sizeof(s->box) - outer_wrap_len(s)))
		return ERR_VAULT_SLOT;
	memcpy(raw + AT_BOX, s->box, outer_wrap_len(s));
	return ERR_OK;
}
