/*
 * todo.h - what is still to be done so that nothing is lost, and nothing stays known to others.
 */
#ifndef CLI_TODO_H
#define CLI_TODO_H

#include "cli/cli.h"

/* Print it, each with the command that does it; *n: so many things.  ERR_LOCKED: nobody knows. */
MUST enum err todo_put(struct cli *c, size_t *n);

#endif
