/* nodes.c - paths that introspection names. */
#include "cli/secrets/nodes.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/secrets/objpath.h"
#include "cli/secrets/volatile.h"

struct naming {
	char **v; /* ended by NULL; sd-bus frees it */
	size_t n;
	bool failed;
};

static bool
name(struct naming *g, const char *path)
{
	if (g->n >= NODES_MOST)
		return false;
	if (!(g->v[g->n] = strdup(path))) {
		g->failed = true;
		return false;
	}
	g->n++;
	return true;
}

static bool
name_entry(void *arg, const struct entry *e)
{
	char path[OBJPATH_MOST];

	objpath_item(e->collection, e->id, path);
	return name(arg, path);
}

static bool
name_collection(void *arg, const struct entry *e)
{
	char path[OBJPATH_MOST];

	objpath_collection(e->collection, path);
	return name(arg, path);
}

static void
name_all(const struct secrets *s, struct naming *g)
{
	static const struct store_query any;
	char path[OBJPATH_MOST];

	objpath_collection(SPAN_LIT(OBJPATH_SESSION), path);
	(void)name(g, path);
	if (secrets_open(s)) {
		objpath_collection(SPAN_LIT(OBJPATH_MAIN), path);
		(void)name(g, path);
	} else {
		store_collections(s->store, name_collection, g);
		store_search(s->store, &any, name_entry, g);
	}
	for (const struct volatile_item *v = s->items; v; v = v->next) {
		objpath_numbered(OBJPATH_VOLATILE_ITEM, v->number, path);
		if (!name(g, path))
			break;
	}
}

int
nodes_enumerate(sd_bus *bus, const char *prefix, void *arg, char ***nodes, sd_bus_error *error)
{
	struct naming g = { .v = calloc(NODES_MOST + 1, sizeof *g.v) };

	(void)bus;
	(void)prefix;
	(void)error;
	if (!g.v)
		return -ENOMEM;
	name_all(arg, &g);
	if (!g.failed) {
		*nodes = g.v;
		return 1;
	}
	while (g.n)
		free(g.v[--g.n]);
	free(g.v);
	return -ENOMEM;
}
