/*
 * memo.c - buckets of singly linked entries, and one list in order of age.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "oidc/db/memo.h"

struct entry {
	struct entry *chain;	     /* of its bucket */
	struct entry *older, *newer; /* by age */
	void *value;
	uint64_t ends;
	size_t bytes;
	uint8_t key[MEMO_KEY];
};

struct memo {
	struct memo_kind kind;
	struct entry **bucket;
	unsigned mask, n;
	size_t bytes, most_bytes; /* 0 = any */
	struct entry *oldest, *newest;
};

struct memo *
memo_new(const struct memo_kind *kind)
{
	struct memo *m = calloc(1, sizeof *m);
	unsigned buckets = 16;

	while (buckets < kind->most && buckets < 1U << 16)
		buckets *= 2;
	if (m)
		m->bucket = calloc(buckets, sizeof *m->bucket);
	if (!m || !m->bucket) {
		free(m);
		return NULL;
	}
	m->kind = *kind;
	m->mask = buckets - 1;
	return m;
}

static struct entry **
place_of(struct memo *m, const uint8_t key[MEMO_KEY])
{
	unsigned h;
	struct entry **at;

	memcpy(&h, key, sizeof h);
	at = &m->bucket[h & m->mask];
	while (*at && !crypto_eq(SPAN((*at)->key, MEMO_KEY), SPAN(key, MEMO_KEY)))
		at = &(*at)->chain;
	return at;
}

/* Its value, which is nobody's now. */
static void *
unlink_at(struct memo *m, struct entry **at)
{
	struct entry *x = *at;
	void *value = x->value;

	*at = x->chain;
	*(x->older ? &x->older->newer : &m->oldest) = x->newer;
	*(x->newer ? &x->newer->older : &m->newest) = x->older;
	m->n--;
	m->bytes -= x->bytes;
	free(x);
	return value;
}

static void
drop(struct memo *m, void *value)
{
	if (m->kind.drop)
		m->kind.drop(value);
}

static void
drop_oldest(struct memo *m)
{
	drop(m, unlink_at(m, place_of(m, m->oldest->key)));
}

void
memo_free(struct memo *m)
{
	if (!m)
		return;
	while (m->oldest)
		drop_oldest(m);
	free(m->bucket);
	free(m);
}

void
memo_expire(struct memo *m, uint64_t now)
{
	while (m->oldest && m->oldest->ends <= now)
		drop_oldest(m);
}

void
memo_weigh(struct memo *m, size_t most)
{
	m->most_bytes = most;
}

static bool
is_full(const struct memo *m, size_t bytes)
{
	return m->n >= m->kind.most || (m->most_bytes && m->n && bytes > m->most_bytes - m->bytes);
}

static enum err
make_room(struct memo *m, const uint8_t key[MEMO_KEY], size_t bytes, uint64_t now)
{
	memo_expire(m, now);
	if (*place_of(m, key))
		return ERR_EXISTS;
	if (m->most_bytes && bytes > m->most_bytes)
		return ERR_LIMIT;
	while (is_full(m, bytes)) {
		if (!m->kind.oldest)
			return ERR_LIMIT;
		drop_oldest(m);
	}
	return ERR_OK;
}

enum err
memo_put_bytes(struct memo *m, const uint8_t key[MEMO_KEY], void *value, size_t bytes, uint64_t now)
{
	enum err e = make_room(m, key, bytes, now);
	struct entry *x = e ? NULL : calloc(1, sizeof *x);

	if (!x) {
		drop(m, value);
		return e ? e : ERR_NOMEM;
	}
	memcpy(x->key, key, MEMO_KEY);
	x->value = value;
	x->bytes = bytes;
	x->ends = now + m->kind.life;
	*place_of(m, key) = x;
	x->older = m->newest;
	*(m->newest ? &m->newest->newer : &m->oldest) = x;
	m->newest = x;
	m->n++;
	m->bytes += bytes;
	return ERR_OK;
}

enum err
memo_put(struct memo *m, const uint8_t key[MEMO_KEY], void *value, uint64_t now)
{
	return memo_put_bytes(m, key, value, 0, now);
}

void *
memo_find(struct memo *m, const uint8_t key[MEMO_KEY], uint64_t now)
{
	struct entry *x = *place_of(m, key);

	return x && x->ends > now ? x->value : NULL;
}

void *
memo_take(struct memo *m, const uint8_t key[MEMO_KEY], uint64_t now)
{
	struct entry **at = place_of(m, key);

	return *at && (*at)->ends > now ? unlink_at(m, at) : NULL;
}

unsigned
memo_count(const struct memo *m)
{
	return m->n;
}

void
memo_drop_if(struct memo *m, memo_fn *fn, void *arg)
{
	struct entry *x = m->oldest, *next;

	for (; x; x = next) {
		next = x->newer;
		if (fn(arg, x->value))
			drop(m, unlink_at(m, place_of(m, x->key)));
	}
}
