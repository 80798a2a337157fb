/*
 * place.h - where the demo lives: a folder that is wiped, and the programs that run in it.
 */
#ifndef OIDC_DEMO_PLACE_H
#define OIDC_DEMO_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

#define PLACE_DIR  64
#define DEMO_PIN   "123456" /* of the software token, which is no secret */
#define PLACE_PATH 128

struct demo_place {
	char dir[PLACE_DIR]; /* "" = none */
	pid_t token, agent, provider;
};

/* A folder of ours, and the environment that makes programs stay in it. */
MUST enum err demo_place_make(struct demo_place *p);
/* A path in it. */
const char *demo_place_at(const struct demo_place *p, const char *name, char out[PLACE_PATH]);
MUST enum err demo_place_write(const struct demo_place *p, const char *name, const char *text);
/* Each is ready when these return.  ERR_NOPROGRAM: it is not installed. */
MUST enum err demo_place_token(struct demo_place *p);
MUST enum err demo_place_agent(struct demo_place *p);
/* By oidc.conf in the folder; its log is oidc.log there. */
MUST enum err demo_place_provider(struct demo_place *p);
/* Has one of them ended? */
bool demo_place_broken(struct demo_place *p);
/* All of them, and the folder.  ERR_IO: something is left behind. */
MUST enum err demo_place_end(struct demo_place *p);

#endif
