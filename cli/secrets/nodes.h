/*
 * nodes.h - the names of objects below a path, for introspection (busctl tree and the like).
 *
 * Collections, and while the vault is open the first NODES_MOST of their items; what is not named
 * is there all the same.  Sessions and prompts are their clients' affair, placeholders those of who
 * asked.
 */
#ifndef CLI_SECRETS_NODES_H
#define CLI_SECRETS_NODES_H

#include "cli/secrets/secrets.h"

#define NODES_MOST 1024

/* Of sd_bus_add_node_enumerator. */
int nodes_enumerate(sd_bus *bus, const char *prefix, void *arg, char ***nodes, sd_bus_error *error);

#endif
