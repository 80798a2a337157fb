/*
 * authenticatorClientPIN (CTAP 2.1 section 6.5.5) and the pinUvAuthToken.
 *
 * The number of tries left is on disk before a PIN is compared: who pulls the plug in between has
 * spent a try.
 */
#include "lib/crypto.h"
#include "lib/text.h"
#include "tests/softtoken/pin.h"

#define PIN_PADDED    64
#define PIN_MAX	      63
#define TOKEN_UNUSED  30000  /* an unused token is good for */
#define TOKEN_LONGEST 600000 /* 6.5.2.1: maximum usage period */

struct request {
	struct soft_uint proto;
	struct soft_uint sub;
	struct span key;
	struct span param;
	struct span new_pin;
	struct span pin_hash;
	struct soft_uint perms;
	struct span rp_id;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_UINT, offsetof(struct request, proto), false },
	{ 2, CBOR_UINT, offsetof(struct request, sub), true },
	{ 3, CBOR_MAP, offsetof(struct request, key), false },
	{ 4, CBOR_BYTES, offsetof(struct request, param), false },
	{ 5, CBOR_BYTES, offsetof(struct request, new_pin), false },
	{ 6, CBOR_BYTES, offsetof(struct request, pin_hash), false },
	{ 9, CBOR_UINT, offsetof(struct request, perms), false },
	{ 10, CBOR_TEXT, offsetof(struct request, rp_id), false },
};

bool
soft_pin_is_set(const struct softtoken *t)
{
	return t->store.pin_points > 0 || soft_has(t, SOFT_BLOCKED);
}

static uint32_t
tries_left(const struct softtoken *t)
{
	return soft_has(t, SOFT_BLOCKED) ? 0 : t->store.retries;
}

void
soft_pin_power_up(struct softtoken *t)
{
	memset(&t->pin, 0, sizeof(t->pin));
	soft_proto_regenerate(t, 1);
	soft_proto_regenerate(t, 2);
}

/* --- the PIN --- */

/* Length in code points; 0: no valid UTF-8. */
static uint32_t
points_count(struct span pin)
{
	uint32_t n = 0;
	size_t i;

	if (!text_is_utf8(pin))
		return 0;
	for (i = 0; i < pin.len; i++)
		n += (pin.p[i] & 0xc0) != 0x80;
	return n;
}

static enum ctap
pin_store(struct softtoken *t, struct span pin)
{
	struct soft_store *st = &t->store;
	uint32_t points = points_count(pin);
	uint8_t hash[32];

	if (pin.len > PIN_MAX || points < st->min_pin)
		return CTAP_PIN_POLICY;
	crypto_sha256(pin, hash);
	if (st->force_change && memcmp(st->pin_hash, hash, sizeof(st->pin_hash)) == 0)
		return CTAP_PIN_POLICY;
	memcpy(st->pin_hash, hash, sizeof(st->pin_hash));
	sec_zero(hash, sizeof(hash));
	st->pin_points = points;
	st->retries = SOFT_PIN_TRIES;
	st->force_change = false;
	t->pin.valid = false;
	return CTAP_OK;
}

enum err
soft_pin_preset(struct softtoken *t, struct span pin)
{
	return pin_store(t, pin) == CTAP_OK ? ERR_OK : ERR_RANGE;
}

static enum ctap
pin_new(struct softtoken *t, const struct soft_shared *s, struct span enc)
{
	struct buf pin = BUF_INIT;
	enum ctap r;
	size_t n;

	if ((r = soft_proto_decrypt(s, enc, &pin)) != CTAP_OK)
		goto out;
	if (pin.len != PIN_PADDED) {
		r = CTAP_INVALID_PARAMETER;
		goto out;
	}
	for (n = pin.len; n > 0 && pin.p[n - 1] == 0; n--)
		;
	if ((r = pin_store(t, SPAN(pin.p, n))) == CTAP_OK && soft_store_save(t) != ERR_OK)
		r = CTAP_OTHER;
out:
	buf_done(&pin);
	return r;
}

static enum ctap
pin_wrong(struct softtoken *t, unsigned proto)
{
	soft_proto_regenerate(t, proto);
	t->pin.valid = false;
	if (t->store.retries == 0)
		return CTAP_PIN_BLOCKED;
	if (++t->pin.strikes < SOFT_PIN_STRIKES)
		return CTAP_PIN_INVALID;
	t->pin.locked = !soft_has(t, SOFT_LEAKY_LOCK);
	return CTAP_PIN_AUTH_BLOCKED;
}

static enum ctap
pin_may_try(const struct softtoken *t)
{
	if (!soft_pin_is_set(t))
		return CTAP_PIN_NOT_SET;
	if (tries_left(t) == 0)
		return CTAP_PIN_BLOCKED;
	return t->pin.locked ? CTAP_PIN_AUTH_BLOCKED : CTAP_OK;
}

static enum ctap
pin_compare(struct softtoken *t, const struct soft_shared *s, struct span enc)
{
	struct soft_store *st = &t->store;
	struct buf hash = BUF_INIT;
	bool right;

	st->retries--;
	if (soft_store_save(t) != ERR_OK)
		return CTAP_OTHER;
	if (soft_fault_hit(t, SOFT_KILL, NULL) && t->conf.die != NULL)
		t->conf.die(t->conf.arg);
	right = soft_proto_decrypt(s, enc, &hash) == CTAP_OK &&
	    crypto_eq(buf_span(&hash), SPAN(st->pin_hash, sizeof(st->pin_hash)));
	buf_done(&hash);
	if (!right)
		return pin_wrong(t, s->proto);
	st->retries = SOFT_PIN_TRIES;
	t->pin.strikes = 0;
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

/* --- subcommands --- */

static enum ctap
retries_get(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_map m = { 0 };

	(void)q;
	cbor_put_uint(soft_map_key(&m, 3), tries_left(t));
	if (t->pin.locked)
		cbor_put_bool(soft_map_key(&m, 4), true);
	soft_map_end(&m, rep);
	return CTAP_OK;
}

static enum ctap
agreement_get(struct softtoken *t, const struct request *q, struct buf *rep)
{
	if (!q->proto.has)
		return CTAP_MISSING_PARAMETER;
	if (!soft_proto_is_known(t, q->proto.v))
		return CTAP_INVALID_PARAMETER;
	cbor_put_map(rep, 1);
	cbor_put_uint(rep, 1);
	soft_put_p256(rep, t->pin.pub[q->proto.v - 1], CTAP_ALG_ECDH);
	return CTAP_OK;
}

static enum ctap
shared_make(struct softtoken *t, const struct request *q, struct soft_shared *s)
{
	if (!q->proto.has || q->key.p == NULL)
		return CTAP_MISSING_PARAMETER;
	return soft_proto_decapsulate(t, q->proto.v, q->key, s);
}

static enum ctap
pin_set(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_shared s;
	enum ctap r;

	(void)rep;
	if (q->new_pin.p == NULL || q->param.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if (soft_pin_is_set(t))
		return CTAP_PIN_AUTH_INVALID;
	if ((r = shared_make(t, q, &s)) != CTAP_OK)
		return r;
	if (!soft_proto_verify(s.hmac, s.proto, q->new_pin, q->param))
		r = CTAP_PIN_AUTH_INVALID;
	else
		r = pin_new(t, &s, q->new_pin);
	sec_zero(&s, sizeof(s));
	return r;
}

static enum ctap
change_allow(const struct soft_shared *s, const struct request *q)
{
	struct buf msg = BUF_INIT;
	bool ok;

	buf_put_span(&msg, q->new_pin);
	buf_put_span(&msg, q->pin_hash);
	ok = soft_proto_verify(s->hmac, s->proto, buf_span(&msg), q->param);
	buf_done(&msg);
	return ok ? CTAP_OK : CTAP_PIN_AUTH_INVALID;
}

static enum ctap
pin_change(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_shared s;
	enum ctap r;

	(void)rep;
	if (q->new_pin.p == NULL || q->param.p == NULL || q->pin_hash.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if ((r = pin_may_try(t)) != CTAP_OK || (r = shared_make(t, q, &s)) != CTAP_OK)
		return r;
	if ((r = change_allow(&s, q)) == CTAP_OK &&
	    (r = pin_compare(t, &s, q->pin_hash)) == CTAP_OK)
		r = pin_new(t, &s, q->new_pin);
	sec_zero(&s, sizeof(s));
	return r;
}

/* Old tokens keep one pinToken until power is cut; new ones make a new one each time. */
static enum ctap
token_issue(struct softtoken *t, const struct soft_shared *s, unsigned perms, struct buf *rep)
{
	struct buf enc = BUF_INIT;
	struct soft_pin *p = &t->pin;
	enum ctap r;

	if (!p->valid || p->proto != s->proto || soft_has(t, SOFT_PUAT))
		crypto_random(p->token, sizeof(p->token));
	p->valid = true;
	p->proto = s->proto;
	p->perms = perms;
	p->bound = false;
	p->used = false;
	p->issued = t->now;
	if ((r = soft_proto_encrypt(s, SPAN(p->token, sizeof(p->token)), &enc)) == CTAP_OK) {
		cbor_put_map(rep, 1);
		cbor_put_uint(rep, 2);
		cbor_put_bytes(rep, buf_span(&enc));
	}
	buf_done(&enc);
	return r;
}

static enum ctap
token_get(struct softtoken *t, const struct request *q, unsigned perms, struct buf *rep)
{
	struct soft_shared s;
	enum ctap r;

	if (q->pin_hash.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if ((r = pin_may_try(t)) != CTAP_OK || (r = shared_make(t, q, &s)) != CTAP_OK)
		return r;
	if ((r = pin_compare(t, &s, q->pin_hash)) == CTAP_OK)
		r = t->store.force_change ? CTAP_PIN_POLICY : token_issue(t, &s, perms, rep);
	sec_zero(&s, sizeof(s));
	return r;
}

static enum ctap
token_get_old(struct softtoken *t, const struct request *q, struct buf *rep)
{
	if (q->perms.has || q->rp_id.p != NULL)
		return CTAP_INVALID_PARAMETER;
	return token_get(
	    t, q, soft_has(t, SOFT_PUAT) ? CTAP_PERM_MAKE | CTAP_PERM_ASSERT : CTAP_PERM_ALL, rep);
}

static enum ctap
perms_check(const struct softtoken *t, const struct request *q)
{
	uint64_t known = CTAP_PERM_MAKE | CTAP_PERM_ASSERT;

	if (!soft_has(t, SOFT_PUAT))
		return CTAP_INVALID_SUBCOMMAND;
	if (!q->perms.has)
		return CTAP_MISSING_PARAMETER;
	if (q->perms.v == 0)
		return CTAP_INVALID_PARAMETER;
	if ((q->perms.v & known) != 0 && q->rp_id.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if (soft_has(t, SOFT_MANAGE))
		known |= CTAP_PERM_MANAGE;
	if (soft_has(t, SOFT_CONFIG))
		known |= CTAP_PERM_CONFIG;
	return (q->perms.v & ~known) != 0 ? CTAP_UNAUTHORIZED_PERM : CTAP_OK;
}

static enum ctap
token_get_perms(struct softtoken *t, const struct request *q, struct buf *rep)
{
	enum ctap r;

	if ((r = perms_check(t, q)) != CTAP_OK ||
	    (r = token_get(t, q, (unsigned)q->perms.v, rep)) != CTAP_OK)
		return r;
	if (q->rp_id.p != NULL) {
		t->pin.bound = true;
		crypto_sha256(q->rp_id, t->pin.rp_hash);
	}
	return CTAP_OK;
}

static enum ctap
uv_retries_get(struct softtoken *t, const struct request *q, struct buf *rep)
{
	(void)q;
	(void)rep;
	return t->row->uv_retry;
}

enum ctap
soft_client_pin(struct softtoken *t, struct span req, struct buf *rep)
{
	static const struct {
		uint64_t sub;
		enum ctap (*run)(struct softtoken *, const struct request *, struct buf *);
	} subs[] = {
		{ 0x01, retries_get },
		{ 0x02, agreement_get },
		{ 0x03, pin_set },
		{ 0x04, pin_change },
		{ 0x05, token_get_old },
		{ 0x07, uv_retries_get },
		{ 0x09, token_get_perms },
	};
	struct request q = { 0 };
	enum ctap r;
	size_t i;

	if ((r = SOFT_PARSE(fields, req, &q)) != CTAP_OK)
		return r;
	for (i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		if (subs[i].sub == q.sub.v)
			return subs[i].run(t, &q, rep);
	return CTAP_INVALID_SUBCOMMAND;
}

/* --- for the other commands --- */

enum ctap
soft_pin_probe(struct softtoken *t, const struct soft_auth *a)
{
	enum ctap r;

	if (a->param.p == NULL || a->param.len > 0)
		return CTAP_OK;
	if ((r = soft_op_touch(t)) != CTAP_OK)
		return r;
	return soft_pin_is_set(t) ? CTAP_PIN_INVALID : CTAP_PIN_NOT_SET;
}

static bool
token_is_alive(const struct softtoken *t)
{
	const struct soft_pin *p = &t->pin;
	uint64_t age = t->now - p->issued;

	if (!p->valid || !soft_has(t, SOFT_PUAT))
		return p->valid;
	return age <= TOKEN_LONGEST && (p->used || age <= TOKEN_UNUSED);
}

/* A token without an RP takes the first one it is used for (6.1.2 step 11). */
static bool
token_fits_rp(struct soft_pin *p, const uint8_t *rp_hash)
{
	if (!p->bound)
		return true;
	return rp_hash != NULL && memcmp(p->rp_hash, rp_hash, sizeof(p->rp_hash)) == 0;
}

enum ctap
soft_pin_auth(struct softtoken *t, const struct soft_auth *a, struct span msg, unsigned perm,
    const uint8_t *rp_hash)
{
	struct soft_pin *p = &t->pin;

	if (!a->proto.has)
		return CTAP_MISSING_PARAMETER;
	if (!soft_proto_is_known(t, a->proto.v))
		return CTAP_INVALID_PARAMETER;
	if (!token_is_alive(t) || p->proto != a->proto.v ||
	    !soft_proto_verify(p->token, p->proto, msg, a->param) || !(p->perms & perm) ||
	    !token_fits_rp(p, rp_hash))
		return CTAP_PIN_AUTH_INVALID;
	p->used = true;
	if (rp_hash != NULL && soft_has(t, SOFT_PUAT) && !p->bound) {
		p->bound = true;
		memcpy(p->rp_hash, rp_hash, sizeof(p->rp_hash));
	}
	return CTAP_OK;
}

void
soft_pin_spend(struct softtoken *t)
{
	if (soft_has(t, SOFT_PUAT))
		t->pin.perms = 0;
}
