/* grants.c - what was granted until lock, what is being asked, how often things were used. */
#include "agent/vault/grants.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/vault/applist.h"

enum err
grants_new(struct grants **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

static bool
is_elsewhere(const struct vault *v, const struct client *c)
{
	for (size_t i = 0; i < sizeof v->clients / sizeof *v->clients; i++)
		for (const struct client *o = v->clients[i]; o; o = o->next)
			if (o != c && o->pid == c->pid && o->uid == c->uid)
				return true;
	return false;
}

/* A grant belongs to a process; when its last connection goes, its number may be given again. */
void
grants_forget_client(struct vault *v, const struct client *c)
{
	bool looked = false;

	for (size_t i = 0; i < v->grants->most; i++) {
		struct grant *g = &v->grants->grant[i];

		if (!g->used || !g->pid || g->pid != c->pid || g->uid != c->uid)
			continue;
		if (!looked && is_elsewhere(v, c))
			return;
		looked = true;
		g->used = false;
	}
}

/* A process of another PID namespace has no number here: it is asked each time. */
static bool
is_of(const struct grant *g, const struct client *c)
{
	if (g->uid != c->uid)
		return false;
	if (g->pid)
		return g->pid == c->pid;
	return c->has_session && memcmp(g->session, c->session, sizeof g->session) == 0;
}

static const uint8_t *
through(const struct use *u)
{
	static const uint8_t nobody[32];

	return u->through ? u->through : nobody;
}

/* by_session: a grant of the session counts, too. */
static bool
is_for(const struct grant *g, const struct client *c, const struct use *u, const uint8_t item[16])
{
	return g->used && (g->pid || u->by_session) && is_of(g, c) &&
	    memcmp(g->item, item, 16) == 0 && memcmp(g->through, through(u), 32) == 0;
}

bool
grants_has(
    const struct vault *v, const struct client *c, const struct use *u, const uint8_t item[16])
{
	for (size_t i = 0; i < v->grants->most; i++)
		if (is_for(&v->grants->grant[i], c, u, item))
			return true;
	return false;
}

/* ---- what people read of it ---- */
static void
name_app(const struct client *c, const struct ops_who *who, struct grant_app *a)
{
	*a = (struct grant_app){ .app = "" };
	if (who) {
		snprintf(
		    a->app, sizeof a->app, "%.*s", (int)who->app.len, (const char *)who->app.p);
		return;
	}
	applist_client_app(c, a->app);
	snprintf(a->unit, sizeof a->unit, "%s%s", c->unit[0] ? "unit:" : "", c->unit);
}

/* Each text is kept once: an application may be granted thousands of items. */
static uint32_t
find_app(struct grants *g, const struct client *c, const struct ops_who *who)
{
	struct grant_app a;
	uint32_t i;

	name_app(c, who, &a);
	for (i = 0; i < g->apps; i++)
		if (strcmp(g->app[i].app, a.app) == 0 && strcmp(g->app[i].unit, a.unit) == 0)
			return i;
	if (i < APPS) {
		g->app[i] = a;
		g->apps++;
	}
	return i;
}

bool
grants_next(const struct vault *v, size_t *pos, struct grant_row *row)
{
	const struct grants *t = v->grants;

	while (*pos < t->most) {
		const struct grant *g = &t->grant[(*pos)++];

		if (!g->used)
			continue;
		*row = (struct grant_row){ .item = g->item, .pid = g->shown };
		row->app = span_str(g->app < APPS ? t->app[g->app].app : "");
		return true;
	}
	return false;
}

bool
grants_take(struct vault *v, const uint8_t item[16], struct span app)
{
	struct grants *t = v->grants;
	bool any = false;

	for (struct grant *g = t->grant; g < t->grant + t->most; g++)
		if (g->used && g->app < APPS && memcmp(g->item, item, 16) == 0 &&
		    (span_is(app, t->app[g->app].app) || span_is(app, t->app[g->app].unit))) {
			g->used = false;
			any = true;
		}
	return any;
}

/* ---- who has what ---- */
/* Not used: there is nothing to know it by. */
static struct grant
grant_of(const struct client *c, const uint8_t item[16], const struct use *u)
{
	struct grant g = { .uid = c->uid };

	memcpy(g.through, through(u), 32);
	memcpy(g.item, item, 16);
	g.used = true;
	if (u->by_session && c->has_session)
		memcpy(g.session, c->session, sizeof g.session);
	else if (!(g.pid = c->pid))
		g.used = false;
	return g;
}

void
grants_add(struct vault *v, const struct client *c, const uint8_t item[16], const struct use *u)
{
	struct grants *g = v->grants;
	struct grant *to = &g->grant[g->next++ % GRANTS];

	*to = grant_of(c, item, u);
	to->app = find_app(g, c, u->who);
	to->shown = u->who ? (pid_t)u->who->pid : to->pid;
	if (g->most < GRANTS)
		g->most++;
}

/* ---- rates ---- */
/* Of this minute; NULL when as many other items were used in it: nobody's count is lost. */
static struct rate *
rate_of(struct grants *g, const uint8_t item[16])
{
	uint64_t minute = loop_now() / 60000 + 1;
	struct rate *unused = NULL;

	for (struct rate *r = g->rate; r < g->rate + RATES; r++)
		if (r->minute != minute)
			unused = r;
		else if (memcmp(r->item, item, 16) == 0)
			return r;
	if (unused) {
		*unused = (struct rate){ .minute = minute };
		memcpy(unused->item, item, 16);
	}
	return unused;
}

enum err
grants_count(struct vault *v, const uint8_t item[16], uint64_t most)
{
	struct rate *r = most ? rate_of(v->grants, item) : NULL;

	if (!most)
		return ERR_OK;
	return !r || ++r->n > most ? ERR_LIMIT : ERR_OK;
}

/* ---- questions ---- */
struct asking *
grants_asking(struct req *r, const struct use *u, const uint8_t item[16])
{
	struct asking *q = r->v->grants->asking, *unused = NULL;

	for (size_t i = 0; i < ASKING; i++, q++) {
		if (!q->jobs)
			unused = q;
		else if (!q->answered && is_for(&q->about, r->c, u, item))
			return q;
	}
	if (!unused)
		return NULL;
	*unused = (struct asking){ .about = grant_of(r->c, item, u) };
	return unused->about.used ? unused : NULL;
}
