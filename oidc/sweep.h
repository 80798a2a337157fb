/*
 * sweep.h - what has ended is taken out: sessions, tokens, invitations of the store, and what is
 * kept in memory for a while.  A little each minute, and at once when a server starts.
 */
#ifndef OIDC_SWEEP_H
#define OIDC_SWEEP_H

#include "lib/err.h"

struct oidc;
struct sweep;

/* Its writes go with the transaction of their wake-up (web_hooks.commit). */
MUST enum err sweep_new(struct sweep **out, struct oidc *o);
void sweep_done(struct sweep *w); /* NULL is fine */

#endif
