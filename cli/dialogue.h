/*
 * dialogue.h - what the agent tells and asks while a request waits.
 */
#ifndef CLI_DIALOGUE_H
#define CLI_DIALOGUE_H

#include "cli/cli.h"

/* The callback of client_conn; arg is struct cli. */
void dialogue_event(void *arg, const struct ops_event *ev);

/* recite.c: the words of the recovery phrase are shown, and typed.  Errors are left in c->why. */
void recite_show(struct cli *c, const struct ops_event *ev);
void recite_type(struct cli *c, const struct ops_event *ev);

/* sendfile.c: c->file goes to the agent, and a key that is typed.  Errors as above. */
void sendfile_key(struct cli *c, const struct ops_event *ev);

#endif
