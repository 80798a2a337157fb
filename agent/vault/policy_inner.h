/* policy_inner.h - what policy.c and policy_app.c share. */
#ifndef AGENT_VAULT_POLICY_INNER_H
#define AGENT_VAULT_POLICY_INNER_H

#include "agent/vault/applist.h"
#include "agent/vault/policy.h"

/* Touch only, by any enrolled token, over a challenge that is bound to the request. */
MUST enum err policy_touch(struct req *r, const struct use *u);
/* What the item says of who asks. */
enum applist_says policy_says(const struct req *r, const struct use *u, const struct item *it);

#endif
