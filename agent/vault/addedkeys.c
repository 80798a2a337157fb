/*
 * addedkeys.c - an array in the order of adding, and an index of it by id.  A key that was dropped
 * leaves its place in both until they are made anew.
 */
#include "agent/vault/addedkeys.h"

#include <stdlib.h>

#include "lib/crypto.h"

#define FIRST 64 /* places at the beginning; doubled when they are full */

struct addedkeys {
	struct addedkey *key;
	size_t n, room; /* places in use, dead ones too; all */
	size_t live;
	size_t arena, bytes;
	uint16_t *index; /* 1 + place; 0 = free; twice as many as there is room */
};
_Static_assert(ADDEDKEYS_MOST * 2 <= UINT16_MAX, "places fit into the index");

enum err
addedkeys_new(struct addedkeys **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

static bool
is_live(const struct addedkey *k)
{
	return k->secret.p != NULL;
}

static size_t
bytes_of(const struct addedkey *k)
{
	return (size_t)k->blob + k->comment + k->dest;
}

/* Granules of the arena are of 64 bytes (sec.c). */
static size_t
arena_of(size_t len)
{
	return (len + 63) / 64 * 64;
}

/* ---- the index ---- */
static size_t
slot_of(const struct addedkeys *a, const uint8_t id[16], size_t i)
{
	return (be32(id) + i) & (2 * a->room - 1);
}

static struct addedkey *
find(const struct addedkeys *a, const uint8_t id[16])
{
	uint16_t at;

	if (!a->room)
		return NULL;
	for (size_t i = 0; (at = a->index[slot_of(a, id, i)]) != 0; i++)
		if (is_live(&a->key[at - 1]) && memcmp(a->key[at - 1].id, id, 16) == 0)
			return &a->key[at - 1];
	return NULL;
}

static void
index_add(struct addedkeys *a, size_t place)
{
	size_t i = 0;

	while (a->index[slot_of(a, a->key[place].id, i)])
		i++;
	a->index[slot_of(a, a->key[place].id, i)] = (uint16_t)(place + 1);
}

/* With room for one more: the dead go, and if that is not enough there is twice as much. */
static enum err
make_room(struct addedkeys *a)
{
	size_t room = !a->room ? FIRST : a->live * 4 > a->room * 3 ? a->room * 2 : a->room, n = 0;
	struct addedkey *key;
	uint16_t *index;

	if (a->n < a->room)
		return ERR_OK;
	key = calloc(room, sizeof *key);
	index = calloc(2 * room, sizeof *index);
	if (!key || !index) {
		free(key);
		free(index);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < a->n; i++)
		if (is_live(&a->key[i]))
			key[n++] = a->key[i];
	free(a->key);
	free(a->index);
	a->key = key;
	a->index = index;
	a->room = room;
	a->n = n;
	for (size_t i = 0; i < n; i++)
		index_add(a, i);
	return ERR_OK;
}

/* ---- keys ---- */
void
addedkeys_id(struct span blob, uint8_t id[16])
{
	uint8_t hash[32];

	crypto_sha256(blob, hash);
	memcpy(id, hash, 16);
}

static void
release(struct addedkeys *a, struct addedkey *k)
{
	a->arena -= arena_of(k->secret.len);
	a->bytes -= bytes_of(k);
	a->live--;
	sec_done(&k->secret);
	free(k->more);
	k->more = NULL;
}

static enum err
fill_secret(const struct addedkeys_want *w, struct sec *s)
{
	size_t extra = w->type == SSHKEY_ED25519 ? w->point.len : 0;
	enum err e;

	if ((e = sec_init(s, w->canonical.len + extra)))
		return e;
	if ((e = sec_put(s, w->canonical)) || (extra && (e = sec_put(s, w->point))))
		sec_done(s);
	return e;
}

static uint8_t *
put_part(uint8_t *to, struct span s)
{
	if (s.len)
		memcpy(to, s.p, s.len);
	return to + s.len;
}

static enum err
fill(const struct addedkeys_want *w, struct addedkey *k)
{
	uint8_t *at;
	enum err e;

	*k = (struct addedkey){ .blob = (uint32_t)w->blob.len,
		.comment = (uint32_t)w->comment.len,
		.dest = (uint32_t)w->dest.raw.len,
		.ndest = (uint16_t)w->dest.n,
		.type = (uint8_t)w->type,
		.cert = w->cert,
		.confirm = w->confirm,
		.expires = w->expires };
	addedkeys_id(w->blob, k->id);
	if (!(k->more = malloc(bytes_of(k))))
		return ERR_NOMEM;
	at = put_part(k->more, w->blob);
	at = put_part(at, w->comment);
	put_part(at, w->dest.raw);
	if ((e = fill_secret(w, &k->secret)))
		free(k->more);
	return e;
}

static bool
is_too_much(const struct addedkeys *a, const struct addedkeys_want *w)
{
	size_t extra = w->type == SSHKEY_ED25519 ? w->point.len : 0;
	size_t bytes = w->blob.len + w->comment.len + w->dest.raw.len;

	return a->live >= ADDEDKEYS_MOST || bytes > ADDEDKEYS_BYTES - a->bytes ||
	    arena_of(w->canonical.len + extra) > ADDEDKEYS_ARENA - a->arena;
}

enum err
addedkeys_put(struct addedkeys *a, const struct addedkeys_want *w, uint8_t id[16], bool *there)
{
	struct addedkey k, *old;
	enum err e;

	if (!w->blob.len || !w->canonical.len)
		return ERR_INTERNAL;
	if (is_too_much(a, w))
		return ERR_LIMIT;
	if ((e = make_room(a)) || (e = fill(w, &k)))
		return e;
	a->arena += arena_of(k.secret.len);
	a->bytes += bytes_of(&k);
	a->live++;
	old = find(a, k.id);
	*there = old != NULL;
	if (old) {
		release(a, old);
		*old = k;
	} else {
		a->key[a->n++] = k;
		index_add(a, a->n - 1);
	}
	memcpy(id, k.id, 16);
	return ERR_OK;
}

const struct addedkey *
addedkeys_find(const struct addedkeys *a, const uint8_t id[16])
{
	return find(a, id);
}

bool
addedkeys_drop(struct addedkeys *a, const uint8_t id[16])
{
	struct addedkey *k = find(a, id);

	if (k)
		release(a, k);
	return k != NULL;
}

const struct addedkey *
addedkeys_each(const struct addedkeys *a, size_t *pos)
{
	while (*pos < a->n)
		if (is_live(&a->key[(*pos)++]))
			return &a->key[*pos - 1];
	return NULL;
}

const struct addedkey *
addedkeys_expired(const struct addedkeys *a, uint64_t now)
{
	const struct addedkey *k;
	size_t pos = 0;

	while ((k = addedkeys_each(a, &pos)))
		if (k->expires && k->expires <= now)
			return k;
	return NULL;
}

uint64_t
addedkeys_next_expiry(const struct addedkeys *a)
{
	const struct addedkey *k;
	uint64_t next = 0;
	size_t pos = 0;

	while ((k = addedkeys_each(a, &pos)))
		if (k->expires && (!next || k->expires < next))
			next = k->expires;
	return next;
}

size_t
addedkeys_count(const struct addedkeys *a)
{
	return a->live;
}

struct span
addedkey_canonical(const struct addedkey *k)
{
	return SPAN(k->secret.p, k->type == SSHKEY_ED25519 ? 32 : k->secret.len);
}

void
addedkeys_free(struct addedkeys *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (is_live(&a->key[i]))
			release(a, &a->key[i]);
	free(a->key);
	free(a->index);
	free(a);
}
