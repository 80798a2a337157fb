/*
 * authenticatorMakeCredential (CTAP 2.1 section 6.1.2; numbers below are its steps).
 */
#include "lib/crypto.h"
#include "tests/softtoken/cred.h"
#include "tests/softtoken/pin.h"

struct request {
	struct span client_hash;
	struct span rp;
	struct span user;
	struct span algs;
	struct span exclude;
	struct span exts;
	struct span options;
	struct soft_auth auth;
	struct soft_uint enterprise;
	/* found in the above */
	struct span rp_id;
	struct span user_id;
	uint8_t rp_hash[32];
	bool uv;
	bool say_protect;
	struct soft_cred cred;
};

static const struct soft_field fields[] = {
	{ 1, CBOR_BYTES, offsetof(struct request, client_hash), true },
	{ 2, CBOR_MAP, offsetof(struct request, rp), true },
	{ 3, CBOR_MAP, offsetof(struct request, user), true },
	{ 4, CBOR_ARRAY, offsetof(struct request, algs), true },
	{ 5, CBOR_ARRAY, offsetof(struct request, exclude), false },
	{ 6, CBOR_MAP, offsetof(struct request, exts), false },
	{ 7, CBOR_MAP, offsetof(struct request, options), false },
	{ 8, CBOR_BYTES, offsetof(struct request, auth.param), false },
	{ 9, CBOR_UINT, offsetof(struct request, auth.proto), false },
	{ 10, CBOR_UINT, offsetof(struct request, enterprise), false },
};

static enum ctap
entities_read(struct request *q)
{
	enum ctap r;

	if ((r = soft_map_text(q->rp, "id", &q->rp_id)) != CTAP_OK ||
	    (r = soft_map_bytes(q->user, "id", &q->user_id)) != CTAP_OK)
		return r;
	if (q->rp_id.p == NULL || q->user_id.p == NULL)
		return CTAP_MISSING_PARAMETER;
	if (q->client_hash.len != 32 || q->user_id.len > 64)
		return CTAP_INVALID_LENGTH;
	crypto_sha256(q->rp_id, q->rp_hash);
	return CTAP_OK;
}

static enum ctap
alg_read(struct span item, int64_t *alg)
{
	struct span type = SPAN_NONE, value;
	struct cbor c;
	enum ctap r;

	*alg = 0;
	if ((r = soft_map_text(item, "type", &type)) != CTAP_OK)
		return r;
	if (type.p == NULL || !soft_map_find(item, "alg", &value))
		return CTAP_MISSING_PARAMETER;
	c = cbor_from(value);
	if (cbor_get_int(&c, alg) != ERR_OK)
		return CTAP_UNEXPECTED_TYPE;
	if (!span_is(type, "public-key"))
		*alg = 0;
	return CTAP_OK;
}

/* Step 3: the first one that we know. */
static enum ctap
alg_choose(struct request *q)
{
	struct cbor c = cbor_from(q->algs);
	struct span item;
	enum ctap r;
	int64_t alg;
	size_t n;

	if (cbor_get_array(&c, &n) != ERR_OK)
		return CTAP_UNEXPECTED_TYPE;
	for (; n > 0; n--) {
		if (cbor_skip(&c, &item) != ERR_OK)
			return CTAP_INVALID_CBOR;
		if ((r = alg_read(item, &alg)) != CTAP_OK)
			return r;
		if (q->cred.alg == 0 && (alg == CTAP_ALG_ES256 || alg == CTAP_ALG_EDDSA))
			q->cred.alg = alg;
	}
	return q->cred.alg != 0 ? CTAP_OK : CTAP_UNSUPPORTED_ALG;
}

/* Step 5. */
static enum ctap
options_read(struct request *q)
{
	bool has_up, has_uv, has_rk, up = true, uv = false;
	enum ctap r;

	if (q->options.p == NULL)
		return CTAP_OK;
	if ((r = soft_map_bool(q->options, "rk", &has_rk, &q->cred.rk)) != CTAP_OK ||
	    (r = soft_map_bool(q->options, "up", &has_up, &up)) != CTAP_OK ||
	    (r = soft_map_bool(q->options, "uv", &has_uv, &uv)) != CTAP_OK)
		return r;
	/* no built-in user verification; with a token "uv" does not count */
	if (!up || (uv && q->auth.param.p == NULL))
		return CTAP_INVALID_OPTION;
	return CTAP_OK;
}

static enum ctap
extensions_read(const struct softtoken *t, struct request *q)
{
	struct soft_uint protect = { 0 };
	bool has;
	enum ctap r;

	q->cred.protect = soft_has(t, SOFT_PROTECT_3) ? 3 : 1;
	if (q->exts.p == NULL)
		return CTAP_OK;
	if (soft_has(t, SOFT_HMAC) &&
	    (r = soft_map_bool(q->exts, "hmac-secret", &has, &q->cred.hmac)) != CTAP_OK)
		return r;
	if (!soft_has(t, SOFT_PROTECT))
		return CTAP_OK;
	if ((r = soft_map_uint(q->exts, "credProtect", &protect)) != CTAP_OK)
		return r;
	if (!protect.has)
		return CTAP_OK;
	if (protect.v < 1 || protect.v > 3)
		return CTAP_INVALID_OPTION;
	q->say_protect = true;
	if (protect.v > q->cred.protect)
		q->cred.protect = (uint8_t)protect.v;
	return CTAP_OK;
}

static enum ctap
request_read(struct softtoken *t, struct span req, struct request *q)
{
	enum ctap r;

	if ((r = SOFT_PARSE(fields, req, q)) != CTAP_OK ||
	    (r = soft_pin_probe(t, &q->auth)) != CTAP_OK || (r = entities_read(q)) != CTAP_OK ||
	    (r = alg_choose(q)) != CTAP_OK || (r = options_read(q)) != CTAP_OK ||
	    (r = extensions_read(t, q)) != CTAP_OK)
		return r;
	return q->enterprise.has ? CTAP_INVALID_PARAMETER : CTAP_OK;
}

/* Steps 6 to 11. */
static enum ctap
person_verify(struct softtoken *t, struct request *q)
{
	enum ctap r;

	if (q->auth.param.p == NULL) {
		if (t->store.always_uv)
			return CTAP_PUAT_REQUIRED;
		if (!soft_pin_is_set(t) || (soft_has(t, SOFT_NOT_RQD) && !q->cred.rk))
			return CTAP_OK;
		return CTAP_PUAT_REQUIRED;
	}
	r = soft_pin_auth(t, &q->auth, q->client_hash, CTAP_PERM_MAKE, q->rp_hash);
	q->uv = r == CTAP_OK;
	return r;
}

/* Step 12: one of ours in the list is told only after a touch. */
static enum ctap
excluded_check(struct softtoken *t, const struct request *q)
{
	struct cbor c = cbor_from(q->exclude);
	struct span item, id;
	struct soft_cred old;
	enum ctap r;
	size_t n;

	if (q->exclude.p == NULL || cbor_get_array(&c, &n) != ERR_OK)
		return CTAP_OK;
	if (n > t->row->max_list)
		return CTAP_LIMIT_EXCEEDED;
	for (; n > 0; n--) {
		if (cbor_skip(&c, &item) != ERR_OK)
			return CTAP_INVALID_CBOR;
		if ((r = soft_parse_descriptor(item, &id)) != CTAP_OK)
			return r;
		if (!soft_cred_open(t, id, q->rp_hash, &old) || (old.protect == 3 && !q->uv))
			continue;
		return (r = soft_op_touch(t)) == CTAP_OK ? CTAP_EXCLUDED : r;
	}
	return CTAP_OK;
}

/* --- resident keys --- */

static void
text_cut(struct soft_text *to, struct span s)
{
	size_t n = s.len < sizeof(to->p) ? s.len : sizeof(to->p);

	while (n > 0 && n < s.len && (s.p[n] & 0xc0) == 0x80)
		n--;
	to->len = (uint8_t)n;
	if (n > 0)
		memcpy(to->p, s.p, n);
}

void
soft_rk_set_user(struct soft_rk *k, struct span user)
{
	struct span name = SPAN_NONE, display = SPAN_NONE;

	if (soft_map_text(user, "name", &name) == CTAP_OK)
		text_cut(&k->user_name, name);
	if (soft_map_text(user, "displayName", &display) == CTAP_OK)
		text_cut(&k->user_display, display);
}

/* The slot of the same person at the same RP, else a free one. */
static struct soft_rk *
slot_choose(struct softtoken *t, const struct request *q)
{
	struct soft_store *st = &t->store;
	struct soft_rk *k;

	for (k = st->rk; k < st->rk + st->nrk; k++)
		if (memcmp(k->rp_hash, q->rp_hash, sizeof(k->rp_hash)) == 0 &&
		    span_eq(q->user_id, SPAN(k->user_id, k->user_id_len)))
			return k;
	if (soft_has(t, SOFT_NO_ROOM) || st->nrk == SOFT_RK_MAX)
		return NULL;
	return &st->rk[st->nrk++];
}

static enum ctap
rk_store(struct softtoken *t, const struct request *q)
{
	struct soft_rk *k = slot_choose(t, q);

	if (k == NULL)
		return CTAP_FULL;
	memset(k, 0, sizeof(*k));
	memcpy(k->rp_hash, q->rp_hash, sizeof(k->rp_hash));
	text_cut(&k->rp_id, q->rp_id);
	memcpy(k->user_id, q->user_id.p, q->user_id.len);
	k->user_id_len = (uint8_t)q->user_id.len;
	soft_rk_set_user(k, q->user);
	memcpy(k->id, q->cred.id, q->cred.id_len);
	k->id_len = (uint8_t)q->cred.id_len;
	k->order = ++t->store.order;
	return soft_store_save(t) == ERR_OK ? CTAP_OK : CTAP_OTHER;
}

/* --- the answer --- */

static void
extensions_put(struct softtoken *t, const struct request *q, struct buf *b)
{
	struct soft_map m = { 0 };

	if (q->say_protect)
		cbor_put_uint(soft_map_str(&m, "credProtect"), q->cred.protect);
	if (q->cred.hmac && !soft_fault_hit(t, SOFT_NO_SECRET, NULL))
		cbor_put_bool(soft_map_str(&m, "hmac-secret"), true);
	if (m.n > 0)
		soft_map_end(&m, b);
}

static enum ctap
auth_data_put(struct softtoken *t, const struct request *q, struct buf *out)
{
	uint8_t flags = CTAP_FLAG_UP | CTAP_FLAG_AT | (q->uv ? CTAP_FLAG_UV : 0);
	struct buf exts = BUF_INIT;
	enum ctap r;

	extensions_put(t, q, &exts);
	if (exts.len > 0)
		flags |= CTAP_FLAG_ED;
	if ((r = soft_auth_data(t, q->rp_hash, flags, out)) == CTAP_OK) {
		buf_put(out, SOFTTOKEN_AAGUID, SOFTTOKEN_AAGUID_LEN);
		buf_put_lp(out, SPAN(q->cred.id, q->cred.id_len));
		r = soft_cred_put_public(&q->cred, out);
		buf_put_span(out, buf_span(&exts));
	}
	buf_done(&exts);
	return r;
}

static enum ctap
statement_put(struct softtoken *t, const struct request *q, struct span data, struct buf *b)
{
	struct buf sig = BUF_INIT;
	enum ctap r;

	if (soft_has(t, SOFT_NO_ATTEST)) {
		cbor_put_map(b, 0);
		return CTAP_OK;
	}
	r = soft_auth_sign(t, &q->cred, data, q->client_hash, &sig);
	cbor_put_map(b, 2);
	cbor_put_str(b, "alg");
	cbor_put_int(b, q->cred.alg);
	cbor_put_str(b, "sig");
	cbor_put_bytes(b, buf_span(&sig));
	buf_done(&sig);
	return r;
}

static enum ctap
answer_put(struct softtoken *t, const struct request *q, struct buf *rep)
{
	struct buf data = BUF_INIT;
	enum ctap r;

	if ((r = auth_data_put(t, q, &data)) == CTAP_OK) {
		cbor_put_map(rep, 3);
		cbor_put_uint(rep, 1);
		cbor_put_str(rep, soft_has(t, SOFT_NO_ATTEST) ? "none" : "packed");
		cbor_put_uint(rep, 2);
		cbor_put_bytes(rep, buf_span(&data));
		cbor_put_uint(rep, 3);
		r = statement_put(t, q, buf_span(&data), rep);
	}
	buf_done(&data);
	return r;
}

enum ctap
soft_make(struct softtoken *t, struct span req, struct buf *rep)
{
	struct request q = { 0 };
	enum ctap r;

	if ((r = request_read(t, req, &q)) == CTAP_OK && (r = person_verify(t, &q)) == CTAP_OK &&
	    (r = excluded_check(t, &q)) == CTAP_OK && (r = soft_op_touch(t)) == CTAP_OK) {
		soft_pin_spend(t);
		if ((r = soft_cred_make(t, q.rp_hash, &q.cred)) == CTAP_OK &&
		    (!q.cred.rk || (r = rk_store(t, &q)) == CTAP_OK))
			r = answer_put(t, &q, rep);
	}
	sec_zero(&q, sizeof(q));
	return r;
}
