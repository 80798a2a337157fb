/*
 * authenticatorCredentialManagement (CTAP 2.1 section 6.8), under 0x0A and the older 0x41.
 */
#include "tests/softtoken/cred.h"
#include "tests/softtoken/pin.h"

struct request {
	struct soft_uint sub;
	struct span params;
	struct soft_auth auth;
	/* found in params */
	struct span rp_hash;
	struct span descriptor;
	struct span user;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_UINT, offsetof(struct request, sub), true },
	{ 2, CBOR_MAP, offsetof(struct request, params), false },
	{ 3, CBOR_UINT, offsetof(struct request, auth.proto), false },
	{ 4, CBOR_BYTES, offsetof(struct request, auth.param), false },
};

static const struct soft_field param_fields[] = {
	{ 1, CBOR_BYTES, offsetof(struct request, rp_hash), false },
	{ 2, CBOR_MAP, offsetof(struct request, descriptor), false },
	{ 3, CBOR_MAP, offsetof(struct request, user), false },
};

static enum ctap
metadata_get(struct softtoken *t, const struct request *q, struct buf *rep)
{
	const struct soft_store *st = &t->store;

	(void)q;
	cbor_put_map(rep, 2);
	cbor_put_uint(rep, 1);
	cbor_put_uint(rep, st->nrk);
	cbor_put_uint(rep, 2);
	cbor_put_uint(rep, soft_has(t, SOFT_NO_ROOM) ? 0 : SOFT_RK_MAX - st->nrk);
	return CTAP_OK;
}

static void
rp_put(struct softtoken *t, struct buf *rep)
{
	struct soft_iter *it = &t->iter;
	const struct soft_rk *k = &t->store.rk[it->rk[it->at]];
	bool first = it->at++ == 0;

	cbor_put_map(rep, first ? 3 : 2);
	cbor_put_uint(rep, 3);
	cbor_put_map(rep, 1);
	cbor_put_str(rep, "id");
	cbor_put_text(rep, SPAN(k->rp_id.p, k->rp_id.len));
	cbor_put_uint(rep, 4);
	cbor_put_bytes(rep, SPAN(k->rp_hash, sizeof(k->rp_hash)));
	if (first) {
		cbor_put_uint(rep, 5);
		cbor_put_uint(rep, it->n);
	}
}

static bool
rp_is_new(const struct softtoken *t, size_t slot)
{
	const struct soft_rk *rk = t->store.rk;
	size_t i;

	for (i = 0; i < slot; i++)
		if (memcmp(rk[i].rp_hash, rk[slot].rp_hash, sizeof(rk[i].rp_hash)) == 0)
			return false;
	return true;
}

static enum ctap
rps_begin(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_iter *it = &t->iter;
	size_t i;

	(void)q;
	it->n = it->at = 0;
	for (i = 0; i < t->store.nrk; i++)
		if (rp_is_new(t, i))
			it->rk[it->n++] = i;
	if (it->n == 0)
		return CTAP_NO_CREDENTIALS;
	it->kind = SOFT_ITER_RP;
	rp_put(t, rep);
	return CTAP_OK;
}

static enum ctap
rps_next(struct softtoken *t, const struct request *q, struct buf *rep)
{
	(void)q;
	if (t->iter.kind != SOFT_ITER_RP || t->iter.at >= t->iter.n)
		return CTAP_NOT_ALLOWED;
	rp_put(t, rep);
	return CTAP_OK;
}

static void
user_put(const struct soft_rk *k, struct buf *b)
{
	struct soft_map m = { 0 };

	cbor_put_bytes(soft_map_str(&m, "id"), SPAN(k->user_id, k->user_id_len));
	if (k->user_name.len > 0)
		cbor_put_text(soft_map_str(&m, "name"), SPAN(k->user_name.p, k->user_name.len));
	if (k->user_display.len > 0)
		cbor_put_text(
		    soft_map_str(&m, "displayName"), SPAN(k->user_display.p, k->user_display.len));
	soft_map_end(&m, b);
}

static enum ctap
cred_put(struct softtoken *t, struct buf *rep)
{
	struct soft_iter *it = &t->iter;
	const struct soft_rk *k = &t->store.rk[it->rk[it->at]];
	bool first = it->at++ == 0;
	struct soft_map m = { 0 };
	struct soft_cred c;
	enum ctap r;

	if (!soft_cred_open(t, SPAN(k->id, k->id_len), k->rp_hash, &c))
		return CTAP_OTHER;
	user_put(k, soft_map_key(&m, 6));
	soft_put_descriptor(soft_map_key(&m, 7), SPAN(k->id, k->id_len));
	r = soft_cred_put_public(&c, soft_map_key(&m, 8));
	if (first)
		cbor_put_uint(soft_map_key(&m, 9), it->n);
	cbor_put_uint(soft_map_key(&m, 10), soft_has(t, SOFT_SHOWS_PROTECT_1) ? 1 : c.protect);
	soft_map_end(&m, rep);
	sec_zero(&c, sizeof(c));
	return r;
}

static enum ctap
creds_begin(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_iter *it = &t->iter;
	const struct soft_rk *rk = t->store.rk;
	size_t i;

	if (q->rp_hash.p == NULL)
		return CTAP_MISSING_PARAMETER;
	it->n = it->at = 0;
	for (i = 0; i < t->store.nrk; i++)
		if (span_eq(q->rp_hash, SPAN(rk[i].rp_hash, sizeof(rk[i].rp_hash))))
			it->rk[it->n++] = i;
	if (it->n == 0)
		return CTAP_NO_CREDENTIALS;
	it->kind = SOFT_ITER_CRED;
	return cred_put(t, rep);
}

static enum ctap
creds_next(struct softtoken *t, const struct request *q, struct buf *rep)
{
	(void)q;
	if (t->iter.kind != SOFT_ITER_CRED || t->iter.at >= t->iter.n)
		return CTAP_NOT_ALLOWED;
	return cred_put(t, rep);
}

static enum ctap
rk_find(struct softtoken *t, const struct request *q, struct soft_rk **out)
{
	struct soft_store *st = &t->store;
	struct soft_rk *k;
	struct span id;
	enum ctap r;

	if (q->descriptor.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if ((r = soft_parse_descriptor(q->descriptor, &id)) != CTAP_OK)
		return r;
	for (k = st->rk; k < st->rk + st->nrk; k++)
		if (span_eq(id, SPAN(k->id, k->id_len))) {
			*out = k;
			return CTAP_OK;
		}
	return CTAP_NO_CREDENTIALS;
}

static enum ctap
cred_delete(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct soft_store *st = &t->store;
	struct soft_rk *k;
	enum ctap r;

	(void)rep;
	if ((r = rk_find(t, q, &k)) != CTAP_OK)
		return r;
	*k = st->rk[--st->nrk];
	memset(&st->rk[st->nrk], 0, sizeof(st->rk[st->nrk]));
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

static enum ctap
user_update(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct span id = SPAN_NONE;
	struct soft_rk *k;
	enum ctap r;

	(void)rep;
	if (q->user.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if ((r = rk_find(t, q, &k)) != CTAP_OK ||
	    (r = soft_map_bytes(q->user, "id", &id)) != CTAP_OK)
		return r;
	if (!span_eq(id, SPAN(k->user_id, k->user_id_len)))
		return CTAP_INVALID_PARAMETER;
	memset(&k->user_name, 0, sizeof(k->user_name));
	memset(&k->user_display, 0, sizeof(k->user_display));
	soft_rk_set_user(k, q->user);
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

/* pinUvAuthParam covers subCommand || subCommandParams. */
static enum ctap
person_verify(struct softtoken *t, const struct request *q)
{
	struct buf msg = BUF_INIT;
	enum ctap r;

	if (q->auth.param.p == NULL)
		return CTAP_PUAT_REQUIRED;
	buf_put_u8(&msg, (uint8_t)q->sub.v);
	buf_put_span(&msg, q->params);
	r = soft_pin_auth(t, &q->auth, buf_span(&msg), CTAP_PERM_MANAGE, NULL);
	buf_done(&msg);
	return r;
}

struct sub {
	bool goes_on; /* needs no token: the one before had it */
	enum ctap (*run)(struct softtoken *, const struct request *, struct buf *);
};

static const struct sub subs[] = {
	{ false, metadata_get },
	{ false, rps_begin },
	{ true, rps_next },
	{ false, creds_begin },
	{ true, creds_next },
	{ false, cred_delete },
	{ false, user_update },
};

enum ctap
soft_manage(struct softtoken *t, struct span req, struct buf *rep)
{
	struct request q = { 0 };
	const struct sub *s;
	enum ctap r;

	if ((r = SOFT_PARSE(fields, req, &q)) != CTAP_OK)
		return r;
	if (q.params.p != NULL && (r = SOFT_PARSE(param_fields, q.params, &q)) != CTAP_OK)
		return r;
	if (q.sub.v < 1 || q.sub.v > sizeof(subs) / sizeof(subs[0]))
		return CTAP_INVALID_SUBCOMMAND;
	s = &subs[q.sub.v - 1];
	if (!s->goes_on) {
		t->iter.kind = SOFT_ITER_NONE;
		if ((r = person_verify(t, &q)) != CTAP_OK)
			return r;
	}
	return s->run(t, &q, rep);
}
