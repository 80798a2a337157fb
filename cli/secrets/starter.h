/*
 * starter.h - the process that starts an agent where none runs.
 *
 * What a process gives up, its children have given up, too; an agent must be able to start what a
 * person's programs can.  So a child that gave up nothing is made first, and told when.
 */
#ifndef CLI_SECRETS_STARTER_H
#define CLI_SECRETS_STARTER_H

#include "cli/secrets/secrets.h"

/* fd: to wake it; it ends when that is closed.  Before the bus is connected. */
MUST enum err starter_open(int *fd);
/* If there is no agent, have one started.  Does not wait. */
void starter_wake(struct secrets *s);
/* The starter says that an agent runs, or that it failed. */
int starter_on_answer(sd_event_source *source, int fd, uint32_t events, void *arg);

#endif
