/*
 * agent.h - the person's agent, once we are them.
 */
#ifndef PAM_HANDOFF_AGENT_H
#define PAM_HANDOFF_AGENT_H

#include "lib/sec.h"

/* Give it the factor of the slot with that credential; it is started where nobody listens.  Open
 * already is ERR_OK.  ERR_NOTOWNER: somebody else listens there. */
MUST enum err agent_unlock(const struct sec *cred_id, const struct sec *f1);
/* ERR_OK too when nobody listens. */
MUST enum err agent_lock(void);

#endif
