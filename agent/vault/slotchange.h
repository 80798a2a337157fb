/*
 * slotchange.h - a change of ways in under way: copies, so that nothing is different before it is
 * on the disk.
 *
 *	begin -> prove (a fresh factor) -> ask the person for what is new -> copy -> edit the copies
 *	-> new_line, or store_rewrite -> end
 */
#ifndef AGENT_VAULT_SLOTCHANGE_H
#define AGENT_VAULT_SLOTCHANGE_H

#include "agent/vault/enrol.h"
#include "agent/vault/slotmake.h"

struct slotchange {
	struct req *r;
	struct outer outer;
	struct body body;
	struct slot slot;     /* the one that is added, or was removed */
	struct way_got proof; /* the way in that was proven */
	struct sec f1, f2, f3;
	struct enrol_report rep;
	uint64_t now;
};

MUST enum err slotchange_begin(struct req *r, struct slotchange **out);
/* Wipes and frees; NULL is fine. */
void slotchange_end(struct slotchange *c);
/* Its wrap is opened again and compared with VRK.  ERR_NEEDFACTOR, and those of way_open. */
MUST enum err slotchange_prove(struct slotchange *c, uint64_t ways, struct span label, bool force);
/* Take the disk and copy the vault.  ERR_NEEDFACTOR when what was proven is void meanwhile. */
MUST enum err slotchange_copy(struct slotchange *c);
/* c->slot with the factors f1..f3 becomes slot i of the copy, with its note. */
MUST enum err slotchange_seal(struct slotchange *c, int i, struct span label, struct span vrk);
/* A new VRK and line: made in the copies, completed by `more` (may be NULL), written. */
struct slotchange_line {
	int at_hand; /* the slot that was proven, -1 = it is gone */
	enum err (*more)(struct slotchange *c, struct span vrk, void *arg);
	void *arg;
};
MUST enum err slotchange_new_line(struct slotchange *c, const struct slotchange_line *line);

#endif
