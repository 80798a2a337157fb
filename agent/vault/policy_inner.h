/* policy_inner.h - what policy.c and policy_app.c share. */
#ifndef AGENT_VAULT_POLICY_INNER_H
#define AGENT_VAULT_POLICY_INNER_H

#include "agent/vault/policy.h"

/* Touch only, by any enrolled token, over a challenge that is bound to the request. */
MUST enum err policy_touch(struct req *r, const struct use *u);
/* Does its policy allow this client for good? */
bool policy_is_listed(const struct client *c, const struct item *it);

#endif
