/*
 * succession_rules.h - what reading and making of succession logs share: no other file uses it.
 */
#ifndef LIB_SUCCESSION_RULES_H
#define LIB_SUCCESSION_RULES_H

#include "lib/succession.h"

/* The id that a log with this first entry has. */
MUST enum err succession_id(const struct succession_entry *first, uint8_t id[SUCCESSION_ID]);
/* May this entry, parsed, come next?  Everything but signatures.  st->n == 0: as the first. */
MUST enum err succession_may_follow(
    const struct succession_state *st, const struct succession_entry *e);
/* Take it over, head aside. */
void succession_apply(struct succession_state *st, const struct succession_entry *e);

#endif
