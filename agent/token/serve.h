/*
 * serve.h - TOKEN_SERVE: one connection of another machine to a token of this one.
 *
 * Descriptor 1 brings that connection (64-byte CTAPHID reports).  What it sends is read by remote.h
 * and judged by forward.h; PINs are asked for through the vault, and touches announced there.
 */
#ifndef AGENT_TOKEN_SERVE_H
#define AGENT_TOKEN_SERVE_H

#include "lib/job.h"

struct serve;

/* Checks the job.  ERR_USAGE, ERR_NOMEM. */
MUST enum err serve_init(struct serve **s, const struct token_job *job, int vault);
/* Opens the device, waits for the connection on door: before the sandbox. */
MUST enum err serve_connect(struct serve *s, int door);
/* Is it a token, and ours for now?  After root is given away. */
MUST enum err serve_ready(struct serve *s);
/* Until the other side hangs up or is silent for too long (ERR_OK), or a limit is met.  Sends the
 * RESULT itself.  ERR_CANCELLED, errors of the token. */
MUST enum err serve_run(struct serve *s);
void serve_done(struct serve *s);

#endif
