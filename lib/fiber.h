/*
 * fiber.h - a flow that waits (unlock, init, slot add) written as straight code.
 *
 * A fiber runs on a stack of its own inside the one thread and gives the processor back with
 * fiber_wait(); whoever has what it waits for calls fiber_wake().  Nothing runs in parallel.
 * A cancelled fiber is woken with ERR_CANCELLED and unwinds by its own `goto out`.
 * The stack is wiped when the fiber ends.
 */
#ifndef LIB_FIBER_H
#define LIB_FIBER_H

#include <stdbool.h>

#include "lib/err.h"

#define FIBER_STACK (128 * 1024)

struct fiber;
typedef void fiber_fn(void *arg);

/* Create and run until its first wait or its end.  ERR_NOMEM. */
MUST enum err fiber_start(struct fiber **out, fiber_fn *fn, void *arg);
/* Inside a fiber: sleep until woken; returns the reason given to fiber_wake. */
MUST enum err fiber_wait(void);
/* Let it go on; returns when it waits again or ended.  Woken while it runs (by what it called):
 * its next wait returns at once.  Harmless when it ended. */
void fiber_wake(struct fiber *f, enum err reason);
/* NULL outside any fiber. */
struct fiber *fiber_self(void);
bool fiber_ended(const struct fiber *f);
/* Only after it ended. */
void fiber_free(struct fiber *f);

#endif
