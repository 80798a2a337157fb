#include "oidc/db/recent.h"

#include <stdlib.h>

struct recent_place {
	enum recent_kind kind;
	struct buf key;
	void *row;
	bool is_used;
};

/* ---- copies ---- */
/* Where a row has its texts, all of which are in its `bytes`. */
struct shape {
	size_t size, bytes, ntexts, texts[11];
};

#define AT(type, text) offsetof(struct type, text)

static const struct shape shapes[] = {
	[RECENT_ACCOUNT] = { sizeof(struct db_account), AT(db_account, bytes), 3,
	    { AT(db_account, name), AT(db_account, me), AT(db_account, claims) } },
	[RECENT_CLIENT] = { sizeof(struct db_client), AT(db_client, bytes), 11,
	    { AT(db_client, id), AT(db_client, name), AT(db_client, redirects),
		AT(db_client, logouts), AT(db_client, sector), AT(db_client, scopes),
		AT(db_client, algorithm), AT(db_client, uri), AT(db_client, logo),
		AT(db_client, policy), AT(db_client, terms) } },
	[RECENT_SESSION] = { sizeof(struct db_session), AT(db_session, bytes), 2,
	    { AT(db_session, agent), AT(db_session, amr) } },
	[RECENT_CONSENT] = { sizeof(struct db_consent), AT(db_consent, bytes), 3,
	    { AT(db_consent, client), AT(db_consent, scopes), AT(db_consent, sub) } },
	[RECENT_STANDS] = { .size = 0 },
};

static struct buf *
bytes_of(const struct shape *h, void *row)
{
	return (struct buf *)(void *)((uint8_t *)row + h->bytes);
}

static bool
copy(const struct shape *h, void *to, const void *from)
{
	struct buf was, *now;

	if (!h->size)
		return true;
	memcpy(to, from, h->size);
	now = bytes_of(h, to);
	was = *now;
	*now = BUF_INIT;
	buf_put(now, was.p, was.len);
	if (now->failed)
		return false;
	for (size_t i = 0; i < h->ntexts; i++) {
		struct span *t = (struct span *)(void *)((uint8_t *)to + h->texts[i]);

		if (t->p)
			t->p = now->p + (t->p - was.p);
	}
	return true;
}

/* ---- places ---- */
static void
clear(struct recent_place *p)
{
	if (!p->is_used)
		return;
	if (p->row)
		buf_done(bytes_of(&shapes[p->kind], p->row));
	free(p->row);
	buf_done(&p->key);
	*p = (struct recent_place){ .is_used = false };
}

static void
drop(struct db *s)
{
	for (size_t i = 0; s->recent.places && i < RECENT_PLACES; i++)
		clear(&s->recent.places[i]);
}

/* The first of its few, by FNV-1a: who chooses keys that meet there has them read from the file. */
static struct recent_place *
places_of(struct db *s, const struct recent_key *k)
{
	uint32_t h = 2166136261U ^ (uint32_t)k->kind;

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < k->part[i].len; j++)
			h = (h ^ k->part[i].p[j]) * 16777619U;
	return &s->recent.places[(h ^ h >> 16) % (RECENT_PLACES / RECENT_WAYS) * RECENT_WAYS];
}

static bool
is_of(const struct recent_place *p, const struct recent_key *k)
{
	size_t at = 0;

	if (!p->is_used || p->kind != k->kind)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!span_eq(span_sub(buf_span(&p->key), at, k->part[i].len), k->part[i]))
			return false;
		at += k->part[i].len;
	}
	return at == p->key.len;
}

static struct recent_place *
find(struct db *s, const struct recent_key *k)
{
	struct recent_place *p = places_of(s, k);

	for (size_t i = 0; i < RECENT_WAYS; i++)
		if (is_of(&p[i], k))
			return &p[i];
	return NULL;
}

/* ---- may it be taken from here ---- */
static uint64_t
version(struct db *s)
{
	struct q q;
	uint64_t v = 0;

	q_begin(&q, s, "PRAGMA data_version");
	if (q_row(&q))
		v = q_get_int(&q);
	return q_end(&q) ? 0 : v;
}

void
recent_look(struct db *s)
{
	uint64_t now;

	if (!s->steady)
		return;
	now = version(s);
	if (!now || now != s->recent.version)
		drop(s);
	s->recent.version = now;
}

void
recent_touch(struct db *s, const char *statement)
{
	static const char *const harmless[] = { "INSERT INTO token ", "UPDATE token SET ",
		"DELETE FROM token WHERE " };

	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (strncmp(statement, harmless[i], strlen(harmless[i])) == 0)
			return;
	s->recent.touched = true;
	drop(s);
}

void
recent_settle(struct db *s)
{
	s->recent.touched = false;
}

void
recent_done(struct db *s)
{
	drop(s);
	free(s->recent.places);
	s->recent.places = NULL;
}

static bool
is_usable(struct db *s)
{
	return s->steady && !sql_moment(s) && s->recent.version && !s->recent.touched && !s->lost;
}

/* ---- rows ---- */
bool
recent_get(struct db *s, const struct recent_key *k, void *out)
{
	const struct recent_place *p;

	if (!is_usable(s) || !s->recent.places)
		return false;
	if (!(p = find(s, k)))
		return false;
	if (!copy(&shapes[k->kind], out, p->row)) {
		buf_done(bytes_of(&shapes[k->kind], out));
		return false;
	}
	s->recent.hits++;
	return true;
}

static struct recent_place *
free_place(struct db *s, const struct recent_key *k)
{
	struct recent_place *p = places_of(s, k);

	for (size_t i = 0; i < RECENT_WAYS; i++)
		if (!p[i].is_used)
			return &p[i];
	p += s->recent.turn++ % RECENT_WAYS;
	clear(p);
	return p;
}

static bool
fill(struct recent_place *p, const struct recent_key *k, const void *row)
{
	const struct shape *h = &shapes[k->kind];

	p->is_used = true;
	p->kind = k->kind;
	for (size_t i = 0; i < 3; i++)
		buf_put_span(&p->key, k->part[i]);
	if (h->size && !(p->row = calloc(1, h->size)))
		return false;
	return copy(h, p->row, row) && !buf_err(&p->key);
}

static bool
is_small(const struct recent_key *k, const void *row)
{
	const struct shape *h = &shapes[k->kind];
	size_t n = k->part[0].len + k->part[1].len + k->part[2].len;

	if (h->size)
		n += ((const struct buf *)(const void *)((const uint8_t *)row + h->bytes))->len;
	return n <= RECENT_BYTES;
}

void
recent_put(struct db *s, const struct recent_key *k, const void *row)
{
	struct recent_place *p;

	if (!is_usable(s) || !is_small(k, row))
		return;
	if (!s->recent.places)
		s->recent.places = calloc(RECENT_PLACES, sizeof *s->recent.places);
	if (!s->recent.places)
		return;
	p = free_place(s, k);
	if (!fill(p, k, row))
		clear(p);
}
