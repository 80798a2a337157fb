/* policy_text.h - what people read when something is to be used: who, what, with what. */
#ifndef AGENT_VAULT_POLICY_TEXT_H
#define AGENT_VAULT_POLICY_TEXT_H

#include "agent/vault/policy.h"

#define POLICY_TEXT 2048 /* of a prompt (struct prompt_job) */

/* The first labels of all that it is about, and how many there are. */
#define POLICY_LABELS 3
struct policy_about {
	struct span label[POLICY_LABELS];
	size_t n;
};
void policy_text(
    const struct req *r, const struct use *u, const struct policy_about *a, char out[POLICY_TEXT]);

#endif
