/*
 * given.h - what a client says about an item or a collection: a{sv} of CreateItem and
 * CreateCollection, and properties that it sets.
 */
#ifndef CLI_SECRETS_GIVEN_H
#define CLI_SECRETS_GIVEN_H

#include "cli/secrets/secrets.h"

struct given {
	struct store_set set; /* set.attr points into attrs */
	struct attrs attrs;
};

/* a{sv}; names that are not known are passed over.  Borrowed from m. */
MUST enum err given_read(sd_bus_message *m, const char *interface, struct given *g);
/* One property of the interface, its value being next in m (v).  ERR_UNSUPPORTED: no such one, or
 * it cannot be set. */
MUST enum err given_read_property(sd_bus_message *m, const char *name, struct given *g);
/* Filter of the bus: Properties.Set on what is ours, which has to wait for the agent. */
int given_on_set(sd_bus_message *m, void *arg, sd_bus_error *error);

/* Append a{ss}. */
int given_append_attrs(sd_bus_message *m, const struct store_attr *a, size_t n);
/* Append s. */
int given_append_text(sd_bus_message *m, struct span s);

#endif
