/*
 * agent.h - the agent, as the provider asks it: tokens are the agent's, a PIN that ssh was given
 * goes over secret.sock, once.
 */
#ifndef CLI_SK_AGENT_H
#define CLI_SK_AGENT_H

#include "lib/client.h"

struct agent {
	struct client_conn c;
	const char *pin; /* of ssh; NULL or "" = the agent asks by a prompt of its own */
	int secret;	 /* connection that the PIN went over, -1 */
	bool asked;	 /* for a PIN, and there was none left to give */
};

MUST enum err agent_open(struct agent *a, const char *pin);
MUST enum err agent_call(struct agent *a, enum op op, const void *req, void *rep);
void agent_close(struct agent *a);
/* Says on stderr what went wrong, unless ssh does; the number for ssh. */
int agent_failed(const struct agent *a, enum err e);

#endif
