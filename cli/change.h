/*
 * change.h - keys that are rotated, retired, revoked, moved to a newer seed: what is said before
 * and after, shared by the commands of `id` and by `slot lost`.
 */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include "cli/cli.h"

/* How the person proves that it is them. */
struct change_proof {
	uint64_t ways; /* enum ops_way bits; 0: any */
	struct span label;
	bool force;
};
/* --with, --slot, --force.  ERR_USAGE. */
MUST enum err change_proof(struct cli *c, struct change_proof *p);

/* --yes, or the person says so.  ERR_USAGE when there is nobody to ask. */
MUST enum err change_agreed(struct cli *c, const char *prompt, bool def, bool *yes);
/* What contacts see, then the question, then the change, then what to do next; *done: it is
 * changed.  op: OP_ID_ROTATE, OP_ID_RETIRE, OP_ID_REVOKE. */
MUST enum err change_one(
    struct cli *c, enum op op, const char *path, const struct change_proof *p, bool *done);

/* Identities in use that others may know, or that the newest phrase does not bring back, and that
 * the newest seed would make anew: one by one, as far as the person goes.  *left: so many are still
 * to be moved. */
MUST enum err change_move_all(struct cli *c, const struct change_proof *p, size_t *left);
/* A new generation.  card: the new phrase is printed (card_option.h) and typed back later.
 * ERR_CANCELLED and all that the words can be wrong by. */
struct change_seed {
	bool new_phrase, card;
};
MUST enum err change_reseed(
    struct cli *c, const struct change_proof *p, const struct change_seed *how);

#endif
