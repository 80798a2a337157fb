/* foreign.c - stanzas of other plugins, by secrets of tokens. */
#include "cli/age/foreign.h"

#include "lib/crypto.h"

#define PRF_LABEL "age-encryption.org/fido2prf"

void
foreign_done(struct foreign *f)
{
	sec_done(&f->pair);
}

bool
foreign_fits(const struct ident *id, const struct wrapped *w)
{
	if (id->kind == IDENT_PRF)
		return w->kind == WRAPPED_PRF;
	return w->kind == WRAPPED_HMAC || (w->kind == WRAPPED_X25519 && id->cred.len);
}

/* ---- fido2-hmac: hmac-secret is an X25519 private key ---- */
struct hmac_want {
	struct span cred;
	const uint8_t *salt;
	bool pin;
};

static bool
is_there(const struct foreign *f, const struct hmac_want *want)
{
	return f->pair.len && span_eq(f->cred, want->cred) && f->pin == want->pin &&
	    memcmp(f->salt, want->salt, sizeof f->salt) == 0;
}

static enum err
get_pair(struct foreign *f, const struct hmac_want *want)
{
	struct agent_cred cred = { .rp = f->id->rp, .cred = want->cred, .uv = want->pin };
	struct sec secret = { 0 };
	enum err e;

	if (is_there(f, want))
		return ERR_OK;
	sec_done(&f->pair);
	if ((e = agent_secret(f->a, &cred, SPAN(want->salt, 32), &secret)))
		return e;
	if (!(e = sec_init(&f->pair, 64))) {
		memcpy(f->pair.p, secret.p, 32);
		crypto_x25519_public(f->pair.p, f->pair.p + 32);
		f->pair.len = 64;
		f->cred = want->cred;
		f->pin = want->pin;
		memcpy(f->salt, want->salt, sizeof f->salt);
	}
	sec_done(&secret);
	return e;
}

/* The stanza says which credential, or the identity does. */
static enum err
open_hmac(struct foreign *f, const struct wrapped *w, uint8_t *file_key)
{
	struct hmac_want want = { f->id->cred, f->id->salt, f->id->pin };
	enum err e;

	if (w->kind == WRAPPED_HMAC)
		want = (struct hmac_want){ buf_span(&w->cred), w->salt, w->pin };
	if ((e = get_pair(f, &want)))
		return e;
	e = age_open_x25519(f->pair.p, w->share, w->body, file_key);
	return e == ERR_RANGE ? ERR_AGE_MATCH : e;
}

/* ---- fido2prf: two secrets for each file ---- */
/* WebAuthn 10.1.4: a salt is SHA-256("WebAuthn PRF" || 0 || input); the input is the label, 1 or 2,
 * and the nonce of the file. */
static void
prf_salts(const uint8_t nonce[IDENT_NONCE], uint8_t salts[64])
{
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t zero = 0, number = (uint8_t)(i + 1);
		const struct span v[] = { SPAN_LIT("WebAuthn PRF"), SPAN(&zero, 1),
			SPAN_LIT(PRF_LABEL), SPAN(&number, 1), SPAN(nonce, IDENT_NONCE) };

		crypto_sha256v(v, sizeof v / sizeof *v, salts + i * 32);
	}
}

static enum err
open_prf(struct foreign *f, const struct wrapped *w, uint8_t *file_key)
{
	struct agent_cred cred = { .rp = f->id->rp, .cred = f->id->cred, .uv = true };
	struct sec secret = { 0 };
	uint8_t salts[64], key[32];
	enum err e;

	prf_salts(w->nonce, salts);
	if ((e = agent_secret(f->a, &cred, SPAN(salts, sizeof salts), &secret)))
		return e;
	/* HKDF-Extract (RFC 5869 2.2), the label as salt */
	crypto_hmac_sha256(SPAN_LIT(PRF_LABEL), sec_span(&secret), key);
	e = age_open_wrapped(key, w->body, file_key);
	sec_zero(key, sizeof key);
	sec_done(&secret);
	return e;
}

enum err
foreign_open(struct foreign *f, const struct wrapped *w, uint8_t file_key[AGE_FILE_KEY])
{
	return f->id->kind == IDENT_PRF ? open_prf(f, w, file_key) : open_hmac(f, w, file_key);
}
