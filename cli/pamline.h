/*
 * pamline.h - lines of the administrator's map of tokens (pam_ownkey(8)), made from the public part
 * of a vault's head (ownkey-vault(5)): no key, no agent, no touch.
 */
#ifndef CLI_PAMLINE_H
#define CLI_PAMLINE_H

#include "cli/cli.h"

#define PAMLINE_MAP "/etc/ownkey/pam.map"

/* A way in that a token opens, as the head says.  Spans point into the head. */
struct pamline_slot {
	unsigned number;  /* as `slot list` counts, from 1 */
	char rp_id[65];	  /* of the vault */
	struct span salt; /* 32, of the vault */
	int32_t alg;	  /* COSE: -7, -8 */
	bool uv;	  /* PIN or fingerprint */
	bool pass;	  /* wants its passphrase, too: a login cannot open the vault with it */
	struct span cred_id, pubkey;
	char hint[33];
};

/* The head of the vault, into head.  ERR_NOVAULT, ERR_FORMAT. */
MUST enum err pamline_head(struct cli *c, struct buf *head);
/* Slot i of 0..15.  ERR_NOTFOUND: no token opens it, or it is not understood. */
MUST enum err pamline_slot(struct span head, unsigned i, struct pamline_slot *out);
/* Its line for that user, with '\n', appended. */
void pamline_put(const struct pamline_slot *s, const char *user, struct buf *out);

#endif
