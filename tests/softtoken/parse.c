#include "tests/softtoken/parse.h"

static enum ctap
value_get(struct cbor *c, const struct soft_field *f, void *at)
{
	struct soft_uint *u = at;
	struct span *s = at;
	struct cbor_head h;

	if (cbor_peek(c, &h) != ERR_OK || h.type != f->type)
		return CTAP_UNEXPECTED_TYPE;
	switch (f->type) {
	case CBOR_UINT:
		u->has = true;
		return cbor_get_uint(c, &u->v) == ERR_OK ? CTAP_OK : CTAP_INVALID_CBOR;
	case CBOR_BYTES:
		return cbor_get_bytes(c, s) == ERR_OK ? CTAP_OK : CTAP_INVALID_CBOR;
	case CBOR_TEXT:
		return cbor_get_text(c, s) == ERR_OK ? CTAP_OK : CTAP_INVALID_CBOR;
	default:
		return cbor_skip(c, s) == ERR_OK ? CTAP_OK : CTAP_INVALID_CBOR;
	}
}

static const struct soft_field *
field_find(const struct soft_field *f, size_t n, int64_t key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (f[i].key == key)
			return &f[i];
	return NULL;
}

static enum ctap
pair_get(const struct soft_field *f, size_t n, struct cbor *c, void *st)
{
	const struct soft_field *found;
	int64_t key;

	if (cbor_get_int(c, &key) != ERR_OK)
		return cbor_skip(c, NULL) == ERR_OK && cbor_skip(c, NULL) == ERR_OK
		    ? CTAP_OK
		    : CTAP_INVALID_CBOR;
	if ((found = field_find(f, n, key)) != NULL)
		return value_get(c, found, (uint8_t *)st + found->offset);
	return cbor_skip(c, NULL) == ERR_OK ? CTAP_OK : CTAP_INVALID_CBOR;
}

static bool
is_present(const struct soft_field *f, const void *st)
{
	const uint8_t *at = (const uint8_t *)st + f->offset;
	struct soft_uint u;
	struct span s;

	if (f->type == CBOR_UINT) {
		memcpy(&u, at, sizeof(u));
		return u.has;
	}
	memcpy(&s, at, sizeof(s));
	return s.p != NULL;
}

enum ctap
soft_parse(const struct soft_field *f, size_t n, struct span map, void *st)
{
	struct cbor c = cbor_from(map);
	enum ctap r;
	size_t i, np;

	if (cbor_get_map(&c, &np) != ERR_OK)
		return map.len == 0 ? CTAP_MISSING_PARAMETER : CTAP_UNEXPECTED_TYPE;
	for (; np > 0; np--)
		if ((r = pair_get(f, n, &c, st)) != CTAP_OK)
			return r;
	for (i = 0; i < n; i++)
		if (f[i].must && !is_present(&f[i], st))
			return CTAP_MISSING_PARAMETER;
	return CTAP_OK;
}

bool
soft_map_find(struct span map, const char *key, struct span *item)
{
	struct cbor c = cbor_from(map);
	struct span k;
	size_t n;
	bool here;

	if (cbor_get_map(&c, &n) != ERR_OK)
		return false;
	for (; n > 0; n--) {
		here = cbor_get_text(&c, &k) == ERR_OK;
		if (!here && cbor_skip(&c, NULL) != ERR_OK)
			return false;
		if (cbor_skip(&c, item) != ERR_OK)
			return false;
		if (here && span_is(k, key))
			return true;
	}
	return false;
}

enum ctap
soft_map_bytes(struct span map, const char *key, struct span *v)
{
	struct span item;
	struct cbor c;

	if (!soft_map_find(map, key, &item))
		return CTAP_OK;
	c = cbor_from(item);
	return cbor_get_bytes(&c, v) == ERR_OK ? CTAP_OK : CTAP_UNEXPECTED_TYPE;
}

enum ctap
soft_map_text(struct span map, const char *key, struct span *v)
{
	struct span item;
	struct cbor c;

	if (!soft_map_find(map, key, &item))
		return CTAP_OK;
	c = cbor_from(item);
	return cbor_get_text(&c, v) == ERR_OK ? CTAP_OK : CTAP_UNEXPECTED_TYPE;
}

enum ctap
soft_map_bool(struct span map, const char *key, bool *has, bool *v)
{
	struct span item;
	struct cbor c;

	*has = false;
	if (!soft_map_find(map, key, &item))
		return CTAP_OK;
	*has = true;
	c = cbor_from(item);
	return cbor_get_bool(&c, v) == ERR_OK ? CTAP_OK : CTAP_UNEXPECTED_TYPE;
}

enum ctap
soft_map_uint(struct span map, const char *key, struct soft_uint *v)
{
	struct span item;
	struct cbor c;

	if (!soft_map_find(map, key, &item))
		return CTAP_OK;
	c = cbor_from(item);
	v->has = true;
	return cbor_get_uint(&c, &v->v) == ERR_OK ? CTAP_OK : CTAP_UNEXPECTED_TYPE;
}

enum ctap
soft_parse_descriptor(struct span item, struct span *id)
{
	struct span type = SPAN_NONE;
	struct cbor_head h;
	struct cbor c = cbor_from(item);
	enum ctap r;

	*id = SPAN_NONE;
	if (cbor_peek(&c, &h) != ERR_OK || h.type != CBOR_MAP)
		return CTAP_UNEXPECTED_TYPE;
	if ((r = soft_map_text(item, "type", &type)) != CTAP_OK ||
	    (r = soft_map_bytes(item, "id", id)) != CTAP_OK)
		return r;
	if (type.p == NULL || id->p == NULL)
		return CTAP_MISSING_PARAMETER;
	if (!span_is(type, "public-key"))
		*id = SPAN_NONE;
	return CTAP_OK;
}

struct p256_key {
	struct soft_uint kty;
	struct soft_uint crv;
	struct span x;
	struct span y;
};

static const struct soft_field p256_fields[] = {
	{ 1, CBOR_UINT, offsetof(struct p256_key, kty), true },
	{ -1, CBOR_UINT, offsetof(struct p256_key, crv), true },
	{ -2, CBOR_BYTES, offsetof(struct p256_key, x), true },
	{ -3, CBOR_BYTES, offsetof(struct p256_key, y), true },
};

enum ctap
soft_parse_p256(struct span item, uint8_t pub[64])
{
	struct p256_key k = { 0 };
	enum ctap r;

	if ((r = SOFT_PARSE(p256_fields, item, &k)) != CTAP_OK)
		return r;
	if (k.kty.v != 2 || k.crv.v != 1 || k.x.len != 32 || k.y.len != 32)
		return CTAP_INVALID_PARAMETER;
	memcpy(pub, k.x.p, 32);
	memcpy(pub + 32, k.y.p, 32);
	return CTAP_OK;
}

struct buf *
soft_map_key(struct soft_map *m, int64_t key)
{
	m->n++;
	cbor_put_int(&m->pairs, key);
	return &m->pairs;
}

struct buf *
soft_map_str(struct soft_map *m, const char *key)
{
	m->n++;
	cbor_put_str(&m->pairs, key);
	return &m->pairs;
}

void
soft_map_end(struct soft_map *m, struct buf *out)
{
	cbor_put_map(out, m->n);
	buf_put_span(out, buf_span(&m->pairs));
	if (m->pairs.failed)
		out->failed = true;
	buf_done(&m->pairs);
	m->n = 0;
}

void
soft_put_descriptor(struct buf *b, struct span id)
{
	cbor_put_map(b, 2);
	cbor_put_str(b, "id");
	cbor_put_bytes(b, id);
	cbor_put_str(b, "type");
	cbor_put_str(b, "public-key");
}

void
soft_put_p256(struct buf *b, const uint8_t pub[64], int64_t alg)
{
	cbor_put_map(b, 5);
	cbor_put_uint(b, 1);
	cbor_put_uint(b, 2);
	cbor_put_uint(b, 3);
	cbor_put_int(b, alg);
	cbor_put_int(b, -1);
	cbor_put_uint(b, 1);
	cbor_put_int(b, -2);
	cbor_put_bytes(b, SPAN(pub, 32));
	cbor_put_int(b, -3);
	cbor_put_bytes(b, SPAN(pub + 32, 32));
}
