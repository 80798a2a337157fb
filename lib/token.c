/*
 * token.c - challenges for tokens and the judgement of their answers (DESIGN 7; WebAuthn 6.1
 * "Authenticator Data", 6.5.1 "Attested Credential Data").  The helper that talked to the device is
 * not believed: everything that matters is in signed bytes and checked here.
 */
#include "lib/token.h"

#include "lib/crypto.h"

#define FLAG_UP 0x01
#define FLAG_UV 0x04
#define FLAG_AT 0x40

void
token_challenge(const char *purpose, struct span request, struct token_nonce *n)
{
	uint8_t hash[32];
	struct span parts[] = { SPAN_LIT("ownkey1 "), span_str(purpose), SPAN_LIT("\0"),
		SPAN(n->nonce, 32), SPAN(hash, 32) };

	crypto_random(n->nonce, sizeof n->nonce);
	crypto_sha256(request, hash);
	crypto_sha256v(parts, sizeof parts / sizeof *parts, n->cdh);
}

void
token_flags(struct span authdata, bool *up, bool *uv)
{
	uint8_t flags = authdata.len > 32 ? authdata.p[32] : 0;

	*up = flags & FLAG_UP;
	*uv = flags & FLAG_UV;
}

static enum err
judge_rp(const char *rp_id, struct span authdata)
{
	uint8_t hash[32];

	if (authdata.len < 37)
		return ERR_LIE_FORMAT;
	crypto_sha256(span_str(rp_id), hash);
	return crypto_eq(SPAN(hash, 32), span_sub(authdata, 0, 32)) ? ERR_OK : ERR_LIE_RP;
}

/* Signed: authenticator data || client data hash. */
static enum err
judge_signature(const struct token_expect *x, const struct token_event *ev)
{
	struct buf msg = BUF_INIT;
	bool good = false;

	buf_put_span(&msg, ev->authdata);
	buf_put(&msg, x->cdh, 32);
	if (buf_err(&msg))
		return ERR_NOMEM;
	if (x->alg == TOKEN_ES256 && x->pubkey.len == 64)
		good = crypto_p256_verify(x->pubkey.p, buf_span(&msg), ev->sig);
	else if (x->alg == TOKEN_EDDSA && x->pubkey.len == 32 && ev->sig.len == 64)
		good = crypto_ed25519_verify(x->pubkey.p, buf_span(&msg), ev->sig.p);
	buf_done(&msg);
	return good ? ERR_OK : ERR_LIE_SIGNATURE;
}

static enum err
judge_said(const struct token_expect *x, const struct token_event *ev)
{
	bool up, uv;

	token_flags(ev->authdata, &up, &uv);
	if (x->up && !up)
		return ERR_LIE_PRESENCE;
	if (x->uv && !uv)
		return ERR_LIE_VERIFIED;
	if (x->secret && (ev->secret.len != x->secret || crypto_is_zero(ev->secret)))
		return ERR_LIE_SECRET;
	return ERR_OK;
}

/* The signature first: what the slot's key has not signed says nothing, not even what is wrong. */
enum err
token_judge(const struct token_expect *x, const struct token_event *ev)
{
	enum err e;

	if (!span_eq(ev->cred_id, x->cred_id))
		return ERR_LIE_CREDENTIAL;
	if ((e = judge_rp(x->rp_id, ev->authdata)) || (e = judge_signature(x, ev)))
		return e;
	return judge_said(x, ev);
}

enum err
token_judge_unsigned(const struct token_expect *x, const struct token_event *ev)
{
	enum err e;

	if (!span_eq(ev->cred_id, x->cred_id))
		return ERR_LIE_CREDENTIAL;
	if ((e = judge_rp(x->rp_id, ev->authdata)))
		return e;
	return judge_said(x, ev);
}

/* rpIdHash 32, flags 1, counter 4, AAGUID 16, length 2, id, COSE key. */
static enum err
judge_attested(const struct token_event *ev)
{
	struct span a = ev->authdata;
	size_t n;

	if (!(a.p[32] & FLAG_AT) || a.len < 37 + 18)
		return ERR_LIE_FORMAT;
	n = be16(a.p + 53);
	if (!n || !span_eq(span_sub(a, 55, n), ev->cred_id))
		return ERR_LIE_CREDENTIAL;
	if (ev->aaguid.len != 16 || !span_eq(span_sub(a, 37, 16), ev->aaguid))
		return ERR_LIE_FORMAT;
	return ERR_OK;
}

static bool
is_known_key(const struct token_event *ev)
{
	return (ev->alg == TOKEN_ES256 && ev->pubkey.len == 64) ||
	    (ev->alg == TOKEN_EDDSA && ev->pubkey.len == 32);
}

enum err
token_judge_new(const char *rp_id, bool uv, const struct token_event *ev)
{
	bool got_up, got_uv;
	enum err e;

	if ((e = judge_rp(rp_id, ev->authdata)) || (e = judge_attested(ev)))
		return e;
	if (!is_known_key(ev))
		return ERR_LIE_FORMAT;
	token_flags(ev->authdata, &got_up, &got_uv);
	if (!got_up)
		return ERR_LIE_PRESENCE;
	return uv && !got_uv ? ERR_LIE_VERIFIED : ERR_OK;
}
