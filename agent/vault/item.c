/* item.c - revisions of items. */
#include "agent/vault/item.h"

enum err
item_check(const struct item *it)
{
	return it->rev && it->rev_ids.n && it->rev_ids.n <= ITEM_REVS ? ERR_OK : ERR_RANGE;
}

static size_t
read_revs(const struct item *it, struct span *v, size_t most)
{
	struct cbor c = wire_each(&it->rev_ids);
	size_t n = 0;

	if (it->rev_ids.v) {
		const struct span *have = it->rev_ids.v;

		for (; n < it->rev_ids.n && n < most; n++)
			v[n] = have[n];
		return n;
	}
	while (n < most && !cbor_at_end(&c) && !cbor_get_bytes(&c, &v[n]))
		n++;
	return n;
}

enum err
item_next_rev(struct item *it, const uint8_t rev_id[16], struct item_history *h)
{
	if (it->rev >= UINT32_MAX)
		return ERR_RANGE;
	it->rev_ids.n = 1 + read_revs(it, h->v + 1, ITEM_REVS - 1);
	h->v[0] = SPAN(rev_id, 16);
	it->rev_ids.v = h->v;
	it->rev++;
	return ERR_OK;
}

bool
item_has_rev(const struct item *it, struct span rev_id)
{
	struct span v[ITEM_REVS];
	size_t n = read_revs(it, v, ITEM_REVS);

	for (size_t i = 0; i < n; i++)
		if (span_eq(v[i], rev_id))
			return true;
	return false;
}
