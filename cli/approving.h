/*
 * approving.h - talking to a provider for a person who logs in there, or registers a token, from a
 * terminal (lib/approval.h).
 */
#ifndef CLI_APPROVING_H
#define CLI_APPROVING_H

#include "cli/cli.h"
#include "lib/approval.h"

struct approving {
	struct cli *c;
	struct approval_party party; /* points into the address, which is the caller's */
	struct approval_ask ask;     /* points into bytes */
	struct buf bytes;
	struct buf client_data, object, answer; /* what is sent back */
};

void approving_done(struct approving *a);
/* The provider whose address this is: where, as the person typed it, must end with a->party. */
MUST enum err approving_at(struct approving *a, struct span address);
/* Ask it for what waits.  ERR_APPROVE_*, those of lib/fetchjob.h; the detail is set. */
MUST enum err approving_ask(struct approving *a, struct approval_want *want);
/* The same from a block that came in text: party is what it says, unless one was named. */
MUST enum err approving_read(struct approving *a, struct span text);
/* The token signs, or makes a key: a->answer. */
MUST enum err approving_sign(struct approving *a);
MUST enum err approving_make(struct approving *a);
MUST enum err approving_deny(struct approving *a);
MUST enum err approving_send(struct approving *a);

#endif
