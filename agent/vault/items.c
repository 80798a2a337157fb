/* items.c - the array of encoded items and its two indexes. */
#include "agent/vault/items.h"

#include <stdlib.h>

#include "lib/crypto.h"

#define HEADS_MIN 1024

/* ---- SipHash-1-3: keyed, because labels are chosen by clients ---- */
static inline uint64_t
rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

/* Byte order does not matter: a hash never leaves this process. */
static inline uint64_t
sip_load(const uint8_t *p, size_t n)
{
	uint64_t m = 0;

	memcpy(&m, p, n);
	return m;
}

static uint32_t
hash(const struct items *t, uint32_t start, struct span s)
{
	uint64_t k0 = be64(t->seed), k1 = be64(t->seed + 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	size_t i;

	sip_word(v, start);
	for (i = 0; i + 8 <= s.len; i += 8)
		sip_word(v, sip_load(s.p + i, 8));
	sip_word(v, sip_load(s.p + i, s.len - i) ^ (uint64_t)s.len << 56);
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

static uint32_t
hash_id(const struct items *t, const uint8_t id[16])
{
	return hash(t, 1, SPAN(id, 16));
}

static uint32_t
hash_label(const struct items *t, uint64_t kind, struct span label)
{
	return hash(t, 2 + (uint32_t)kind, label);
}

/* ---- entries ---- */
#define ENTRY_PREFIX "ownkey."

/* Whatever the order: what an application gave, and the collection. */
static uint32_t
hash_entry(const struct items *t, const struct item *it)
{
	struct cbor c = wire_each(&it->attributes);
	const struct span own = SPAN_LIT(ENTRY_PREFIX), kind = SPAN_LIT(ENTRY_PREFIX "kind");
	struct item_attr a;
	uint32_t sum = 0;

	/* most secrets are none: nothing is decoded for them */
	if (it->kind != ITEM_SECRET || !it->attributes.raw.len ||
	    !memmem(it->attributes.raw.p, it->attributes.raw.len, kind.p, kind.len))
		return 0;
	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (a.name.len < own.len || memcmp(a.name.p, own.p, own.len) != 0 ||
		    span_is(a.name, ENTRY_PREFIX "collection"))
			sum += hash(t, hash(t, 1, a.name), a.value);
	return sum | 1;
}

size_t
items_next_entry(const struct items *t, size_t pos, size_t at)
{
	uint32_t h = t->v[pos].hash_entry, next;

	if (!h || !t->nheads)
		return 0;
	next = at ? t->v[at - 1].next_entry : t->by_entry[h & (t->nheads - 1)];
	while (next && t->v[next - 1].hash_entry != h)
		next = t->v[next - 1].next_entry;
	return next;
}

static void
wipe_entry(struct items_entry *en)
{
	if (en->raw && en->owned) {
		sec_zero(en->raw, en->len);
		free(en->raw);
	}
	en->raw = NULL;
}

void
items_done(struct items *t)
{
	for (size_t i = 0; i < t->n; i++)
		wipe_entry(&t->v[i]);
	free(t->v);
	free(t->by_id);
	free(t->by_label);
	free(t->by_entry);
	*t = (struct items){ 0 };
}

/* ---- chains ---- */
static void
link_entry(struct items *t, size_t pos)
{
	struct items_entry *en = &t->v[pos];
	uint32_t *head = &t->by_entry[en->hash_entry & (t->nheads - 1)];

	if (!en->hash_entry)
		return;
	en->next_entry = *head;
	*head = (uint32_t)pos + 1;
}

static void
unlink_entry(struct items *t, size_t pos)
{
	struct items_entry *en = &t->v[pos];
	uint32_t *at = &t->by_entry[en->hash_entry & (t->nheads - 1)];

	if (!en->hash_entry)
		return;
	while (*at != pos + 1)
		at = &t->v[*at - 1].next_entry;
	*at = en->next_entry;
}

static void
link_item(struct items *t, size_t pos)
{
	struct items_entry *en = &t->v[pos];
	uint32_t *id = &t->by_id[en->hash_id & (t->nheads - 1)];
	uint32_t *label = &t->by_label[en->hash_label & (t->nheads - 1)];

	en->next_id = *id;
	en->next_label = *label;
	*id = *label = (uint32_t)pos + 1;
	link_entry(t, pos);
}

static void
unlink_item(struct items *t, size_t pos)
{
	struct items_entry *en = &t->v[pos];
	uint32_t *at = &t->by_id[en->hash_id & (t->nheads - 1)];

	while (*at != pos + 1)
		at = &t->v[*at - 1].next_id;
	*at = en->next_id;
	at = &t->by_label[en->hash_label & (t->nheads - 1)];
	while (*at != pos + 1)
		at = &t->v[*at - 1].next_label;
	*at = en->next_label;
	unlink_entry(t, pos);
}

static enum err
rehash(struct items *t, size_t nheads)
{
	uint32_t *id = calloc(nheads, sizeof *id), *label = calloc(nheads, sizeof *label),
		 *entry = calloc(nheads, sizeof *entry);

	if (!id || !label || !entry) {
		free(entry);
		free(id);
		free(label);
		return ERR_NOMEM;
	}
	if (!t->nheads)
		crypto_random(t->seed, sizeof t->seed);
	free(t->by_id);
	free(t->by_label);
	free(t->by_entry);
	t->by_entry = entry;
	t->by_id = id;
	t->by_label = label;
	t->nheads = nheads;
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].raw)
			link_item(t, i);
	return ERR_OK;
}

enum err
items_reserve(struct items *t, size_t n)
{
	size_t want = t->n + n, cap = t->cap ? t->cap : 16,
	       heads = t->nheads ? t->nheads : HEADS_MIN;
	struct items_entry *v;

	while (cap < want)
		cap *= 2;
	if (cap != t->cap) {
		if (!(v = realloc(t->v, cap * sizeof *v)))
			return ERR_NOMEM;
		t->v = v;
		t->cap = cap;
	}
	while (heads < want)
		heads *= 2;
	return heads == t->nheads ? ERR_OK : rehash(t, heads);
}

/* ---- finding ---- */
size_t
items_find_id(const struct items *t, const uint8_t id[16])
{
	uint32_t h, at;

	if (!t->nheads)
		return 0;
	h = hash_id(t, id);
	for (at = t->by_id[h & (t->nheads - 1)]; at; at = t->v[at - 1].next_id) {
		const struct items_entry *en = &t->v[at - 1];

		if (en->hash_id == h && memcmp(en->raw + en->id_at, id, 16) == 0)
			break;
	}
	return at;
}

size_t
items_find_label(const struct items *t, uint64_t kind, struct span label)
{
	uint32_t h, at, best = 0;

	if (!t->nheads)
		return 0;
	h = hash_label(t, kind, label);
	for (at = t->by_label[h & (t->nheads - 1)]; at; at = t->v[at - 1].next_label) {
		const struct items_entry *en = &t->v[at - 1];

		if (en->hash_label == h && en->kind == kind &&
		    span_eq(SPAN(en->raw + en->label_at, en->label_len), label) &&
		    (!best || at < best))
			best = at;
	}
	return best;
}

/* ---- changing ---- */
static void
fill(struct items *t, struct items_entry *en, struct span raw, const struct item *it)
{
	en->raw = (uint8_t *)(uintptr_t)raw.p;
	en->len = (uint32_t)raw.len;
	en->id_at = (uint32_t)(it->id.p - raw.p);
	en->label_at = (uint32_t)(it->label.p - raw.p);
	en->label_len = (uint16_t)it->label.len;
	en->kind = it->kind > UINT16_MAX ? UINT16_MAX : (uint16_t)it->kind;
	en->hash_id = hash_id(t, it->id.p);
	en->hash_label = hash_label(t, en->kind, it->label);
	en->hash_entry = hash_entry(t, it);
}

enum err
items_add(struct items *t, struct span raw, const struct item *it)
{
	enum err e;

	if ((e = items_reserve(t, 1)))
		return e;
	t->v[t->n] = (struct items_entry){ .owned = false };
	fill(t, &t->v[t->n], raw, it);
	t->n++;
	t->live++;
	return ERR_OK;
}

/* False when the id is there already. */
static bool
link_id(struct items *t, size_t pos)
{
	struct items_entry *en = &t->v[pos];
	uint32_t *head = &t->by_id[en->hash_id & (t->nheads - 1)];

	for (uint32_t at = *head; at; at = t->v[at - 1].next_id) {
		const struct items_entry *other = &t->v[at - 1];

		if (other->hash_id == en->hash_id &&
		    memcmp(other->raw + other->id_at, en->raw + en->id_at, ITEM_ID_LEN) == 0)
			return false;
	}
	en->next_id = *head;
	*head = (uint32_t)pos + 1;
	return true;
}

static void
link_label(struct items *t, size_t pos)
{
	uint32_t *head = &t->by_label[t->v[pos].hash_label & (t->nheads - 1)];

	t->v[pos].next_label = *head;
	*head = (uint32_t)pos + 1;
}

/* A load would wait for memory at each item: the heads of those to come are fetched ahead. */
#define AHEAD 16

enum err
items_link(struct items *t)
{
	if (t->nheads) {
		memset(t->by_id, 0, t->nheads * sizeof *t->by_id);
		memset(t->by_label, 0, t->nheads * sizeof *t->by_label);
		memset(t->by_entry, 0, t->nheads * sizeof *t->by_entry);
	}
	for (size_t i = 0; i < t->n; i++) {
		if (i + AHEAD < t->n)
			__builtin_prefetch(&t->by_id[t->v[i + AHEAD].hash_id & (t->nheads - 1)], 1);
		if (!link_id(t, i))
			return ERR_EXISTS;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (i + AHEAD < t->n)
			__builtin_prefetch(
			    &t->by_label[t->v[i + AHEAD].hash_label & (t->nheads - 1)], 1);
		link_label(t, i);
		link_entry(t, i);
	}
	return ERR_OK;
}

/* it borrows from raw: in the copy everything is at the same offset. */
static void
move_spans(struct item *it, struct span from, const uint8_t *to)
{
	it->id.p = to + (it->id.p - from.p);
	it->label.p = to + (it->label.p - from.p);
}

enum err
items_put(struct items *t, struct span raw, const struct item *it)
{
	struct item moved = *it;
	uint8_t *copy;
	size_t at;
	enum err e;

	if ((e = items_reserve(t, 1)))
		return e;
	if (!(copy = malloc(raw.len)))
		return ERR_NOMEM;
	memcpy(copy, raw.p, raw.len);
	at = items_find_id(t, it->id.p);
	move_spans(&moved, raw, copy);
	if (at) {
		unlink_item(t, --at);
		wipe_entry(&t->v[at]);
	} else {
		at = t->n++;
		t->live++;
	}
	t->v[at] = (struct items_entry){ .owned = true };
	fill(t, &t->v[at], SPAN(copy, raw.len), &moved);
	link_item(t, at);
	return ERR_OK;
}

void
items_remove(struct items *t, size_t pos)
{
	unlink_item(t, pos);
	wipe_entry(&t->v[pos]);
	t->live--;
}
