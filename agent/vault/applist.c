/* applist.c - the applications that an item knows. */
#include "agent/vault/applist.h"

#include <stdio.h>

#include "lib/text.h"

#define FLATPAK "flatpak:"
#define UNIT	"unit:"
#define PROGRAM "program:"

static bool
begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.p, with, n) == 0;
}

static struct span
behind(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return span_sub(s, n, s.len - n);
}

bool
applist_is_app(struct span app)
{
	static const char *const forms[] = { FLATPAK, UNIT, PROGRAM };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (begins(app, forms[i]) && app.len > strlen(forms[i]) && app.len <= OPS_ENTRY_APP)
			return true;
	return false;
}

/* ---- clients of ours ---- */
/* A unit's name ends so; what is cut out of the scope of a Flatpak does not (lib/sock_peer.c). */
static bool
is_unit(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".service") == 0 || strcmp(dot, ".scope") == 0);
}

bool
applist_is_client(struct span app, const struct client *c)
{
	if (begins(app, PROGRAM))
		return c->label[0] && span_is(behind(app, PROGRAM), c->label);
	if (begins(app, UNIT))
		return is_unit(c->unit) && span_is(behind(app, UNIT), c->unit);
	return begins(app, FLATPAK) && c->unit[0] && !is_unit(c->unit) &&
	    span_is(behind(app, FLATPAK), c->unit);
}

bool
applist_is_application(const struct client *c)
{
	struct span unit = span_str(c->unit);

	return unit.len && (!is_unit(c->unit) || begins(unit, "app-") || begins(unit, "snap."));
}

void
applist_client_app(const struct client *c, char out[OPS_ENTRY_APP + 1])
{
	bool flatpak = c->unit[0] && !is_unit(c->unit);
	struct buf b = BUF_INIT;

	buf_put_str(&b, flatpak ? FLATPAK : PROGRAM);
	text_printable(span_str(flatpak ? c->unit : c->label), &b);
	snprintf(out, OPS_ENTRY_APP + 1, "%s", buf_cstr(&b));
	buf_done(&b);
}

/* ---- what an item says ---- */
static struct span
app_of(const struct item_client *ic)
{
	return ic->unit.len ? ic->unit : ic->label;
}

static enum applist_says
says(const struct item *it, struct span app, const struct client *c)
{
	struct cbor at = wire_each(&it->policy.clients);
	enum applist_says s = APPLIST_NOTHING;
	struct item_client ic;

	while (!cbor_at_end(&at) && !wire_next(&item_client_map, &at, &ic)) {
		if (c ? !applist_is_client(app_of(&ic), c) : !span_eq(app_of(&ic), app))
			continue;
		if (ic.deny)
			return APPLIST_DENIED;
		s = APPLIST_ALLOWED;
	}
	return s;
}

enum applist_says
applist_of_app(const struct item *it, struct span app)
{
	return app.len ? says(it, app, NULL) : APPLIST_NOTHING;
}

enum applist_says
applist_of_client(const struct item *it, const struct client *c)
{
	return says(it, SPAN_NONE, c);
}

bool
applist_next(struct cbor *at, struct span *app, bool *denied)
{
	struct item_client ic;

	if (cbor_at_end(at) || wire_next(&item_client_map, at, &ic))
		return false;
	*denied = ic.deny;
	*app = app_of(&ic);
	return true;
}

/* ---- changes ---- */
static void
put(struct applist *l, struct span app, bool deny)
{
	struct item_client *ic = &l->v[l->n++];

	*ic = (struct item_client){ .deny = deny };
	if (begins(app, PROGRAM))
		ic->label = app;
	else
		ic->unit = app;
	wire_mark(&item_client_map, ic);
}

enum err
applist_set(struct item *it, struct span app, enum applist_says want, struct applist *l)
{
	struct cbor at = wire_each(&it->policy.clients);
	bool found = false;
	enum err e;

	l->n = 0;
	while (!cbor_at_end(&at) && l->n < ITEM_CLIENTS) {
		if ((e = wire_next(&item_client_map, &at, &l->v[l->n])))
			return e;
		if (span_eq(app_of(&l->v[l->n]), app))
			found = true;
		else
			l->n++;
	}
	if (want == APPLIST_NOTHING && !found)
		return ERR_NOTFOUND;
	if (want != APPLIST_NOTHING && l->n == ITEM_CLIENTS)
		return ERR_LIMIT;
	if (want != APPLIST_NOTHING)
		put(l, app, want == APPLIST_DENIED);
	it->policy.clients = (struct wire_list){ .v = l->v, .n = l->n };
	it->policy.has = 0;
	wire_mark(&item_policy_map, &it->policy);
	return ERR_OK;
}
