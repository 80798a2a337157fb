/* forward_info.c - what a token says of itself, and what of that is shown (CTAP 2.1, 6.4). */
#include "agent/token/forward.h"

#include "lib/cbor.h"

#define MSG_DEFAULT 1024 /* of a token that does not say (CTAP 2.1, 6.4) */
#define MSG_OURS    64	 /* what we add to a request: pinUvAuthParam and its protocol */
#define AAGUID	    16

static enum err
has_text(struct cbor *c, const char *what, bool *has)
{
	struct span t;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	for (; n > 0; n--) {
		if ((e = cbor_get_text(c, &t)))
			return e;
		if (span_is(t, what))
			*has = true;
	}
	return ERR_OK;
}

static enum err
read_options(struct cbor *c, struct forward_info *i)
{
	struct span name;
	size_t n;
	bool on;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	for (; n > 0; n--) {
		if ((e = cbor_get_text(c, &name)) || (e = cbor_get_bool(c, &on)))
			return e;
		if (span_is(name, "clientPin"))
			i->pin_set = on;
		else if (span_is(name, "uv"))
			i->uv = on;
		else if (span_is(name, "alwaysUv"))
			i->always_uv = on;
		else if (span_is(name, "pinUvAuthToken"))
			i->uv_token = on;
	}
	return ERR_OK;
}

static enum err
read_protos(struct cbor *c, struct forward_info *i)
{
	uint64_t p;
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	for (; n > 0; n--) {
		if ((e = cbor_get_uint(c, &p)))
			return e;
		if ((p == 1 || p == 2) && i->nprotos < 2)
			i->proto[i->nprotos++] = p;
	}
	return ERR_OK;
}

static enum err
read_aaguid(struct cbor *c, struct forward_info *i)
{
	struct span s;
	enum err e = cbor_get_bytes(c, &s);

	if (e)
		return e;
	if (s.len != AAGUID)
		return ERR_RANGE;
	memcpy(i->aaguid, s.p, AAGUID);
	return ERR_OK;
}

static enum err
read_info_part(struct cbor *c, uint64_t key, struct forward_info *i)
{
	switch (key) {
	case 1:
		return has_text(c, "FIDO_2_1", &i->fido21);
	case 2:
		return has_text(c, "hmac-secret", &i->hmac_secret);
	case 3:
		return read_aaguid(c, i);
	case 4:
		return read_options(c, i);
	case 5:
		return cbor_get_uint(c, &i->max_msg);
	case 6:
		return read_protos(c, i);
	case 7:
		return cbor_get_uint(c, &i->max_creds);
	case 8:
		return cbor_get_uint(c, &i->max_cred_id);
	default:
		return cbor_skip(c, NULL);
	}
}

enum err
forward_parse_info(struct span cbor, struct forward_info *i)
{
	struct cbor c = cbor_from(cbor);
	uint64_t key;
	size_t n;

	*i = (struct forward_info){ 0 };
	if (cbor_get_map(&c, &n))
		return ERR_LIE_FORMAT;
	for (; n > 0; n--)
		if (cbor_get_uint(&c, &key) || read_info_part(&c, key, i))
			return ERR_LIE_FORMAT;
	return cbor_at_end(&c) ? ERR_OK : ERR_LIE_FORMAT;
}

static void
put_shown_options(const struct forward_info *i, struct buf *out)
{
	bool uv = i->pin_set || i->uv;

	cbor_put_uint(out, 4);
	cbor_put_map(out, 3 + (size_t)uv);
	cbor_put_str(out, "rk");
	cbor_put_bool(out, false);
	cbor_put_str(out, "up");
	cbor_put_bool(out, true);
	if (uv) {
		cbor_put_str(out, "uv");
		cbor_put_bool(out, true);
	}
	cbor_put_str(out, "plat");
	cbor_put_bool(out, false);
}

static void
put_limit(uint64_t key, uint64_t value, struct buf *out)
{
	if (value) {
		cbor_put_uint(out, key);
		cbor_put_uint(out, value);
	}
}

void
forward_put_info(const struct forward_info *i, struct buf *out)
{
	uint64_t msg = i->max_msg > MSG_DEFAULT ? i->max_msg : MSG_DEFAULT;

	buf_put_u8(out, FORWARD_OK);
	cbor_put_map(out,
	    4 + (size_t)i->hmac_secret + (i->nprotos > 0) + (i->max_creds > 0) +
		(i->max_cred_id > 0));
	cbor_put_uint(out, 1);
	cbor_put_array(out, 1 + (size_t)i->fido21);
	cbor_put_str(out, "FIDO_2_0");
	if (i->fido21)
		cbor_put_str(out, "FIDO_2_1");
	if (i->hmac_secret) {
		cbor_put_uint(out, 2);
		cbor_put_array(out, 1);
		cbor_put_str(out, "hmac-secret");
	}
	cbor_put_uint(out, 3);
	cbor_put_bytes(out, SPAN(i->aaguid, sizeof i->aaguid));
	put_shown_options(i, out);
	put_limit(5, msg - MSG_OURS, out);
	if (i->nprotos > 0) {
		cbor_put_uint(out, 6);
		cbor_put_array(out, i->nprotos);
		for (size_t k = 0; k < i->nprotos; k++)
			cbor_put_uint(out, i->proto[k]);
	}
	put_limit(7, i->max_creds, out);
	put_limit(8, i->max_cred_id, out);
}
