/*
 * place.h - a home that is wiped: folders of its own in memory where possible, an agent of its own,
 * an environment that leads there and nowhere else.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

#define PLACE_DIR_MAX 64 /* so that socket paths below it fit */

struct place {
	char dir[PLACE_DIR_MAX]; /* "" = none */
	pid_t agent, token;	 /* 0 = none */
};

/* Folders below $XDG_RUNTIME_DIR, else /tmp.  ERR_NOSPACE, ERR_PERMISSION, ERR_IO. */
MUST enum err place_make(struct place *p);
void place_below(const struct place *p, const char *name, char *out, size_t cap);
/* From now on this process, and whom it starts, lives there.  ERR_NOMEM. */
MUST enum err place_enter(const struct place *p);
/* They die with us, whatever happens. */
MUST enum err place_start_token(struct place *p);
MUST enum err place_start_agent(struct place *p, bool not_real);
/* End them, overwrite and remove everything.  ERR_IO: something is left. */
MUST enum err place_end(struct place *p);

#endif
