/*
 * authenticatorGetInfo (CTAP 2.1 section 6.4).
 */
#include "tests/softtoken/core.h"
#include "tests/softtoken/parse.h"
#include "tests/softtoken/pin.h"

/* Those of the n names whose bit is set. */
static void
names_put(struct buf *b, const char *const *names, size_t n, unsigned mask)
{
	size_t i;

	cbor_put_array(b, (size_t)__builtin_popcount(mask));
	for (i = 0; i < n; i++)
		if (mask & (1u << i))
			cbor_put_str(b, names[i]);
}

static unsigned
extensions(const struct softtoken *t)
{
	return (soft_has(t, SOFT_PROTECT) ? 1u : 0) | (soft_has(t, SOFT_HMAC) ? 2u : 0);
}

/* In canonical order: shorter names first. */
static void
options_put(const struct softtoken *t, struct buf *b)
{
	struct soft_map m = { 0 };
	bool always = t->store.always_uv;

	cbor_put_bool(soft_map_str(&m, "rk"), true);
	cbor_put_bool(soft_map_str(&m, "up"), true);
	cbor_put_bool(soft_map_str(&m, "plat"), false);
	if (soft_has(t, SOFT_CONFIG))
		cbor_put_bool(soft_map_str(&m, "alwaysUv"), always);
	if (soft_has(t, SOFT_MANAGE))
		cbor_put_bool(soft_map_str(&m, "credMgmt"), true);
	if (soft_has(t, SOFT_CONFIG))
		cbor_put_bool(soft_map_str(&m, "authnrCfg"), true);
	cbor_put_bool(soft_map_str(&m, "clientPin"), soft_pin_is_set(t));
	if (soft_has(t, SOFT_PUAT))
		cbor_put_bool(soft_map_str(&m, "pinUvAuthToken"), true);
	if (soft_has(t, SOFT_CONFIG))
		cbor_put_bool(soft_map_str(&m, "setMinPINLength"), true);
	if (soft_has(t, SOFT_NOT_RQD))
		cbor_put_bool(soft_map_str(&m, "makeCredUvNotRqd"), !always);
	if (soft_has(t, SOFT_MANAGE_PRE))
		cbor_put_bool(soft_map_str(&m, "credentialMgmtPreview"), true);
	soft_map_end(&m, b);
}

/* The preferred one first (6.4). */
static void
protocols_put(const struct softtoken *t, struct buf *b)
{
	bool two = (t->row->protocols & 2) != 0;

	cbor_put_array(b, two ? 2 : 1);
	if (two)
		cbor_put_uint(b, 2);
	cbor_put_uint(b, 1);
}

static void
algorithm_put(struct buf *b, int64_t alg)
{
	cbor_put_map(b, 2);
	cbor_put_str(b, "alg");
	cbor_put_int(b, alg);
	cbor_put_str(b, "type");
	cbor_put_str(b, "public-key");
}

static void
limits_put(const struct softtoken *t, struct soft_map *m)
{
	static const char *const transports[] = { "usb" };
	struct buf *b;

	cbor_put_uint(soft_map_key(m, 0x07), t->row->max_list);
	cbor_put_uint(soft_map_key(m, 0x08), t->row->max_id);
	names_put(soft_map_key(m, 0x09), transports, 1, 1);
	if (soft_has(t, SOFT_ALGS)) {
		b = soft_map_key(m, 0x0a);
		cbor_put_array(b, 2);
		algorithm_put(b, CTAP_ALG_ES256);
		algorithm_put(b, CTAP_ALG_EDDSA);
	}
}

static void
state_put(const struct softtoken *t, struct soft_map *m)
{
	size_t left = soft_has(t, SOFT_NO_ROOM) ? 0 : SOFT_RK_MAX - t->store.nrk;

	cbor_put_bool(soft_map_key(m, 0x0c), t->store.force_change);
	cbor_put_uint(soft_map_key(m, 0x0d), t->store.min_pin);
	cbor_put_uint(soft_map_key(m, 0x0e), t->row->firmware);
	cbor_put_uint(soft_map_key(m, 0x14), left);
}

enum ctap
soft_info(struct softtoken *t, struct span req, struct buf *rep)
{
	static const char *const versions[] = { "FIDO_2_0", "FIDO_2_1_PRE", "FIDO_2_1" };
	static const char *const exts[] = { "credProtect", "hmac-secret" };
	struct soft_map m = { 0 };

	(void)req;
	names_put(soft_map_key(&m, 0x01), versions, 3, t->row->versions);
	if (extensions(t) != 0)
		names_put(soft_map_key(&m, 0x02), exts, 2, extensions(t));
	cbor_put_bytes(soft_map_key(&m, 0x03), SPAN(SOFTTOKEN_AAGUID, SOFTTOKEN_AAGUID_LEN));
	options_put(t, soft_map_key(&m, 0x04));
	cbor_put_uint(soft_map_key(&m, 0x05), t->row->max_msg);
	protocols_put(t, soft_map_key(&m, 0x06));
	if (t->row->versions != SOFT_2_0)
		limits_put(t, &m);
	if (soft_has(t, SOFT_PUAT))
		state_put(t, &m);
	soft_map_end(&m, rep);
	return CTAP_OK;
}
