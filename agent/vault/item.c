/* item.c - revisions of items. */
#include "agent/vault/item.h"

enum err
item_check(const struct item *it)
{
	return it->rev && it->rev_ids.n && it->rev_ids.n <= ITEM_REVS ? ERR_OK : ERR_RANGE;
}

size_t
item_revs(const struct wire_list *l, struct span *v, size_t most)
{
	struct cbor c = wire_each(l);
	size_t n = 0;

	if (l->v) {
		const struct span *have = l->v;

		for (; n < l->n && n < most; n++)
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
	it->rev_ids.n = 1 + item_revs(&it->rev_ids, h->v + 1, ITEM_REVS - 1);
	h->v[0] = SPAN(rev_id, 16);
	it->rev_ids.v = h->v;
	it->rev++;
	it->conflict.item = it->conflict.label = SPAN_NONE;
	return ERR_OK;
}

bool
item_has_rev(const struct item *it, struct span rev_id)
{
	struct span v[ITEM_REVS];
	size_t n = item_revs(&it->rev_ids, v, ITEM_REVS);

	for (size_t i = 0; i < n; i++)
		if (span_eq(v[i], rev_id))
			return true;
	return false;
}
