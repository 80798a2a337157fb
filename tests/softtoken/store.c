/*
 * What survives without power, as one CBOR map.
 */
#include "lib/crypto.h"
#include "tests/softtoken/core.h"
#include "tests/softtoken/parse.h"

#define STORE_VERSION 1
#define COUNTER_STEP  32 /* the counter is saved ahead of use, once for so many */

void
soft_store_fresh(struct softtoken *t)
{
	struct soft_store *st = &t->store;

	memset(st, 0, sizeof(*st));
	crypto_random(st->master, sizeof(st->master));
	st->retries = SOFT_PIN_TRIES;
	st->min_pin = 4;
	st->always_uv = soft_has(t, SOFT_ALWAYS_UV);
}

enum ctap
soft_store_count(struct softtoken *t, uint32_t *counter)
{
	struct soft_store *st = &t->store;

	if (t->counter >= st->counter_top) {
		st->counter_top = t->counter + COUNTER_STEP;
		if (soft_store_save(t) != ERR_OK)
			return CTAP_OTHER;
	}
	*counter = ++t->counter;
	return CTAP_OK;
}

/* --- writing --- */

static void
text_put(struct buf *b, const struct soft_text *s)
{
	cbor_put_text(b, SPAN(s->p, s->len));
}

static void
rk_put(struct buf *b, const struct soft_rk *k)
{
	struct soft_map m = { 0 };

	cbor_put_bytes(soft_map_key(&m, 1), SPAN(k->rp_hash, sizeof(k->rp_hash)));
	text_put(soft_map_key(&m, 2), &k->rp_id);
	cbor_put_bytes(soft_map_key(&m, 3), SPAN(k->user_id, k->user_id_len));
	text_put(soft_map_key(&m, 4), &k->user_name);
	text_put(soft_map_key(&m, 5), &k->user_display);
	cbor_put_uint(soft_map_key(&m, 6), k->order);
	cbor_put_bytes(soft_map_key(&m, 7), SPAN(k->id, k->id_len));
	soft_map_end(&m, b);
}

static void
store_put(struct buf *b, const struct soft_store *st)
{
	struct soft_map m = { 0 };
	struct buf *list;
	size_t i;

	cbor_put_uint(soft_map_key(&m, 1), STORE_VERSION);
	cbor_put_bytes(soft_map_key(&m, 2), SPAN(st->master, sizeof(st->master)));
	cbor_put_uint(soft_map_key(&m, 3), st->counter_top);
	cbor_put_uint(soft_map_key(&m, 4), st->retries);
	cbor_put_uint(soft_map_key(&m, 5), st->min_pin);
	cbor_put_uint(soft_map_key(&m, 6), st->pin_points);
	cbor_put_bytes(soft_map_key(&m, 7), SPAN(st->pin_hash, sizeof(st->pin_hash)));
	cbor_put_uint(soft_map_key(&m, 8), st->force_change ? 1 : 0);
	cbor_put_uint(soft_map_key(&m, 9), st->always_uv ? 1 : 0);
	cbor_put_uint(soft_map_key(&m, 10), st->order);
	list = soft_map_key(&m, 11);
	cbor_put_array(list, st->nrk);
	for (i = 0; i < st->nrk; i++)
		rk_put(list, &st->rk[i]);
	soft_map_end(&m, b);
}

enum err
soft_store_save(struct softtoken *t)
{
	struct buf b = BUF_INIT;
	enum err r;

	if (t->conf.save == NULL)
		return ERR_OK;
	store_put(&b, &t->store);
	if ((r = buf_err(&b)) == ERR_OK)
		r = t->conf.save(t->conf.arg, buf_span(&b));
	buf_done(&b);
	return r;
}

/* --- reading --- */

struct stored_rk {
	struct span rp_hash, rp_id, user_id, user_name, user_display, id;
	struct soft_uint order;
};

static const struct soft_field rk_fields[] = {
	{ 1, CBOR_BYTES, offsetof(struct stored_rk, rp_hash), true },
	{ 2, CBOR_TEXT, offsetof(struct stored_rk, rp_id), true },
	{ 3, CBOR_BYTES, offsetof(struct stored_rk, user_id), true },
	{ 4, CBOR_TEXT, offsetof(struct stored_rk, user_name), true },
	{ 5, CBOR_TEXT, offsetof(struct stored_rk, user_display), true },
	{ 6, CBOR_UINT, offsetof(struct stored_rk, order), true },
	{ 7, CBOR_BYTES, offsetof(struct stored_rk, id), true },
};

static bool
text_get(struct soft_text *to, struct span s)
{
	if (s.len > sizeof(to->p))
		return false;
	to->len = (uint8_t)s.len;
	if (s.len > 0)
		memcpy(to->p, s.p, s.len);
	return true;
}

static enum err
rk_get(struct soft_rk *k, struct span item)
{
	struct stored_rk s = { 0 };

	if (SOFT_PARSE(rk_fields, item, &s) != CTAP_OK || s.rp_hash.len != sizeof(k->rp_hash) ||
	    s.user_id.len > sizeof(k->user_id) || s.id.len > sizeof(k->id) ||
	    !text_get(&k->rp_id, s.rp_id) || !text_get(&k->user_name, s.user_name) ||
	    !text_get(&k->user_display, s.user_display))
		return ERR_FORMAT;
	memcpy(k->rp_hash, s.rp_hash.p, sizeof(k->rp_hash));
	memcpy(k->user_id, s.user_id.p, s.user_id.len);
	memcpy(k->id, s.id.p, s.id.len);
	k->user_id_len = (uint8_t)s.user_id.len;
	k->id_len = (uint8_t)s.id.len;
	k->order = s.order.v;
	return ERR_OK;
}

struct stored {
	struct soft_uint version, top, retries, min_pin, points, force, always, order;
	struct span master, pin_hash, list;
};

static const struct soft_field store_fields[] = {
	{ 1, CBOR_UINT, offsetof(struct stored, version), true },
	{ 2, CBOR_BYTES, offsetof(struct stored, master), true },
	{ 3, CBOR_UINT, offsetof(struct stored, top), true },
	{ 4, CBOR_UINT, offsetof(struct stored, retries), true },
	{ 5, CBOR_UINT, offsetof(struct stored, min_pin), true },
	{ 6, CBOR_UINT, offsetof(struct stored, points), true },
	{ 7, CBOR_BYTES, offsetof(struct stored, pin_hash), true },
	{ 8, CBOR_UINT, offsetof(struct stored, force), true },
	{ 9, CBOR_UINT, offsetof(struct stored, always), true },
	{ 10, CBOR_UINT, offsetof(struct stored, order), true },
	{ 11, CBOR_ARRAY, offsetof(struct stored, list), true },
};

static enum err
list_get(struct soft_store *st, struct span list)
{
	struct cbor c = cbor_from(list);
	struct span item;
	enum err r;
	size_t n;

	if ((r = cbor_get_array(&c, &n)) != ERR_OK)
		return r;
	if (n > SOFT_RK_MAX)
		return ERR_FORMAT;
	for (st->nrk = 0; st->nrk < n; st->nrk++)
		if ((r = cbor_skip(&c, &item)) != ERR_OK ||
		    (r = rk_get(&st->rk[st->nrk], item)) != ERR_OK)
			return r;
	return ERR_OK;
}

static bool
is_sane(const struct stored *s, const struct soft_store *st)
{
	return s->version.v == STORE_VERSION && s->master.len == sizeof(st->master) &&
	    s->pin_hash.len == sizeof(st->pin_hash) && s->top.v < UINT32_MAX - 2 * COUNTER_STEP &&
	    s->retries.v <= SOFT_PIN_TRIES && s->min_pin.v <= 63 && s->points.v <= 63;
}

enum err
soft_store_load(struct softtoken *t, struct span state)
{
	struct soft_store *st = &t->store;
	struct stored s = { 0 };

	memset(st, 0, sizeof(*st));
	if (cbor_check(state) != ERR_OK || SOFT_PARSE(store_fields, state, &s) != CTAP_OK ||
	    !is_sane(&s, st))
		return ERR_FORMAT;
	memcpy(st->master, s.master.p, sizeof(st->master));
	memcpy(st->pin_hash, s.pin_hash.p, sizeof(st->pin_hash));
	st->counter_top = (uint32_t)s.top.v;
	st->retries = (uint32_t)s.retries.v;
	st->min_pin = (uint32_t)s.min_pin.v;
	st->pin_points = (uint32_t)s.points.v;
	st->force_change = s.force.v != 0;
	st->always_uv = s.always.v != 0;
	st->order = s.order.v;
	return list_get(st, s.list);
}
