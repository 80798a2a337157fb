/*
 * rsasign.h - the worker that makes slow signatures while the vault is open (vault/slowsign.h).
 */
#ifndef WORKER_RSASIGN_H
#define WORKER_RSASIGN_H

#include "agent/worker/worker.h"

/* Give way to everybody else: before the sandbox, which does not allow it. */
void rsasign_prepare(void);
/* Requests (struct worker_sign), each answered by RESULT (out: signature blob) or ERROR, until the
 * vault hangs up.  A key stays no longer than its signature. */
MUST enum err rsasign(struct worker *w);

#endif
