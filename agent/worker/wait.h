/*
 * wait.h - waiting that ends when the vault no longer wants the answer.
 *
 * The vault cancels by closing its end; after the job it never writes, so anything that happens on
 * its channel means cancelled.
 */
#ifndef WORKER_WAIT_H
#define WORKER_WAIT_H

#include <stdint.h>

#include "lib/sec.h"

/* Until fd is ready for events (poll(2)) or at an end.  deadline as loop_now.  ERR_CANCELLED when
 * the vault hung up, ERR_TIMEOUT. */
MUST enum err wait_ready(int vault, int fd, short events, uint64_t deadline);
/* For work that cannot poll: from wait_arm until wait_disarm, a vault that hangs up ends the
 * process at once, with the bytes of secret wiped.  Arm before the sandbox. */
MUST enum err wait_arm(int vault, const struct sec *secret);
void wait_disarm(void);

#endif
