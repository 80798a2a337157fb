/* How keys and passphrases wrap the file key (C2SP age.md, "Native recipient types"). */
#include "lib/age_parts.h"
#include "lib/crypto.h"
#include "lib/text.h"

/* Every wrapping key is used once. */
static const uint8_t zero_nonce[12];

void
age_mac(struct span file_key, struct span maced, uint8_t mac[32])
{
	uint8_t key[32];

	crypto_hkdf256(SPAN_NONE, file_key, SPAN_LIT("header"), key, sizeof(key));
	crypto_hmac_sha256(SPAN(key, sizeof(key)), maced, mac);
	sec_zero(key, sizeof(key));
}

void
age_payload_key(struct span file_key, const uint8_t nonce[AGE_NONCE], uint8_t key[32])
{
	crypto_hkdf256(SPAN(nonce, AGE_NONCE), file_key, SPAN_LIT("payload"), key, 32);
}

void
age_wrap(const uint8_t key[32], const uint8_t *file_key, uint8_t body[AGE_BODY])
{
	/* fails for gigabytes only */
	if (crypto_aead_seal(key, zero_nonce, SPAN_NONE, SPAN(file_key, AGE_FILE_KEY), body))
		memset(body, 0, AGE_BODY);
}

enum err
age_unwrap(const uint8_t key[32], const uint8_t body[AGE_BODY], uint8_t *file_key)
{
	if (crypto_aead_open(key, zero_nonce, SPAN_NONE, SPAN(body, AGE_BODY), file_key))
		return ERR_AGE_MATCH;
	return ERR_OK;
}

enum err
age_open_wrapped(const uint8_t key[32], const uint8_t body[32], uint8_t file_key[AGE_FILE_KEY])
{
	return age_unwrap(key, body, file_key);
}

enum err
age_scrypt(struct span pass, const uint8_t salt[AGE_SALT], unsigned log_n, uint8_t wrap[32])
{
	static const char label[] = "age-encryption.org/v1/scrypt";
	uint8_t s[sizeof(label) - 1 + AGE_SALT];

	memcpy(s, label, sizeof(label) - 1);
	memcpy(s + sizeof(label) - 1, salt, AGE_SALT);
	return crypto_scrypt(pass, SPAN(s, sizeof(s)), log_n, wrap);
}

/* wrap key = HKDF-SHA-256(shared, ephemeral share || recipient, info) */
static enum err
x25519_key(const uint8_t priv[32], const uint8_t theirs[32], const uint8_t salt[64], uint8_t *key)
{
	uint8_t shared[32];
	enum err e;

	if (!(e = crypto_x25519(priv, theirs, shared)))
		crypto_hkdf256(SPAN(salt, 64), SPAN(shared, sizeof(shared)),
		    SPAN_LIT("age-encryption.org/v1/X25519"), key, 32);
	sec_zero(shared, sizeof(shared));
	return e;
}

enum err
age_seal_x25519(const uint8_t pub[32], const uint8_t file_key[AGE_FILE_KEY], uint8_t share[32],
    uint8_t body[32])
{
	uint8_t ephemeral[32], key[32], salt[64];
	enum err e;

	crypto_random(ephemeral, sizeof(ephemeral));
	crypto_x25519_public(ephemeral, salt);
	memcpy(salt + 32, pub, 32);
	if (!(e = x25519_key(ephemeral, pub, salt, key))) {
		age_wrap(key, file_key, body);
		memcpy(share, salt, 32);
	}
	sec_zero(ephemeral, sizeof(ephemeral));
	sec_zero(key, sizeof(key));
	return e;
}

enum err
age_wrap_x25519(const uint8_t pub[32], struct span file_key, struct buf *out)
{
	uint8_t share[32], body[AGE_BODY];
	char text[44] = { 0 };
	enum err e;

	if (!(e = age_seal_x25519(pub, file_key.p, share, body))) {
		text_encode_raw(TEXT_BASE64_NOPAD, SPAN(share, 32), text);
		age_stanza_put(out, "X25519", text, body);
	}
	return e;
}

enum err
age_open_x25519(const uint8_t pair[64], const uint8_t share[32], const uint8_t body[32],
    uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t salt[64], key[32];
	enum err e;

	memcpy(salt, share, 32);
	memcpy(salt + 32, pair + 32, 32);
	if (!(e = x25519_key(pair, share, salt, key)))
		e = age_unwrap(key, body, file_key);
	sec_zero(key, sizeof(key));
	return e;
}

enum err
age_unwrap_x25519(const struct age_stanza *s, const uint8_t priv[32], uint8_t *file_key)
{
	uint8_t pair[64], share[32];
	size_t n;
	enum err e;

	if ((e = text_decode(TEXT_BASE64_NOPAD, s->arg[1], share, 32, &n)))
		return e;
	memcpy(pair, priv, 32);
	crypto_x25519_public(priv, pair + 32);
	e = age_open_x25519(pair, share, s->body, file_key);
	sec_zero(pair, sizeof(pair));
	return e;
}
