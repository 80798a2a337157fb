/*
 * agent.h - the roles of ownkey-agent (DESIGN 3): one executable, four programs.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

int vault_main(void);  /* agent/vault */
int front_main(void);  /* agent/door */
int copier_main(void); /* agent/copy */

#endif
