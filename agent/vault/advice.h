/*
 * advice.h - what follows when keys of an identity change: what contacts see, what is to be done
 * elsewhere; gathered from the rows of its format (format.h), each once.
 */
#ifndef AGENT_VAULT_ADVICE_H
#define AGENT_VAULT_ADVICE_H

#include "agent/format/format.h"
#include "agent/vault/item.h"

#define ADVICE_STEPS 48

/* Zero it first; what fill gives borrows from it until advice_done. */
struct advice {
	struct buf sees;
	struct ops_step step[ADVICE_STEPS];
	size_t nsteps;
};
void advice_add(struct advice *a, const struct item *it, enum format_event event);
void advice_done(struct advice *a);

#endif
