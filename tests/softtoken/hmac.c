/*
 * hmac-secret (CTAP 2.1 section 12.5): the output is bound to credential, salt, and whether the
 * person was verified.
 */
#include "lib/crypto.h"
#include "tests/softtoken/cred.h"
#include "tests/softtoken/pin.h"

struct input {
	struct span key;
	struct span salts;
	struct span auth;
	struct soft_uint proto;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_MAP, offsetof(struct input, key), true },
	{ 2, CBOR_BYTES, offsetof(struct input, salts), true },
	{ 3, CBOR_BYTES, offsetof(struct input, auth), true },
	{ 4, CBOR_UINT, offsetof(struct input, proto), false },
};

static enum ctap
salts_open(struct softtoken *t, struct span input, struct soft_shared *s, struct buf *salts)
{
	struct input in = { 0 };
	enum ctap r;

	if ((r = SOFT_PARSE(fields, input, &in)) != CTAP_OK)
		return r;
	if (!in.proto.has)
		in.proto.v = 1;
	if ((r = soft_proto_decapsulate(t, in.proto.v, in.key, s)) != CTAP_OK)
		return r;
	if (!soft_proto_verify(s->hmac, s->proto, in.salts, in.auth))
		return CTAP_PIN_AUTH_INVALID;
	if ((r = soft_proto_decrypt(s, in.salts, salts)) != CTAP_OK)
		return r;
	return salts->len == 32 || salts->len == 64 ? CTAP_OK : CTAP_INVALID_LENGTH;
}

enum ctap
soft_hmac_check(struct softtoken *t, struct span input)
{
	struct soft_shared s = { 0 };
	struct buf salts = BUF_INIT;
	enum ctap r = salts_open(t, input, &s, &salts);

	buf_done(&salts);
	sec_zero(&s, sizeof(s));
	return r;
}

static void
secret_put(struct softtoken *t, const uint8_t key[32], struct span salts, struct buf *out)
{
	uint8_t mac[32];
	size_t at;

	for (at = 0; at < salts.len; at += 32) {
		crypto_hmac_sha256(SPAN(key, 32), SPAN(salts.p + at, 32), mac);
		buf_put(out, mac, sizeof(mac));
	}
	sec_zero(mac, sizeof(mac));
	if (soft_fault_hit(t, SOFT_UNSTABLE_SECRET, NULL) && out->p != NULL)
		crypto_random(out->p, out->len);
	if (soft_fault_hit(t, SOFT_SHORT_SECRET, NULL) && out->len > 16)
		out->len = 16;
}

enum ctap
soft_hmac_secret(
    struct softtoken *t, const struct soft_cred *c, bool uv, struct span input, struct buf *out)
{
	struct soft_shared s = { 0 };
	struct buf salts = BUF_INIT, secret = BUF_INIT;
	uint8_t key[32];
	enum ctap r;

	if ((r = salts_open(t, input, &s, &salts)) == CTAP_OK) {
		soft_cred_random(t, c, uv, key);
		secret_put(t, key, buf_span(&salts), &secret);
		r = soft_proto_encrypt(&s, buf_span(&secret), out);
	}
	sec_zero(key, sizeof(key));
	sec_zero(&s, sizeof(s));
	buf_done(&salts);
	buf_done(&secret);
	return r;
}
