/* transport.c - sealing a secret for the way over the bus. */
#include "cli/secrets/transport.h"

#include "lib/crypto_modp.h"

#define DH "dh-ietf1024-sha256-aes128-cbc-pkcs7"

static enum err
agree(struct transport *t, struct span theirs, uint8_t ours[TRANSPORT_PUBLIC])
{
	struct sec priv = { 0 }, shared = { 0 };
	enum err e;

	if ((e = sec_init(&priv, CRYPTO_MODP_PRIVATE)) ||
	    (e = sec_init(&shared, CRYPTO_MODP_LEN)) ||
	    (e = sec_random(&priv, CRYPTO_MODP_PRIVATE)) ||
	    (e = crypto_modp_shared(sec_span(&priv), theirs, shared.p)))
		goto out;
	shared.len = CRYPTO_MODP_LEN;
	crypto_modp_public(sec_span(&priv), ours);
	crypto_hkdf256(SPAN_NONE, sec_span(&shared), SPAN_NONE, t->key, sizeof t->key);
	t->kind = TRANSPORT_DH;
out:
	sec_done(&shared);
	sec_done(&priv);
	return e;
}

enum err
transport_open(
    struct transport *t, struct span algorithm, struct span theirs, uint8_t ours[TRANSPORT_PUBLIC])
{
	struct transport new = { .kind = TRANSPORT_PLAIN };
	enum err e = ERR_OK;

	if (span_is(algorithm, DH))
		e = agree(&new, theirs, ours);
	else if (!span_is(algorithm, "plain"))
		e = ERR_UNSUPPORTED;
	if (!e)
		*t = new;
	transport_done(&new);
	return e;
}

void
transport_done(struct transport *t)
{
	sec_zero(t, sizeof *t);
}

/* An iv is never used twice: it is drawn for each secret. */
enum err
transport_seal(
    const struct transport *t, struct span secret, struct buf *parameters, struct buf *value)
{
	size_t len = secret.len / TRANSPORT_BLOCK * TRANSPORT_BLOCK + TRANSPORT_BLOCK;
	uint8_t iv[TRANSPORT_BLOCK], *out;
	enum err e;

	if (t->kind == TRANSPORT_PLAIN) {
		buf_put_span(value, secret);
		return buf_err(value);
	}
	if (!(out = buf_room(value, len)))
		return buf_err(value);
	crypto_random(iv, sizeof iv);
	if ((e = crypto_aes128_seal(t->key, iv, secret, out)))
		return e;
	buf_put(parameters, iv, sizeof iv);
	if ((e = buf_err(parameters)))
		return e;
	buf_add(value, len);
	return ERR_OK;
}

static enum err
unseal(const struct transport *t, struct span iv, struct span value, struct sec *out)
{
	enum err e;

	if (value.len == 0 || value.len % TRANSPORT_BLOCK || iv.len != TRANSPORT_BLOCK)
		return ERR_FORMAT;
	if ((e = sec_init(out, value.len)))
		return e;
	return crypto_aes128_open(t->key, iv.p, value, out->p, &out->len);
}

/* Who says "plain" sends no parameters, by the specification; some send what they have. */
enum err
transport_unseal(
    const struct transport *t, struct span parameters, struct span value, struct sec *secret)
{
	struct sec out = { 0 };
	enum err e;

	if (value.len > TRANSPORT_SEALED_MAX)
		return ERR_TOOBIG;
	if (t->kind == TRANSPORT_DH)
		e = unseal(t, parameters, value, &out);
	else if (!(e = sec_init(&out, value.len ? value.len : 1)))
		e = sec_set(&out, value);
	if (!e)
		sec_move(secret, &out);
	sec_done(&out);
	return e;
}
