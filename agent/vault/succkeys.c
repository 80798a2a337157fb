/* succkeys.c - which keys of the recovery phrase logs have announced. */
#include "agent/vault/succkeys.h"

enum err
succkeys_load(const struct body *b, struct succkeys *s)
{
	struct cbor c = cbor_from(body_raw(b, BODY_SUCCESSION));
	size_t count = 0;
	enum err e = ERR_OK;

	s->n = 0;
	s->taken = false;
	if (!cbor_at_end(&c) && (e = cbor_get_array(&c, &count)))
		return e;
	if (count > SUCCKEYS_ROWS)
		return ERR_LIMIT;
	for (size_t i = 0; i < count && !e; i++)
		e = wire_decode_at(&succession_map, &c, &s->row[i]);
	s->n = e ? 0 : count;
	return e;
}

enum err
succkeys_take(struct succkeys *s, uint64_t generation, struct succkey *out)
{
	for (size_t i = 0; i < s->n; i++) {
		struct succession *r = &s->row[i];

		if (r->generation != generation || r->next >= r->hashes.len / 32)
			continue;
		*out = (struct succkey){ generation, r->next, r->hashes.p + 32 * r->next };
		r->next++;
		s->taken = true;
		return ERR_OK;
	}
	return ERR_SUCC_USED;
}

enum err
succkeys_find(const struct succkeys *s, const uint8_t hash[32], struct succkey *out)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < s->row[i].hashes.len / 32; j++)
			if (memcmp(s->row[i].hashes.p + 32 * j, hash, 32) == 0) {
				*out = (struct succkey){ s->row[i].generation, j, hash };
				return ERR_OK;
			}
	return ERR_NOTFOUND;
}

void
succkeys_put(const struct succkeys *s, struct delta *d)
{
	struct buf all = BUF_INIT;
	enum err e = ERR_OK;

	if (!s->taken)
		return;
	cbor_put_array(&all, s->n);
	for (size_t i = 0; i < s->n && !e; i++) {
		struct succession row = s->row[i];

		wire_mark(&succession_map, &row);
		e = wire_encode(&succession_map, &row, &all);
	}
	if (!e)
		e = buf_err(&all);
	if (e && !d->err)
		d->err = e;
	else if (!e)
		delta_raw(d, BODY_SUCCESSION, buf_span(&all));
	buf_done(&all);
}
