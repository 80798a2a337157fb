/* index.c - entries by id, by time and by attribute. */
#include "cli/secrets/index.h"

#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/sec.h"

#define TABLE_MIN 64

struct node {
	struct entry e; /* first: an entry of ours is its node */
	size_t size;	/* of this allocation; texts are behind */
};

/* In the order of their making, then by id: the same for every search. */
struct row {
	struct node **v;
	size_t n, cap;
};

/* All entries of kind item that have this attribute. */
struct key {
	struct key *next;
	uint64_t hash;
	size_t size;
	struct span name, value; /* behind */
	struct row row;
};

struct index {
	uint8_t salt[16];
	struct row all, collections;
	struct node **id; /* open addressing; at most half full */
	size_t id_cap;
	struct key **key; /* chains */
	size_t key_cap, keys;
};

/* ---- rows ---- */
static int
order(const struct node *a, const struct node *b)
{
	if (a->e.created != b->e.created)
		return a->e.created < b->e.created ? -1 : 1;
	if (memcmp(a->e.id, b->e.id, sizeof a->e.id) != 0)
		return memcmp(a->e.id, b->e.id, sizeof a->e.id);
	return a == b ? 0 : a < b ? -1 : 1; /* one and what takes its place */
}

static size_t
row_place(const struct row *r, const struct node *n)
{
	size_t low = 0, high = r->n;

	/* nearly always it is the last one */
	if (high && order(r->v[high - 1], n) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(r->v[middle], n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err
row_room(struct row *r)
{
	size_t cap = r->cap ? r->cap * 2 : 4;
	struct node **v;

	if (r->n < r->cap)
		return ERR_OK;
	if (!(v = reallocarray(r->v, cap, sizeof *v)))
		return ERR_NOMEM;
	r->v = v;
	r->cap = cap;
	return ERR_OK;
}

static void
row_put(struct row *r, struct node *n)
{
	size_t at = row_place(r, n);

	memmove(r->v + at + 1, r->v + at, (r->n - at) * sizeof(struct node *));
	r->v[at] = n;
	r->n++;
}

static void
row_take(struct row *r, const struct node *n)
{
	size_t at = row_place(r, n);

	if (at >= r->n || r->v[at] != n)
		return;
	r->n--;
	memmove(r->v + at, r->v + at + 1, (r->n - at) * sizeof(struct node *));
}

/* ---- nodes ---- */
static void
node_free(struct node *n)
{
	size_t size = n->size;

	sec_zero(n, size);
	free(n);
}

static struct span
copy(uint8_t **at, struct span s)
{
	struct span ours = SPAN(*at, s.len);

	if (s.len)
		memcpy(*at, s.p, s.len);
	*at += s.len;
	return ours;
}

/* The bytes of its texts, attributes and clients; ERR_FORMAT cannot be: the row was decoded. */
static enum err
measure(const struct ops_entry *row, size_t *size)
{
	struct cbor c = wire_each(&row->attributes), apps = wire_each(&row->clients);
	struct ops_pair pair;
	struct span app;
	enum err e;

	*size = sizeof(struct node) + row->attributes.n * sizeof(struct store_attr) +
	    row->clients.n * sizeof(struct span) + row->collection.len + row->label.len +
	    row->type.len + row->name.len;
	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&ops_pair_map, &c, &pair)))
			return e;
		*size += pair.name.len + pair.value.len;
	}
	while (!cbor_at_end(&apps)) {
		if ((e = cbor_get_bytes(&apps, &app)))
			return e;
		*size += app.len;
	}
	return ERR_OK;
}

static void
fill(struct node *n, const struct ops_entry *row)
{
	struct store_attr *attr = (struct store_attr *)(n + 1);
	struct span *client = (struct span *)(attr + row->attributes.n), app;
	uint8_t *at = (uint8_t *)(client + row->clients.n);
	struct cbor c = wire_each(&row->attributes), apps = wire_each(&row->clients);
	struct ops_pair pair;

	n->e = (struct entry){ .kind = (enum ops_entry_kind)row->kind,
		.collection = copy(&at, row->collection),
		.label = copy(&at, row->label),
		.type = copy(&at, row->type),
		.name = copy(&at, row->name),
		.attr = attr,
		.created = row->created,
		.modified = row->modified ? row->modified : row->created,
		.use = row->use,
		.client = client };
	memcpy(n->e.id, row->id.p, sizeof n->e.id);
	while (!cbor_at_end(&c) && !wire_next(&ops_pair_map, &c, &pair)) {
		attr[n->e.nattr].name = copy(&at, pair.name);
		attr[n->e.nattr++].value = copy(&at, pair.value);
	}
	while (!cbor_at_end(&apps) && !cbor_get_bytes(&apps, &app))
		client[n->e.nclient++] = copy(&at, app);
}

static enum err
node_new(const struct ops_entry *row, struct node **out)
{
	struct node *n;
	size_t size;
	enum err e;

	if (row->id.len != sizeof n->e.id)
		return ERR_FORMAT;
	if ((e = measure(row, &size)))
		return e;
	if (!(n = calloc(1, size)))
		return ERR_NOMEM;
	n->size = size;
	fill(n, row);
	*out = n;
	return ERR_OK;
}

/* ---- by id ---- */
static size_t
id_slot(const struct index *x, const uint8_t id[16])
{
	size_t at = crypto_siphash(x->salt, SPAN(id, 16)) & (x->id_cap - 1);

	while (x->id[at] && memcmp(x->id[at]->e.id, id, 16) != 0)
		at = (at + 1) & (x->id_cap - 1);
	return at;
}

static enum err
id_room(struct index *x)
{
	struct index old = *x;

	if ((x->all.n + 1) * 2 <= x->id_cap)
		return ERR_OK;
	x->id_cap = old.id_cap ? old.id_cap * 2 : TABLE_MIN;
	if (!(x->id = calloc(x->id_cap, sizeof(struct node *)))) {
		*x = old;
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < old.id_cap; i++)
		if (old.id[i])
			x->id[id_slot(x, old.id[i]->e.id)] = old.id[i];
	free(old.id);
	return ERR_OK;
}

/* Those that stand behind it come nearer, so that no gap hides one. */
static void
id_take(struct index *x, const uint8_t id[16])
{
	size_t at = id_slot(x, id);

	x->id[at] = NULL;
	for (at = (at + 1) & (x->id_cap - 1); x->id[at]; at = (at + 1) & (x->id_cap - 1)) {
		struct node *n = x->id[at];

		x->id[at] = NULL;
		x->id[id_slot(x, n->e.id)] = n;
	}
}

/* ---- by attribute ---- */
static uint64_t
hash_attr(const struct index *x, const struct store_attr *a)
{
	return crypto_siphash(x->salt, a->name) * 3 + crypto_siphash(x->salt, a->value);
}

static struct key **
key_find(const struct index *x, const struct store_attr *a, uint64_t hash)
{
	struct key **at = &x->key[hash & (x->key_cap - 1)];

	while (*at &&
	    ((*at)->hash != hash || !span_eq((*at)->name, a->name) ||
		!span_eq((*at)->value, a->value)))
		at = &(*at)->next;
	return at;
}

static void
key_rehash(struct index *x)
{
	size_t cap = x->key_cap * 2;
	struct key **wider = calloc(cap, sizeof(struct key *));

	if (!wider) /* slower, not wrong */
		return;
	for (size_t i = 0; i < x->key_cap; i++)
		for (struct key *k = x->key[i], *next; k; k = next) {
			next = k->next;
			k->next = wider[k->hash & (cap - 1)];
			wider[k->hash & (cap - 1)] = k;
		}
	free(x->key);
	x->key = wider;
	x->key_cap = cap;
}

static void
key_free(struct index *x, struct key **at)
{
	struct key *k = *at;

	*at = k->next;
	free(k->row.v);
	sec_zero(k, k->size);
	free(k);
	x->keys--;
}

static struct key *
key_new(struct index *x, const struct store_attr *a, uint64_t hash)
{
	size_t size = sizeof(struct key) + a->name.len + a->value.len;
	struct key *k = calloc(1, size), **at;
	uint8_t *behind = (uint8_t *)(k + 1);

	if (!k)
		return NULL;
	k->size = size;
	k->hash = hash;
	k->name = copy(&behind, a->name);
	k->value = copy(&behind, a->value);
	if (++x->keys > x->key_cap)
		key_rehash(x);
	at = &x->key[hash & (x->key_cap - 1)];
	k->next = *at;
	*at = k;
	return k;
}

static enum err
key_put(struct index *x, const struct store_attr *a, struct node *n)
{
	uint64_t hash = hash_attr(x, a);
	struct key *k = *key_find(x, a, hash);

	if (!k && !(k = key_new(x, a, hash)))
		return ERR_NOMEM;
	if (row_room(&k->row)) {
		if (!k->row.n)
			key_free(x, key_find(x, a, hash));
		return ERR_NOMEM;
	}
	row_put(&k->row, n);
	return ERR_OK;
}

static void
keys_take(struct index *x, const struct node *n, size_t count)
{
	for (size_t i = 0; n->e.kind == OPS_ENTRY_ITEM && i < count; i++) {
		struct key **at = key_find(x, &n->e.attr[i], hash_attr(x, &n->e.attr[i]));

		if (!*at)
			continue;
		row_take(&(*at)->row, n);
		if (!(*at)->row.n)
			key_free(x, at);
	}
}

static enum err
keys_put(struct index *x, struct node *n)
{
	enum err e;

	for (size_t i = 0; n->e.kind == OPS_ENTRY_ITEM && i < n->e.nattr; i++)
		if ((e = key_put(x, &n->e.attr[i], n))) {
			keys_take(x, n, i);
			return e;
		}
	return ERR_OK;
}

/* ---- all together ---- */
static void
unlink_node(struct index *x, struct node *n)
{
	keys_take(x, n, n->e.nattr);
	id_take(x, n->e.id);
	row_take(&x->all, n);
	row_take(&x->collections, n);
	node_free(n);
}

enum err
index_put(struct index *x, const struct ops_entry *row, const struct entry **now)
{
	struct node *n = NULL, *old;
	enum err e;

	if ((e = node_new(row, &n)))
		return e;
	if ((e = row_room(&x->all)) || (e = row_room(&x->collections)) || (e = id_room(x))) {
		node_free(n);
		return e;
	}
	if ((e = keys_put(x, n))) {
		node_free(n);
		return e;
	}
	/* nothing can fail any more */
	if ((old = x->id[id_slot(x, n->e.id)]))
		unlink_node(x, old);
	x->id[id_slot(x, n->e.id)] = n;
	row_put(&x->all, n);
	if (n->e.kind == OPS_ENTRY_COLLECTION)
		row_put(&x->collections, n);
	*now = &n->e;
	return ERR_OK;
}

void
index_remove(struct index *x, const uint8_t id[16])
{
	struct node *n = x->id_cap ? x->id[id_slot(x, id)] : NULL;

	if (n)
		unlink_node(x, n);
}

const struct entry *
index_find(const struct index *x, const uint8_t id[16])
{
	const struct node *n = x->id_cap ? x->id[id_slot(x, id)] : NULL;

	return n ? &n->e : NULL;
}

const struct entry *
index_collection(const struct index *x, struct span id)
{
	for (size_t i = 0; i < x->collections.n; i++)
		if (span_eq(x->collections.v[i]->e.collection, id))
			return &x->collections.v[i]->e;
	return NULL;
}

size_t
index_count(const struct index *x)
{
	return x->all.n;
}

const struct entry *
index_at(const struct index *x, size_t i)
{
	return &x->all.v[i]->e;
}

void
index_collections(const struct index *x, store_each_fn *fn, void *arg)
{
	for (size_t i = 0; i < x->collections.n; i++)
		if (!fn(arg, &x->collections.v[i]->e))
			return;
}

/* ---- searching ---- */
static bool
has_attr(const struct entry *e, const struct store_attr *a)
{
	for (size_t i = 0; i < e->nattr; i++)
		if (span_eq(e->attr[i].name, a->name))
			return span_eq(e->attr[i].value, a->value);
	return false;
}

static bool
matches(const struct entry *e, const struct store_query *q)
{
	if (e->kind != OPS_ENTRY_ITEM ||
	    (q->collection.len && !span_eq(e->collection, q->collection)))
		return false;
	for (size_t i = 0; i < q->nattr; i++)
		if (!has_attr(e, &q->attr[i]))
			return false;
	return true;
}

/* The shortest list of those that have one of them; NULL when some have none at all. */
static const struct row *
shortest(const struct index *x, const struct store_query *q)
{
	const struct row *best = &x->all;

	for (size_t i = 0; i < q->nattr; i++) {
		const struct key *k = *key_find(x, &q->attr[i], hash_attr(x, &q->attr[i]));

		if (!k)
			return NULL;
		if (k->row.n < best->n)
			best = &k->row;
	}
	return best;
}

void
index_search(const struct index *x, const struct store_query *q, store_each_fn *fn, void *arg)
{
	const struct row *r = shortest(x, q);

	for (size_t i = 0; r && i < r->n; i++)
		if (matches(&r->v[i]->e, q) && !fn(arg, &r->v[i]->e))
			return;
}

bool
index_same(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind || a->created != b->created || a->modified != b->modified ||
	    a->nattr != b->nattr || !span_eq(a->collection, b->collection) ||
	    !span_eq(a->label, b->label) || !span_eq(a->type, b->type) ||
	    !span_eq(a->name, b->name) || a->use != b->use || a->nclient != b->nclient)
		return false;
	for (size_t i = 0; i < a->nclient; i++)
		if (!span_eq(a->client[i], b->client[i]))
			return false;
	for (size_t i = 0; i < a->nattr; i++)
		if (!span_eq(a->attr[i].name, b->attr[i].name) ||
		    !span_eq(a->attr[i].value, b->attr[i].value))
			return false;
	return true;
}

/* ---- beginning and end ---- */
enum err
index_new(struct index **out)
{
	struct index *x = calloc(1, sizeof *x);

	if (!x || !(x->key = calloc(TABLE_MIN, sizeof(struct key *)))) {
		free(x);
		return ERR_NOMEM;
	}
	x->key_cap = TABLE_MIN;
	crypto_random(x->salt, sizeof x->salt);
	*out = x;
	return ERR_OK;
}

void
index_free(struct index *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->all.n; i++)
		node_free(x->all.v[i]);
	for (size_t i = 0; i < x->key_cap; i++)
		while (x->key[i])
			key_free(x, &x->key[i]);
	free(x->all.v);
	free(x->collections.v);
	free(x->id);
	free(x->key);
	free(x);
}
