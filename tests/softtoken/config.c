/*
 * authenticatorConfig, authenticatorReset, authenticatorSelection (CTAP 2.1 sections 6.11, 6.6,
 * 6.9).
 */
#include "tests/softtoken/pin.h"

#define SUB_ALWAYS_UV 0x02
#define SUB_MIN_PIN   0x03
#define RESET_MS      10000

struct request {
	struct soft_uint sub;
	struct span params;
	struct soft_auth auth;
	/* found in params */
	struct soft_uint min_pin;
	bool force;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_UINT, offsetof(struct request, sub), true },
	{ 2, CBOR_MAP, offsetof(struct request, params), false },
	{ 3, CBOR_UINT, offsetof(struct request, auth.proto), false },
	{ 4, CBOR_BYTES, offsetof(struct request, auth.param), false },
};

/* pinUvAuthParam covers 32 x 0xff || 0x0d || subCommand || subCommandParams. */
static enum ctap
person_verify(struct softtoken *t, const struct request *q)
{
	struct buf msg = BUF_INIT;
	uint8_t ones[32];
	enum ctap r;

	if (!soft_pin_is_set(t) && !(q->sub.v == SUB_ALWAYS_UV && t->store.always_uv))
		return CTAP_OK;
	if (q->auth.param.p == NULL)
		return CTAP_PUAT_REQUIRED;
	memset(ones, 0xff, sizeof(ones));
	buf_put(&msg, ones, sizeof(ones));
	buf_put_u8(&msg, CTAP_CONFIG);
	buf_put_u8(&msg, (uint8_t)q->sub.v);
	buf_put_span(&msg, q->params);
	r = soft_pin_auth(t, &q->auth, buf_span(&msg), CTAP_PERM_CONFIG, NULL);
	buf_done(&msg);
	return r;
}

static enum ctap
params_read(struct request *q)
{
	struct cbor c = cbor_from(q->params);
	int64_t key;
	size_t n;

	if (q->params.p == NULL || cbor_get_map(&c, &n) != ERR_OK)
		return CTAP_OK;
	for (; n > 0; n--) {
		if (cbor_get_int(&c, &key) != ERR_OK)
			return CTAP_UNEXPECTED_TYPE;
		if (key == 1) {
			q->min_pin.has = true;
			if (cbor_get_uint(&c, &q->min_pin.v) != ERR_OK)
				return CTAP_UNEXPECTED_TYPE;
		} else if (key == 3) {
			if (cbor_get_bool(&c, &q->force) != ERR_OK)
				return CTAP_UNEXPECTED_TYPE;
		} else if (cbor_skip(&c, NULL) != ERR_OK) {
			return CTAP_INVALID_CBOR;
		}
	}
	return CTAP_OK;
}

static enum ctap
min_pin_set(struct softtoken *t, struct request *q)
{
	struct soft_store *st = &t->store;
	uint64_t min = st->min_pin;
	enum ctap r;

	if ((r = params_read(q)) != CTAP_OK)
		return r;
	if (q->min_pin.has)
		min = q->min_pin.v;
	if (min < st->min_pin || min > 63)
		return CTAP_PIN_POLICY;
	if (q->force && !soft_pin_is_set(t))
		return CTAP_PIN_NOT_SET;
	st->min_pin = (uint32_t)min;
	if (q->force || (soft_pin_is_set(t) && st->pin_points < min))
		st->force_change = true;
	if (st->force_change)
		t->pin.valid = false;
	return CTAP_OK;
}

enum ctap
soft_config(struct softtoken *t, struct span req, struct buf *rep)
{
	struct request q = { 0 };
	enum ctap r;

	(void)rep;
	if (!soft_has(t, SOFT_CONFIG))
		return t->row->config;
	if ((r = SOFT_PARSE(fields, req, &q)) != CTAP_OK)
		return r;
	if (q.sub.v != SUB_ALWAYS_UV && q.sub.v != SUB_MIN_PIN)
		return CTAP_INVALID_PARAMETER;
	if ((r = person_verify(t, &q)) != CTAP_OK)
		return r;
	if (q.sub.v == SUB_ALWAYS_UV)
		t->store.always_uv = !t->store.always_uv;
	else if ((r = min_pin_set(t, &q)) != CTAP_OK)
		return r;
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

enum ctap
soft_reset(struct softtoken *t, struct span req, struct buf *rep)
{
	enum ctap r;

	(void)req;
	(void)rep;
	if (soft_has(t, SOFT_RESET_WINDOW) && !t->op.touched && t->now - t->power_at > RESET_MS)
		return CTAP_NOT_ALLOWED;
	if ((r = soft_op_touch(t)) != CTAP_OK)
		return r;
	soft_store_fresh(t);
	soft_pin_power_up(t);
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

enum ctap
soft_select(struct softtoken *t, struct span req, struct buf *rep)
{
	(void)req;
	(void)rep;
	return soft_op_touch(t);
}
