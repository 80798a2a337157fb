/* outer.c - head and trailer of the vault file, and its sixteen places for slots (DESIGN 6). */
#include "agent/vault/outer.h"
#include "lib/crypto.h"

enum {
	AT_VERSION = 8,
	AT_MIN_READER = 10,
	AT_TOTAL = 12,
	AT_VAULT_ID = 16,
	AT_GENERATION = 32,
	AT_NSLOTS = 40,
	AT_SLOT_SIZE = 42,
	AT_BODY_OFF = 44,
	AT_BODY_LEN = 48,
	AT_ZERO52 = 52,
	AT_RP_ID = 64,
	AT_PRF_SALT = 128,
	AT_HARD_SALT = 160,
	AT_ZERO192 = 192
};

#define RP_PREFIX "ownkey:"

/* Lower-case letters, digits and a few marks: it travels to tokens, logs and terminals. */
static bool
is_rp_ok(const char *rp, size_t len)
{
	size_t i;

	if (len <= sizeof(RP_PREFIX) - 1 || len > OUTER_RP_MAX ||
	    memcmp(rp, RP_PREFIX, sizeof(RP_PREFIX) - 1) != 0)
		return false;
	for (i = 0; i < len; i++)
		if (rp[i] <= ' ' || rp[i] > '~')
			return false;
	return true;
}

static bool
is_body_len_ok(uint32_t n)
{
	return n >= OUTER_BODY_MIN && n <= OUTER_BODY_MAX &&
	    (n - (OUTER_BODY_MIN - 4096)) % 4096 == 0;
}

/* ---- reading ---- */

/* What must hold before the trailer can be found at all. */
static enum err
load_lengths(struct span file, struct outer *o)
{
	const uint8_t *p = file.p;

	if (file.len < 8 || memcmp(p, OUTER_MAGIC, 8) != 0)
		return ERR_FORMAT;
	if (file.len < OUTER_BODY + OUTER_BODY_MIN + OUTER_TRAILER)
		return ERR_VAULT_DAMAGED;
	o->version = be16(p + AT_VERSION);
	o->min_reader = be16(p + AT_MIN_READER);
	if (o->min_reader > OUTER_VERSION)
		return ERR_VERSION;
	o->total_len = be32(p + AT_TOTAL);
	o->body_len = be32(p + AT_BODY_LEN);
	if (!is_body_len_ok(o->body_len) || o->total_len > file.len ||
	    o->total_len != OUTER_BODY + o->body_len + OUTER_TRAILER)
		return ERR_VAULT_DAMAGED;
	return ERR_OK;
}

static enum err
load_head(struct outer *o)
{
	const uint8_t *p = o->raw;
	size_t rp;

	memcpy(o->vault_id, p + AT_VAULT_ID, sizeof(o->vault_id));
	o->generation = be64(p + AT_GENERATION);
	memcpy(o->rp_id, p + AT_RP_ID, OUTER_RP_MAX + 1);
	memcpy(o->prf_salt, p + AT_PRF_SALT, sizeof(o->prf_salt));
	memcpy(o->hard_salt, p + AT_HARD_SALT, sizeof(o->hard_salt));
	if (o->version < OUTER_VERSION || o->min_reader < 1 || o->min_reader > o->version)
		return ERR_VAULT_HEADER;
	if (be16(p + AT_NSLOTS) != OUTER_SLOTS || be16(p + AT_SLOT_SIZE) != OUTER_SLOT_SIZE ||
	    be32(p + AT_BODY_OFF) != OUTER_BODY)
		return ERR_VAULT_HEADER;
	if (o->generation == 0 || outer_is_zero(o->vault_id, sizeof(o->vault_id)) ||
	    outer_is_zero(o->prf_salt, sizeof(o->prf_salt)))
		return ERR_VAULT_HEADER;
	if (!outer_is_zero(p + AT_ZERO52, AT_RP_ID - AT_ZERO52) ||
	    !outer_is_zero(p + AT_ZERO192, OUTER_HEAD - AT_ZERO192))
		return ERR_VAULT_HEADER;
	rp = strnlen(o->rp_id, OUTER_RP_MAX + 1);
	if (!is_rp_ok(o->rp_id, rp) || !outer_is_zero(p + AT_RP_ID + rp, OUTER_RP_MAX + 1 - rp))
		return ERR_VAULT_HEADER;
	return ERR_OK;
}

static uint8_t *
place(struct outer *o, size_t i)
{
	return o->raw + OUTER_HEAD + i * OUTER_SLOT_SIZE;
}

/* A second slot with the same id is a copy: the first one counts. */
static void
load_slots(struct outer *o)
{
	size_t i;

	for (i = 0; i < OUTER_SLOTS; i++) {
		o->slot_err[i] = outer_slot_parse(place(o, i), &o->slot[i]);
		if (outer_slot_ok(o, i) && outer_slot_find(o, o->slot[i].id) != (int)i)
			o->slot_err[i] = ERR_VAULT_SLOT;
	}
}

enum err
outer_check_trailer(struct span file, const struct outer *o)
{
	uint8_t hash[32];

	crypto_sha256(SPAN(file.p, o->total_len - OUTER_TRAILER), hash);
	return memcmp(hash, file.p + o->total_len - OUTER_TRAILER, sizeof(hash)) == 0
	    ? ERR_OK
	    : ERR_VAULT_DAMAGED;
}

enum err
outer_parse_untrusted(struct span file, struct outer *o)
{
	enum err e;

	memset(o, 0, sizeof(*o));
	if ((e = load_lengths(file, o)) != ERR_OK)
		return e;
	memcpy(o->raw, file.p, OUTER_BODY);
	if ((e = load_head(o)) == ERR_OK)
		load_slots(o);
	return e;
}

enum err
outer_parse(struct span file, struct outer *o)
{
	enum err e, t;

	e = outer_parse_untrusted(file, o);
	if (e != ERR_OK && e != ERR_VAULT_HEADER)
		return e;
	/* a field that is wrong under a wrong trailer is damage, not an edit */
	if ((t = outer_check_trailer(file, o)) != ERR_OK)
		return t;
	return e;
}

/* ---- making ---- */

enum err
outer_init(struct outer *o, const struct outer_new *n)
{
	const char *rp = n->rp_id ? n->rp_id : RP_PREFIX "vault";
	size_t len = strlen(rp);
	uint8_t *p = o->raw;

	memset(o, 0, sizeof(*o));
	if (!is_rp_ok(rp, len) || outer_is_zero(n->vault_id, 16) || outer_is_zero(n->prf_salt, 32))
		return ERR_RANGE;
	memcpy(p, OUTER_MAGIC, 8);
	put_be16(p + AT_VERSION, OUTER_VERSION);
	put_be16(p + AT_MIN_READER, OUTER_VERSION);
	memcpy(p + AT_VAULT_ID, n->vault_id, 16);
	put_be16(p + AT_NSLOTS, OUTER_SLOTS);
	put_be16(p + AT_SLOT_SIZE, OUTER_SLOT_SIZE);
	put_be32(p + AT_BODY_OFF, OUTER_BODY);
	memcpy(p + AT_RP_ID, rp, len);
	memcpy(p + AT_PRF_SALT, n->prf_salt, 32);
	memcpy(p + AT_HARD_SALT, n->hard_salt, 32);
	o->version = o->min_reader = OUTER_VERSION;
	memcpy(o->vault_id, n->vault_id, 16);
	memcpy(o->rp_id, rp, len);
	memcpy(o->prf_salt, n->prf_salt, 32);
	memcpy(o->hard_salt, n->hard_salt, 32);
	return ERR_OK;
}

void
outer_set_body(struct outer *o, uint64_t generation, uint32_t body_len)
{
	o->generation = generation;
	o->body_len = body_len;
	o->total_len = OUTER_BODY + body_len + OUTER_TRAILER;
	put_be64(o->raw + AT_GENERATION, generation);
	put_be32(o->raw + AT_BODY_LEN, body_len);
	put_be32(o->raw + AT_TOTAL, o->total_len);
}

/* ---- places ---- */

enum err
outer_slot_put(struct outer *o, size_t i, const struct slot *s)
{
	uint8_t raw[OUTER_SLOT_SIZE];
	int other;
	enum err e;

	if (i >= OUTER_SLOTS || s->kind != SLOT_UNLOCK)
		return ERR_VAULT_SLOT;
	other = outer_slot_find(o, s->id);
	if (other >= 0 && other != (int)i)
		return ERR_VAULT_SLOT;
	if ((e = outer_slot_build(s, raw)) != ERR_OK)
		return e;
	memcpy(place(o, i), raw, sizeof(raw));
	o->slot[i] = *s;
	o->slot_err[i] = ERR_OK;
	return ERR_OK;
}

void
outer_slot_clear(struct outer *o, size_t i)
{
	memset(place(o, i), 0, OUTER_SLOT_SIZE);
	memset(&o->slot[i], 0, sizeof(o->slot[i]));
	o->slot_err[i] = ERR_OK;
}

int
outer_slot_free(const struct outer *o)
{
	int i;

	for (i = 0; i < OUTER_SLOTS; i++)
		if (o->slot_err[i] == ERR_OK && o->slot[i].kind == SLOT_EMPTY)
			return i;
	return -1;
}

int
outer_slot_find(const struct outer *o, const uint8_t id[16])
{
	int i;

	for (i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(o, (size_t)i) && memcmp(o->slot[i].id, id, 16) == 0)
			return i;
	return -1;
}

int
outer_slot_by_cred(const struct outer *o, struct span cred_id)
{
	const struct slot *s;
	int i;

	for (i = 0; i < OUTER_SLOTS; i++) {
		s = &o->slot[i];
		if (outer_slot_ok(o, (size_t)i) && (s->factors & FACTOR_TOKEN) &&
		    span_eq(SPAN(s->cred_id, s->cred_id_len), cred_id))
			return i;
	}
	return -1;
}
