/*
 * entries.h - what desktop applications keep in the vault (lib/ops_entry.h), for moving in and out.
 */
#ifndef CLI_ENTRIES_H
#define CLI_ENTRIES_H

#include "cli/cli.h"
#include "lib/ops_entry.h"

#define ENTRIES_KEY 32

/* removed: those that applications removed or replaced, instead.  raw: the message as it came, for
 * those who keep it.  Another error than ERR_OK ends the walk. */
typedef enum err entries_fn(void *arg, const struct ops_entry *e, struct span raw);
MUST enum err entries_each(struct cli *c, bool removed, entries_fn *fn, void *arg);

/* What tells entries apart for people and programs: collection, label, attributes (without a schema
 * that says nothing). */
void entries_key(struct span collection, struct span label, const struct wire_list *attributes,
    uint8_t key[ENTRIES_KEY]);

/* Out of the vault: a fresh factor, once for this connection. */
struct entries_proof {
	uint64_t ways;
	struct span label;
	bool force;
};
MUST enum err entries_prove(struct cli *c, const struct entries_proof *proof);
/* Values of these ids (16 bytes each), with as few questions as can be; those too big for one
 * reply are asked for alone.  export: after entries_prove; what may not leave has err DENIED.
 * fn gets the place of each among ids. */
typedef enum err entries_value_fn(void *arg, size_t i, const struct ops_entry_value *v);
MUST enum err entries_values(
    struct cli *c, struct span ids, bool export, entries_value_fn *fn, void *arg);

#endif
