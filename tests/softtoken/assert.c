/*
 * authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 sections 6.2.2, 6.3).
 */
#include "lib/crypto.h"
#include "tests/softtoken/cred.h"
#include "tests/softtoken/pin.h"

#define NEXT_MS 30000 /* getNextAssertion comes within */

struct request {
	struct span rp_id;
	struct span client_hash;
	struct span allow;
	struct span exts;
	struct span options;
	struct soft_auth auth;
	/* found in the above */
	uint8_t rp_hash[32];
	struct span hmac; /* input of the extension; p NULL: none */
	bool up;
	bool uv;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_TEXT, offsetof(struct request, rp_id), true },
	{ 2, CBOR_BYTES, offsetof(struct request, client_hash), true },
	{ 3, CBOR_ARRAY, offsetof(struct request, allow), false },
	{ 4, CBOR_MAP, offsetof(struct request, exts), false },
	{ 5, CBOR_MAP, offsetof(struct request, options), false },
	{ 6, CBOR_BYTES, offsetof(struct request, auth.param), false },
	{ 7, CBOR_UINT, offsetof(struct request, auth.proto), false },
};

static enum ctap
options_read(struct request *q)
{
	bool has_up, has_uv, has_rk, uv = false, rk = false;
	enum ctap r;

	q->up = true;
	if (q->options.p == NULL)
		return CTAP_OK;
	if ((r = soft_map_bool(q->options, "rk", &has_rk, &rk)) != CTAP_OK ||
	    (r = soft_map_bool(q->options, "up", &has_up, &q->up)) != CTAP_OK ||
	    (r = soft_map_bool(q->options, "uv", &has_uv, &uv)) != CTAP_OK)
		return r;
	if (has_rk)
		return CTAP_UNSUPPORTED_OPTION;
	return uv && q->auth.param.p == NULL ? CTAP_INVALID_OPTION : CTAP_OK;
}

/* hmac-secret without a touch: three firmwares, three answers. */
static enum ctap
extensions_read(struct softtoken *t, struct request *q)
{
	if (q->exts.p == NULL || !soft_has(t, SOFT_HMAC) ||
	    !soft_map_find(q->exts, "hmac-secret", &q->hmac)) {
		q->hmac = SPAN_NONE;
		return CTAP_OK;
	}
	if (!q->up && t->row->silent == SOFT_SILENT_OPTION)
		return CTAP_UNSUPPORTED_OPTION;
	if (!q->up && t->row->silent == SOFT_SILENT_INVALID)
		return CTAP_INVALID_OPTION;
	return soft_hmac_check(t, q->hmac);
}

static enum ctap
request_read(struct softtoken *t, struct span req, struct request *q)
{
	enum ctap r;

	if ((r = SOFT_PARSE(fields, req, q)) != CTAP_OK ||
	    (r = soft_pin_probe(t, &q->auth)) != CTAP_OK || (r = options_read(q)) != CTAP_OK)
		return r;
	if (q->client_hash.len != 32)
		return CTAP_INVALID_LENGTH;
	crypto_sha256(q->rp_id, q->rp_hash);
	return CTAP_OK;
}

static enum ctap
person_verify(struct softtoken *t, struct request *q)
{
	enum ctap r;

	if (q->auth.param.p == NULL)
		return t->store.always_uv && q->up ? CTAP_PUAT_REQUIRED : CTAP_OK;
	r = soft_pin_auth(t, &q->auth, q->client_hash, CTAP_PERM_ASSERT, q->rp_hash);
	q->uv = r == CTAP_OK;
	return r;
}

/* --- which credentials --- */

static bool
may_use(const struct soft_cred *c, const struct request *q, bool listed)
{
	return q->uv || c->protect == 1 || (c->protect == 2 && listed);
}

static enum ctap
listed_find(struct softtoken *t, const struct request *q)
{
	struct cbor c = cbor_from(q->allow);
	struct span item, id;
	struct soft_cred cred;
	enum ctap r;
	size_t n;

	if (cbor_get_array(&c, &n) != ERR_OK)
		return CTAP_UNEXPECTED_TYPE;
	if (n > t->row->max_list)
		return CTAP_LIMIT_EXCEEDED;
	for (; n > 0; n--) {
		if (cbor_skip(&c, &item) != ERR_OK)
			return CTAP_INVALID_CBOR;
		if ((r = soft_parse_descriptor(item, &id)) != CTAP_OK)
			return r;
		if (t->iter.n > 0 && !soft_has(t, SOFT_SEVERAL))
			continue;
		if (soft_cred_open(t, id, q->rp_hash, &cred) && may_use(&cred, q, true)) {
			buf_put_lp(&t->iter.ids, id);
			t->iter.n++;
		}
	}
	sec_zero(&cred, sizeof(cred));
	return CTAP_OK;
}

/* The youngest that was not taken yet. */
static const struct soft_rk *
youngest_below(const struct softtoken *t, const uint8_t *rp_hash, uint64_t below)
{
	const struct soft_store *st = &t->store;
	const struct soft_rk *k, *best = NULL;

	for (k = st->rk; k < st->rk + st->nrk; k++)
		if (memcmp(k->rp_hash, rp_hash, sizeof(k->rp_hash)) == 0 && k->order < below &&
		    (best == NULL || k->order > best->order))
			best = k;
	return best;
}

static void
resident_find(struct softtoken *t, const struct request *q)
{
	const struct soft_rk *k;
	struct soft_cred cred;
	uint64_t below = UINT64_MAX;

	while ((k = youngest_below(t, q->rp_hash, below)) != NULL) {
		below = k->order;
		if (soft_cred_open(t, SPAN(k->id, k->id_len), q->rp_hash, &cred) &&
		    may_use(&cred, q, false)) {
			buf_put_lp(&t->iter.ids, SPAN(k->id, k->id_len));
			t->iter.n++;
		}
	}
	sec_zero(&cred, sizeof(cred));
}

static bool
is_listed(const struct request *q)
{
	struct cbor c = cbor_from(q->allow);
	size_t n;

	return q->allow.p != NULL && cbor_get_array(&c, &n) == ERR_OK && n > 0;
}

static enum ctap
creds_find(struct softtoken *t, const struct request *q)
{
	enum ctap r = CTAP_OK;

	t->iter.n = 0;
	buf_reset(&t->iter.ids);
	if (is_listed(q))
		r = listed_find(t, q);
	else
		resident_find(t, q);
	if (r == CTAP_OK && buf_err(&t->iter.ids) != ERR_OK)
		r = CTAP_OTHER;
	return r == CTAP_OK && t->iter.n == 0 ? CTAP_NO_CREDENTIALS : r;
}

/* --- the answer --- */

static enum ctap
extensions_put(struct softtoken *t, const struct soft_cred *c, struct buf *b)
{
	struct soft_iter *it = &t->iter;
	struct buf enc = BUF_INIT;
	enum ctap r;

	if (it->hmac.len == 0 || !c->hmac || soft_fault_hit(t, SOFT_NO_SECRET, NULL))
		return CTAP_OK;
	r = soft_hmac_secret(t, c, (it->flags & CTAP_FLAG_UV) != 0, buf_span(&it->hmac), &enc);
	cbor_put_map(b, 1);
	cbor_put_str(b, "hmac-secret");
	cbor_put_bytes(b, buf_span(&enc));
	buf_done(&enc);
	return r;
}

static enum ctap
auth_data_put(struct softtoken *t, const struct soft_cred *c, struct buf *out)
{
	uint8_t flags = t->iter.flags;
	struct buf exts = BUF_INIT;
	enum ctap r;

	if ((r = extensions_put(t, c, &exts)) != CTAP_OK)
		goto out;
	if (exts.len > 0)
		flags |= CTAP_FLAG_ED;
	r = soft_auth_data(t, t->iter.rp_hash, flags, out);
	buf_put_span(out, buf_span(&exts));
out:
	buf_done(&exts);
	return r;
}

/* Names are personal: only to who was verified, only to choose among several (6.2.2 step 12). */
static void
user_put(const struct softtoken *t, const struct soft_rk *k, struct buf *b)
{
	bool names = (t->iter.flags & CTAP_FLAG_UV) && t->iter.n > 1;
	struct soft_map m = { 0 };

	cbor_put_bytes(soft_map_str(&m, "id"), SPAN(k->user_id, k->user_id_len));
	if (names && k->user_name.len > 0)
		cbor_put_text(soft_map_str(&m, "name"), SPAN(k->user_name.p, k->user_name.len));
	if (names && k->user_display.len > 0)
		cbor_put_text(
		    soft_map_str(&m, "displayName"), SPAN(k->user_display.p, k->user_display.len));
	soft_map_end(&m, b);
}

/* One bit of what is signed, of the signature, or of the name of who signed. */
static void
flip(struct softtoken *t, struct span data, struct span sig, struct span id)
{
	struct span part[] = { data, id, sig };
	uint32_t bit;
	size_t i;

	if (!soft_fault_hit(t, SOFT_FLIP, &bit))
		return;
	for (i = 0; i < 3 && bit >= part[i].len * 8; i++)
		bit -= (uint32_t)part[i].len * 8;
	if (i < 3)
		((uint8_t *)(uintptr_t)part[i].p)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static enum ctap
statement_put(struct softtoken *t, struct soft_cred *c, struct buf *rep)
{
	struct buf data = BUF_INIT, sig = BUF_INIT;
	struct soft_map m = { 0 };
	enum ctap r;

	if ((r = auth_data_put(t, c, &data)) != CTAP_OK ||
	    (r = soft_auth_sign(t, c, buf_span(&data), SPAN(t->iter.client_hash, 32), &sig)) !=
		CTAP_OK)
		goto out;
	flip(t, buf_span(&data), buf_span(&sig), SPAN(c->id, c->id_len));
	soft_put_descriptor(soft_map_key(&m, 1), SPAN(c->id, c->id_len));
	cbor_put_bytes(soft_map_key(&m, 2), buf_span(&data));
	cbor_put_bytes(soft_map_key(&m, 3), buf_span(&sig));
	if (c->rk)
		user_put(t, &t->store.rk[c->slot], soft_map_key(&m, 4));
	if (t->iter.at == 1 && t->iter.n > 1)
		cbor_put_uint(soft_map_key(&m, 5), t->iter.n);
	soft_map_end(&m, rep);
out:
	buf_done(&data);
	buf_done(&sig);
	return r;
}

/* Lies: a credential that nobody asked for; the answer of another day. */
static enum ctap
lie_or_tell(struct softtoken *t, struct soft_cred *c, struct buf *rep)
{
	enum ctap r;

	if (t->recorded.len > 0 && soft_fault_hit(t, SOFT_REPLAY, NULL)) {
		buf_put_span(rep, buf_span(&t->recorded));
		return CTAP_OK;
	}
	if (soft_fault_hit(t, SOFT_OTHER_CREDENTIAL, NULL)) {
		c->rk = false;
		if ((r = soft_cred_make(t, t->iter.rp_hash, c)) != CTAP_OK)
			return r;
	}
	r = statement_put(t, c, rep);
	buf_reset(&t->recorded);
	buf_put_span(&t->recorded, buf_span(rep));
	return r;
}

static enum ctap
answer_next(struct softtoken *t, struct buf *rep)
{
	struct soft_iter *it = &t->iter;
	struct soft_cred c = { 0 };
	enum ctap r = CTAP_NO_CREDENTIALS;
	size_t n;

	if (it->ids.len < 2)
		return CTAP_NOT_ALLOWED;
	n = be16(it->ids.p);
	it->at++;
	if (soft_cred_open(t, SPAN(it->ids.p + 2, n), it->rp_hash, &c))
		r = lie_or_tell(t, &c, rep);
	buf_drop(&it->ids, 2 + n);
	it->since = t->now;
	sec_zero(&c, sizeof(c));
	return r;
}

static void
iter_begin(struct softtoken *t, const struct request *q)
{
	struct soft_iter *it = &t->iter;

	it->kind = SOFT_ITER_ASSERT;
	it->at = 0;
	it->flags = (uint8_t)((q->up ? CTAP_FLAG_UP : 0) | (q->uv ? CTAP_FLAG_UV : 0));
	memcpy(it->rp_hash, q->rp_hash, sizeof(it->rp_hash));
	memcpy(it->client_hash, q->client_hash.p, sizeof(it->client_hash));
	buf_reset(&it->hmac);
	buf_put_span(&it->hmac, q->hmac);
}

enum ctap
soft_assert(struct softtoken *t, struct span req, struct buf *rep)
{
	struct request q = { 0 };
	enum ctap r;

	if ((r = request_read(t, req, &q)) != CTAP_OK || (r = person_verify(t, &q)) != CTAP_OK ||
	    (r = extensions_read(t, &q)) != CTAP_OK || (r = creds_find(t, &q)) != CTAP_OK ||
	    (q.up && (r = soft_op_touch(t)) != CTAP_OK))
		return r;
	if (q.up)
		soft_pin_spend(t);
	iter_begin(t, &q);
	return answer_next(t, rep);
}

enum ctap
soft_assert_next(struct softtoken *t, struct span req, struct buf *rep)
{
	(void)req;
	if (t->iter.kind != SOFT_ITER_ASSERT || t->now - t->iter.since > NEXT_MS)
		return CTAP_NOT_ALLOWED;
	return answer_next(t, rep);
}
