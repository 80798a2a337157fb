/*
 * PIN/UV auth protocol one (CTAP 2.1 section 6.5.6) and two (6.5.7).
 */
#include "lib/crypto.h"
#include "tests/softtoken/pin.h"

bool
soft_proto_is_known(const struct softtoken *t, uint64_t proto)
{
	return (proto == 1 || proto == 2) && (t->row->protocols & (1u << (proto - 1)));
}

void
soft_proto_regenerate(struct softtoken *t, unsigned proto)
{
	uint8_t stream[48];
	uint8_t *priv = t->pin.priv[proto - 1];

	do
		crypto_random(stream, sizeof(stream));
	while (crypto_p256_scalar(stream, priv) != ERR_OK ||
	    crypto_p256_public(priv, t->pin.pub[proto - 1]) != ERR_OK);
	sec_zero(stream, sizeof(stream));
}

static void
keys_derive(struct soft_shared *s, const uint8_t z[32])
{
	static const uint8_t salt[32];
	struct span zs = SPAN(z, 32), ss = SPAN(salt, sizeof(salt));

	if (s->proto == 1) {
		crypto_sha256(zs, s->hmac);
		memcpy(s->aes, s->hmac, 32);
		return;
	}
	crypto_hkdf256(ss, zs, SPAN_LIT("CTAP2 HMAC key"), s->hmac, 32);
	crypto_hkdf256(ss, zs, SPAN_LIT("CTAP2 AES key"), s->aes, 32);
}

enum ctap
soft_proto_decapsulate(struct softtoken *t, uint64_t proto, struct span cose, struct soft_shared *s)
{
	uint8_t pub[64], z[32];
	enum ctap r;

	if (!soft_proto_is_known(t, proto))
		return CTAP_INVALID_PARAMETER;
	if ((r = soft_parse_p256(cose, pub)) != CTAP_OK)
		return r;
	if (crypto_p256_ecdh(t->pin.priv[proto - 1], pub, z) != ERR_OK)
		return CTAP_INVALID_PARAMETER;
	s->proto = (unsigned)proto;
	keys_derive(s, z);
	sec_zero(z, sizeof(z));
	return CTAP_OK;
}

bool
soft_proto_verify(const uint8_t key[32], unsigned proto, struct span msg, struct span sig)
{
	size_t n = proto == 1 ? 16 : 32;
	uint8_t mac[32];

	crypto_hmac_sha256(SPAN(key, 32), msg, mac);
	return crypto_eq(SPAN(mac, n), sig);
}

enum ctap
soft_proto_decrypt(const struct soft_shared *s, struct span in, struct buf *out)
{
	const uint8_t *iv = NULL;
	uint8_t *to;

	if (s->proto == 2) {
		if (in.len < 16)
			return CTAP_INVALID_PARAMETER;
		iv = in.p;
		in = span_sub(in, 16, in.len - 16);
	}
	if (in.len == 0 || in.len % 16 != 0)
		return CTAP_INVALID_PARAMETER;
	if ((to = buf_room(out, in.len)) == NULL ||
	    crypto_aes256_cbc(false, s->aes, iv, in, to) != ERR_OK)
		return CTAP_OTHER;
	buf_add(out, in.len);
	return CTAP_OK;
}

enum ctap
soft_proto_encrypt(const struct soft_shared *s, struct span in, struct buf *out)
{
	uint8_t iv[16] = { 0 };
	uint8_t *to;

	if (s->proto == 2) {
		crypto_random(iv, sizeof(iv));
		buf_put(out, iv, sizeof(iv));
	}
	if ((to = buf_room(out, in.len)) == NULL ||
	    crypto_aes256_cbc(true, s->aes, iv, in, to) != ERR_OK)
		return CTAP_OTHER;
	buf_add(out, in.len);
	return CTAP_OK;
}
