/*
 * hold.h - a factor outlives the process that authenticated (sshd): kept by root until the session
 * opens, for HANDOFF_HOLD_S seconds at most.
 */
#ifndef PAM_HANDOFF_HOLD_H
#define PAM_HANDOFF_HOLD_H

#include "lib/handoff.h"

/* Listen under a random name of the abstract namespace, which is put into name. */
MUST enum err hold_listen(char name[HANDOFF_NAME_MAX], int *fd);
/* In the child that stays: until somebody with our uid says what to do with what is held for this
 * one.  ERR_OK: unlock, and answer on *to; ERR_CANCELLED: drop it; ERR_TIMEOUT. */
MUST enum err hold_wait(int listener, uint32_t uid, int *to);

#endif
