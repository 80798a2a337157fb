#include "cli/secrets/kept.h"

#include <stdlib.h>

#define ASK_ONCE 1
#define PROGRAM	 "program:"

struct kept {
	const struct peer *peer;
	uint8_t (*id)[16];
	size_t n, cap, next;
	struct kept *more;
};

static struct kept *
find(const struct secrets *s, const struct peer *p)
{
	struct kept *k = s->kept;

	while (k && k->peer != p)
		k = k->more;
	return k;
}

bool
kept_has(const struct secrets *s, const struct peer *p, const uint8_t id[16])
{
	const struct kept *k = find(s, p);

	for (size_t i = 0; k && i < k->n; i++)
		if (memcmp(k->id[i], id, 16) == 0)
			return true;
	return false;
}

/* As the agent counts it: what only a program says of itself is not a Flatpak or a unit. */
static bool
is_client(const struct peer *p, const struct entry *e)
{
	struct span app = span_str(p->app);

	if (!app.len || (!p->vouched && !span_is(span_sub(app, 0, strlen(PROGRAM)), PROGRAM)))
		return false;
	for (size_t i = 0; i < e->nclient; i++)
		if (span_eq(e->client[i], app))
			return true;
	return false;
}

/* One that wants a touch each time is never open for longer than one reading: it is not locked
 * either, or its prompt would want a touch too many. */
bool
kept_may(const struct secrets *s, const struct peer *p, const struct entry *e)
{
	return e->use != ASK_ONCE || (p && (is_client(p, e) || kept_has(s, p, e->id)));
}

static bool
grow(struct kept *k)
{
	size_t cap = k->cap ? 2 * k->cap : 8;
	uint8_t(*id)[16];

	if (k->n < k->cap || k->cap == KEPT_MOST)
		return true;
	id = realloc(k->id, cap * sizeof *id);
	if (!id)
		return false;
	k->id = id;
	k->cap = cap;
	return true;
}

void
kept_add(struct secrets *s, const struct peer *p, const uint8_t id[16])
{
	struct kept *k = find(s, p);

	if (!p || kept_has(s, p, id))
		return;
	if (!k) {
		if (!(k = calloc(1, sizeof *k)))
			return;
		*k = (struct kept){ .peer = p, .more = s->kept };
		s->kept = k;
	}
	if (!grow(k))
		return;
	memcpy(k->id[k->next], id, 16);
	if (k->n < k->cap)
		k->n++;
	k->next = (k->next + 1) % KEPT_MOST;
}

static void
drop(struct kept **at)
{
	struct kept *k = *at;

	*at = k->more;
	free(k->id);
	free(k);
}

void
kept_peer_gone(struct secrets *s, const struct peer *p)
{
	for (struct kept **at = &s->kept; *at; at = &(*at)->more)
		if ((*at)->peer == p) {
			drop(at);
			return;
		}
}

void
kept_clear(struct secrets *s)
{
	while (s->kept)
		drop(&s->kept);
}
