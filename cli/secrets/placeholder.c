/* placeholder.c - queries that were answered while nobody could know. */
#include "cli/secrets/placeholder.h"

#include <stdlib.h>

#include "cli/secrets/peer.h"
#include "lib/crypto.h"
#include "lib/sec.h"

#define QUERY_MAX (64 * 1024)	/* bytes of one query that are remembered */
#define BYTES_MAX (1024 * 1024) /* of all of a peer */

/* The query's texts are behind it, in the same allocation. */
struct holder {
	struct placeholder p;
	const struct peer *who;
	size_t size;
	uint64_t turn;
	struct holder *next; /* the newest first */
};

struct placeholders {
	struct holder *all;
	size_t n;
	uint64_t turn; /* how often the vault was opened */
	/* number; never given twice, so that none means another query later, nor for a process of
	 * ours that comes after this one: who holds one would be given the value of another */
	uint64_t last;
};

enum err
placeholders_new(struct placeholders **out)
{
	struct placeholders *p = calloc(1, sizeof *p);

	if (!p)
		return ERR_NOMEM;
	crypto_random(&p->last, sizeof p->last);
	p->last >>= 2; /* below 2^63, with room to count (objpath.c) */
	*out = p;
	return ERR_OK;
}

static void
drop(struct placeholders *p, struct holder **at)
{
	struct holder *h = *at;

	*at = h->next;
	p->n--;
	sec_zero(h, h->size);
	free(h);
}

void
placeholders_done(struct placeholders *p)
{
	while (p && p->all)
		drop(p, &p->all);
	free(p);
}

void
placeholders_forget(struct placeholders *p, const struct peer *who)
{
	for (struct holder **at = &p->all; *at;) {
		if ((*at)->who == who)
			drop(p, at);
		else
			at = &(*at)->next;
	}
}

/* ---- queries ---- */
static bool
has(const struct store_query *q, const struct store_attr *a)
{
	for (size_t i = 0; i < q->nattr; i++)
		if (span_eq(q->attr[i].name, a->name) && span_eq(q->attr[i].value, a->value))
			return true;
	return false;
}

/* The order of attributes says nothing. */
static bool
is_same(const struct store_query *a, const struct store_query *b)
{
	if (a->nattr != b->nattr || !span_eq(a->collection, b->collection))
		return false;
	for (size_t i = 0; i < a->nattr; i++)
		if (!has(b, &a->attr[i]) || !has(a, &b->attr[i]))
			return false;
	return true;
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

static size_t
measure(const struct store_query *q)
{
	size_t n = sizeof(struct holder) + q->nattr * sizeof(struct store_attr) + q->collection.len;

	for (size_t i = 0; i < q->nattr; i++)
		n += q->attr[i].name.len + q->attr[i].value.len;
	return n;
}

static struct holder *
make(const struct store_query *q, size_t size)
{
	struct holder *h = calloc(1, size);
	struct store_attr *attr;
	uint8_t *at;

	if (!h)
		return NULL;
	attr = (struct store_attr *)(h + 1);
	at = (uint8_t *)(attr + q->nattr);
	h->size = size;
	h->p.query.collection = copy(&at, q->collection);
	h->p.query.attr = attr;
	h->p.query.nattr = q->nattr;
	for (size_t i = 0; i < q->nattr; i++) {
		attr[i].name = copy(&at, q->attr[i].name);
		attr[i].value = copy(&at, q->attr[i].value);
	}
	return h;
}

/* ---- numbers ---- */
/* Room for one more of this peer.  What it was given before the vault was open last it has resolved
 * since: its oldest of those goes.  One that stands for something still would be taken for "no such
 * item" afterwards. */
static enum err
make_room(struct placeholders *p, const struct peer *who, size_t size)
{
	for (;;) {
		struct holder **oldest = NULL;
		size_t n = 0, bytes = size;

		for (struct holder **at = &p->all; *at; at = &(*at)->next) {
			if ((*at)->who != who)
				continue;
			if ((*at)->turn != p->turn)
				oldest = at;
			n++;
			bytes += (*at)->size;
		}
		if (n < PLACEHOLDERS_PER_PEER && bytes <= BYTES_MAX && p->n < PLACEHOLDERS_MAX)
			return ERR_OK;
		if (!oldest)
			return ERR_LIMIT;
		drop(p, oldest);
	}
}

void
placeholders_opened(struct placeholders *p)
{
	p->turn++;
}

enum err
placeholders_get(struct placeholders *p, struct peer *who, const struct store_query *q,
    const struct placeholder **out)
{
	size_t size = measure(q);
	struct holder *h;
	enum err e;

	for (h = p->all; h; h = h->next)
		if (h->who == who && is_same(&h->p.query, q)) {
			h->turn = p->turn;
			*out = &h->p;
			return ERR_OK;
		}
	if (q->nattr > OPS_ENTRY_ATTRS || size > QUERY_MAX)
		return ERR_LIMIT;
	if (!(h = make(q, size)))
		return ERR_NOMEM;
	if ((e = make_room(p, who, size))) {
		sec_zero(h, size);
		free(h);
		return e;
	}
	h->who = who;
	h->turn = p->turn;
	h->p.number = ++p->last;
	h->next = p->all;
	p->all = h;
	p->n++;
	*out = &h->p;
	return ERR_OK;
}

const struct placeholder *
placeholders_find(const struct placeholders *p, uint64_t number)
{
	for (const struct holder *h = p->all; h; h = h->next)
		if (h->p.number == number)
			return &h->p;
	return NULL;
}

static bool
first(void *arg, const struct entry *e)
{
	const struct entry **found = arg;

	*found = e;
	return false;
}

const struct entry *
placeholder_entry(const struct placeholder *h, const struct store *s)
{
	const struct entry *found = NULL;

	if (store_state(s) == STORE_OPEN)
		store_search(s, &h->query, first, &found);
	return found;
}
