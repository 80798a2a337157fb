/*
 * treemem.h - the memory of jansson while it reads one piece of a backup: a row of blocks in the
 * arena, given out one behind the other and wiped together.  A tree that does not fit is refused.
 */
#ifndef WORKER_TREEMEM_H
#define WORKER_TREEMEM_H

#include "lib/sec.h"

/* jansson's allocations come from here until treemem_done.  ERR_NOMEM; ERR_INTERNAL when begun
 * twice. */
MUST enum err treemem_init(size_t size);
void treemem_done(void);
/* n bytes; NULL when there is no room.  jansson's own functions call this, too. */
void *treemem_take(size_t n);
/* Everything given out is wiped and void. */
void treemem_reset(void);

#endif
