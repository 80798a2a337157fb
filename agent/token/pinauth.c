/* pinauth.c - key agreement, PIN token, parameter (CTAP 2.1, 6.5.5). */
#include "agent/token/pinauth.h"

#include "lib/cbor.h"
#include "lib/crypto.h"

#define CMD_PIN	      6
#define SUB_AGREE     2
#define SUB_TOKEN     5
#define SUB_TOKEN_PIN 9
#define PERMISSION_GA 2 /* getAssertion */
#define PIN_HASH      16

void
pinauth_put_agree(uint64_t proto, struct buf *out)
{
	buf_put_u8(out, CMD_PIN);
	cbor_put_map(out, 2);
	cbor_put_uint(out, 1);
	cbor_put_uint(out, proto);
	cbor_put_uint(out, 2);
	cbor_put_uint(out, SUB_AGREE);
}

/* ---- key agreement ---- */
/* {1: {1: 2, 3: -25, -1: 1, -2: x, -3: y}} */
static enum err
read_point(struct span answer, uint8_t pub[64])
{
	struct cbor c = cbor_from(answer);
	struct span part;
	int64_t k, v;
	uint64_t key;
	size_t n;

	if (cbor_get_map(&c, &n) || n != 1 || cbor_get_uint(&c, &key) || key != 1 ||
	    cbor_get_map(&c, &n))
		return ERR_LIE_FORMAT;
	for (unsigned have = 0; n > 0; n--) {
		if (cbor_get_int(&c, &k))
			return ERR_LIE_FORMAT;
		if (k != -2 && k != -3) {
			if (cbor_get_int(&c, &v))
				return ERR_LIE_FORMAT;
			continue;
		}
		if (cbor_get_bytes(&c, &part) || part.len != 32)
			return ERR_LIE_FORMAT;
		memcpy(pub + (k == -2 ? 0 : 32), part.p, 32);
		/* one of them twice is not both */
		if ((have |= k == -2 ? 1 : 2) == 3)
			return ERR_OK;
	}
	return ERR_LIE_FORMAT;
}

static enum err
make_key(struct sec *priv, uint8_t pub[64])
{
	struct sec stream = { 0 };
	enum err e;

	if ((e = sec_init(&stream, 48)) || (e = sec_random(&stream, 48)) ||
	    (e = crypto_p256_scalar(stream.p, priv->p)) || (e = crypto_p256_public(priv->p, pub)))
		priv->len = 0;
	else
		priv->len = 32;
	sec_done(&stream);
	return e;
}

static void
derive(uint64_t proto, struct span z, struct sec *keys)
{
	static const uint8_t salt[32];
	struct span s = SPAN(salt, sizeof salt);

	if (proto == 1) {
		crypto_sha256(z, keys->p);
		memcpy(keys->p + 32, keys->p, 32);
	} else {
		crypto_hkdf256(s, z, SPAN_LIT("CTAP2 HMAC key"), keys->p, 32);
		crypto_hkdf256(s, z, SPAN_LIT("CTAP2 AES key"), keys->p + 32, 32);
	}
	keys->len = 64;
}

enum err
pinauth_agree(struct pinauth *p, uint64_t proto, struct span answer)
{
	struct sec priv = { 0 }, z = { 0 };
	uint8_t theirs[64];
	enum err e;

	*p = (struct pinauth){ .proto = proto };
	if ((e = read_point(answer, theirs)) || (e = sec_init(&priv, 32)) ||
	    (e = sec_init(&z, 32)) || (e = sec_init(&p->keys, 64)) || (e = make_key(&priv, p->pub)))
		goto out;
	if ((e = crypto_p256_ecdh(priv.p, theirs, z.p)) == ERR_OK)
		derive(proto, SPAN(z.p, 32), &p->keys);
	else
		e = ERR_LIE_FORMAT;
out:
	sec_done(&priv);
	sec_done(&z);
	if (e)
		pinauth_done(p);
	return e;
}

void
pinauth_done(struct pinauth *p)
{
	sec_done(&p->keys);
}

/* ---- the PIN token ---- */
static void
put_key(const struct pinauth *p, struct buf *out)
{
	static const int64_t head[] = { 1, 2, 3, -25, -1, 1 };

	cbor_put_uint(out, 3);
	cbor_put_map(out, 5);
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		cbor_put_int(out, head[i]);
	cbor_put_int(out, -2);
	cbor_put_bytes(out, SPAN(p->pub, 32));
	cbor_put_int(out, -3);
	cbor_put_bytes(out, SPAN(p->pub + 32, 32));
}

/* The left half of SHA-256(PIN), encrypted; *n bytes of out. */
static enum err
encrypt_pin(const struct pinauth *p, struct span pin, uint8_t out[32], size_t *n)
{
	struct sec hash = { 0 };
	const uint8_t *iv = NULL;
	uint8_t *to = out;
	enum err e;

	if ((e = sec_init(&hash, 32)))
		return e;
	crypto_sha256(pin, hash.p);
	if (p->proto == 2) {
		crypto_random(out, 16);
		iv = out;
		to = out + 16;
	}
	e = crypto_aes256_cbc(true, p->keys.p + 32, iv, SPAN(hash.p, PIN_HASH), to);
	*n = (size_t)(to - out) + PIN_HASH;
	sec_done(&hash);
	return e;
}

enum err
pinauth_put_token(const struct pinauth *p, struct span pin, struct span rp_id, struct buf *out)
{
	bool permissions = rp_id.len > 0;
	uint8_t enc[32];
	size_t n;
	enum err e;

	if ((e = encrypt_pin(p, pin, enc, &n)))
		return e;
	buf_put_u8(out, CMD_PIN);
	cbor_put_map(out, permissions ? 6 : 4);
	cbor_put_uint(out, 1);
	cbor_put_uint(out, p->proto);
	cbor_put_uint(out, 2);
	cbor_put_uint(out, permissions ? SUB_TOKEN_PIN : SUB_TOKEN);
	put_key(p, out);
	cbor_put_uint(out, 6);
	cbor_put_bytes(out, SPAN(enc, n));
	if (permissions) {
		cbor_put_uint(out, 9);
		cbor_put_uint(out, PERMISSION_GA);
		cbor_put_uint(out, 10);
		cbor_put_text(out, rp_id);
	}
	return buf_err(out);
}

enum err
pinauth_token(const struct pinauth *p, struct span answer, struct sec *token)
{
	struct cbor c = cbor_from(answer);
	const uint8_t *iv = NULL;
	struct span enc;
	uint64_t key;
	size_t n;
	enum err e;

	if (cbor_get_map(&c, &n) || n != 1 || cbor_get_uint(&c, &key) || key != 2 ||
	    cbor_get_bytes(&c, &enc))
		return ERR_LIE_FORMAT;
	if (p->proto == 2) {
		if (enc.len != 48)
			return ERR_LIE_FORMAT;
		iv = enc.p;
		enc = span_sub(enc, 16, 32);
	}
	if (enc.len != 16 && enc.len != 32)
		return ERR_LIE_FORMAT;
	if ((e = sec_init(token, enc.len)))
		return e;
	token->len = enc.len;
	return crypto_aes256_cbc(false, p->keys.p + 32, iv, enc, token->p);
}

size_t
pinauth_param(uint64_t proto, const struct sec *token, struct span cdh, uint8_t out[32])
{
	crypto_hmac_sha256(sec_span(token), cdh, out);
	return proto == 1 ? 16 : 32;
}

enum err
pinauth_retries(struct span answer, uint64_t *retries)
{
	struct cbor c = cbor_from(answer);
	uint64_t key;
	size_t n;

	if (cbor_get_map(&c, &n))
		return ERR_LIE_FORMAT;
	for (; n > 0; n--) {
		if (cbor_get_uint(&c, &key))
			return ERR_LIE_FORMAT;
		if (key == 3)
			return cbor_get_uint(&c, retries) || *retries > 255 ? ERR_LIE_FORMAT
									    : ERR_OK;
		if (cbor_skip(&c, NULL))
			return ERR_LIE_FORMAT;
	}
	return ERR_LIE_FORMAT;
}
