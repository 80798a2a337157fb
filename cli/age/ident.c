/* ident.c - identities and stanzas: ours and foreign ones. */
#include "cli/age/ident.h"

#include "lib/age_plugin.h"
#include "lib/cbor.h"
#include "lib/text.h"

#define HMAC_HRP     "age-plugin-fido2-hmac-"
#define HMAC_TYPE    "fido2-hmac"
#define HMAC_VERSION 2
#define HMAC_HEAD    35						     /* version, PIN flag, salt */
#define HMAC_MAGIC   "AGE-PLUGIN-FIDO2-HMAC-1VE5KGMEJ945X6CTRM2TF76" /* "no data", of old */
#define PRF_HRP	     "age-plugin-fido2prf-"
#define PRF_TYPE     "age-encryption.org/fido2prf"
#define PRF_VERSION  1
#define FOREIGN	     (HMAC_HEAD + IDENT_CREDS + 512)

void
ident_done(struct ident *id)
{
	buf_done(&id->mem);
}

/* ---- foreign identities ---- */
/* u16 version, flag, salt, credential; nothing: all that is needed is in the stanzas */
static enum err
parse_hmac(struct ident *id)
{
	struct span d = buf_span(&id->mem);

	id->kind = IDENT_HMAC;
	id->rp = SPAN_LIT(IDENT_RP);
	if (d.len == 0)
		return ERR_OK;
	if (d.len < 2 || be16(d.p) != HMAC_VERSION)
		return d.len < 2 ? ERR_AGE_IDENTITY : ERR_VERSION;
	if (d.len <= HMAC_HEAD || d.len - HMAC_HEAD > IDENT_CREDS || d.p[2] > 1)
		return ERR_AGE_IDENTITY;
	id->pin = d.p[2] == 1;
	memcpy(id->salt, d.p + 3, 32);
	id->cred = SPAN(d.p + HMAC_HEAD, d.len - HMAC_HEAD);
	return ERR_OK;
}

/* CBOR: version, credential, relying party, transports */
static enum err
parse_prf(struct ident *id)
{
	struct cbor c = cbor_from(buf_span(&id->mem));
	struct span transport;
	uint64_t version;
	size_t n;

	id->kind = IDENT_PRF;
	id->pin = true;
	if (cbor_get_uint(&c, &version))
		return ERR_AGE_IDENTITY;
	if (version != PRF_VERSION)
		return ERR_VERSION;
	if (cbor_get_bytes(&c, &id->cred) || cbor_get_text(&c, &id->rp) || cbor_get_array(&c, &n))
		return ERR_AGE_IDENTITY;
	for (; n > 0; n--)
		if (cbor_get_text(&c, &transport))
			return ERR_AGE_IDENTITY;
	if (!cbor_at_end(&c) || !id->cred.len || id->cred.len > IDENT_CREDS || !id->rp.len ||
	    id->rp.len > 255)
		return ERR_AGE_IDENTITY;
	return ERR_OK;
}

/* ERR_FORMAT: it is none of these. */
static enum err
parse_foreign(struct span text, struct ident *id)
{
	uint8_t data[FOREIGN];
	size_t n;
	bool hmac;

	if (span_is(text, HMAC_MAGIC))
		return parse_hmac(id);
	hmac = !text_bech32_decode(text, HMAC_HRP, data, sizeof data, &n);
	if (!hmac && text_bech32_decode(text, PRF_HRP, data, sizeof data, &n))
		return ERR_FORMAT;
	buf_put(&id->mem, data, n);
	if (buf_err(&id->mem))
		return ERR_NOMEM;
	return hmac ? parse_hmac(id) : parse_prf(id);
}

/* ---- ours ---- */
static enum err
parse_wrapped_foreign(struct ident *id)
{
	struct buf text = id->mem, empty = BUF_INIT;
	enum err e;

	id->mem = empty;
	e = parse_foreign(buf_span(&text), id);
	buf_done(&text);
	return e;
}

static enum err
parse_own(struct span text, struct ident *id)
{
	enum age_plugin_kind kind;
	enum err e;

	if ((e = age_plugin_identity_parse(text, &kind, &id->mem)))
		return e;
	if (kind == AGE_PLUGIN_FOREIGN)
		return parse_wrapped_foreign(id);
	id->kind = kind == AGE_PLUGIN_LABEL ? IDENT_LABEL : IDENT_ANY;
	id->label = buf_span(&id->mem);
	return id->label.len > 1023 ? ERR_FORMAT : ERR_OK;
}

enum err
ident_parse(struct span text, struct ident *id)
{
	enum err e;

	*id = (struct ident){ .kind = IDENT_ANY };
	e = parse_own(text, id);
	if (e == ERR_FORMAT && !id->mem.len)
		e = parse_foreign(text, id);
	if (e)
		ident_done(id);
	return e == ERR_FORMAT ? ERR_AGE_IDENTITY : e;
}

/* ---- stanzas ---- */
/* Exactly n bytes. */
static enum err
decode(struct span text, uint8_t *out, size_t n)
{
	size_t got;

	return text_decode(TEXT_BASE64_NOPAD, text, out, n, &got) || got != n ? ERR_AGE_STANZA
									      : ERR_OK;
}

static enum err
take_body(struct span body, struct wrapped *w)
{
	if (body.len != sizeof w->body)
		return ERR_AGE_STANZA;
	memcpy(w->body, body.p, body.len);
	return ERR_OK;
}

/* fido2-hmac VERSION SHARE PIN SALT CREDENTIAL; the first version had a salt of 32 bytes there */
static enum err
parse_hmac_stanza(const struct span *arg, size_t nargs, struct wrapped *w, bool *known)
{
	uint8_t version[32], pin, cred[IDENT_CREDS];
	size_t n;
	enum err e;

	w->kind = WRAPPED_HMAC;
	if (nargs < 2 || text_decode(TEXT_BASE64_NOPAD, arg[1], version, sizeof version, &n))
		return ERR_AGE_STANZA;
	if (n != 2 || be16(version) != HMAC_VERSION) {
		*known = false;
		return ERR_OK;
	}
	/* a longer share is for a key that withstands quantum computers, which we have none of */
	if (nargs == 6 && arg[2].len > 43) {
		*known = false;
		return ERR_OK;
	}
	if (nargs != 6 || (e = decode(arg[2], w->share, 32)) || (e = decode(arg[3], &pin, 1)) ||
	    pin > 1 || (e = decode(arg[4], w->salt, 32)) ||
	    text_decode(TEXT_BASE64_NOPAD, arg[5], cred, sizeof cred, &n) || n == 0)
		return ERR_AGE_STANZA;
	w->pin = pin == 1;
	buf_put(&w->cred, cred, n);
	return buf_err(&w->cred);
}

enum err
wrapped_parse(
    const struct span *arg, size_t nargs, struct span body, struct wrapped *w, bool *known)
{
	enum err e = ERR_OK;

	*w = (struct wrapped){ .kind = WRAPPED_X25519 };
	*known = true;
	if (span_is(arg[0], "X25519")) {
		e = nargs == 2 ? decode(arg[1], w->share, 32) : ERR_AGE_STANZA;
	} else if (span_is(arg[0], HMAC_TYPE)) {
		e = parse_hmac_stanza(arg, nargs, w, known);
	} else if (span_is(arg[0], PRF_TYPE)) {
		w->kind = WRAPPED_PRF;
		e = nargs == 2 ? decode(arg[1], w->nonce, sizeof w->nonce) : ERR_AGE_STANZA;
	} else {
		*known = false;
	}
	if (!e && *known)
		e = take_body(body, w);
	if (e || !*known)
		buf_done(&w->cred);
	return e;
}
