/*
 * paths.h - where things are (DESIGN 3), from the environment of the owner.
 */
#ifndef LIB_PATHS_H
#define LIB_PATHS_H

#include <stdbool.h>

#include "lib/err.h"

#define PATHS_MAX 1024

/* The agent of the whole machine: the vault in /var/lib/ownkey, state/ beneath it, ownkey.conf in
 * /etc/ownkey, sockets in /run/ownkey; the environment has no say.  For the rest of the process. */
#define PATHS_SYSTEM_RUN "/run/ownkey"
void paths_use_system(void);
bool paths_is_system(void);
/* Value of an environment variable that has to be an absolute path; NULL when unset or not. */
const char *paths_env(const char *name);
/* The vault file: --vault (override, may be NULL), OWNKEY_VAULT, $XDG_DATA_HOME/ownkey/vault.
 * The first two may be relative to the current directory; the result never is. */
MUST enum err paths_vault(const char *override, char *out, size_t cap);
/* $XDG_STATE_HOME/ownkey (~/.local/state/ownkey): seen, audit. */
MUST enum err paths_state(char *out, size_t cap);
/* What this machine keeps for one vault, named by where that is, so that trying another vault does
 * not make it forget the first. */
enum paths_of_vault {
	PATHS_SEEN,	    /* state folder: the newest version seen (agent/vault/seen.h) */
	PATHS_COPY,	    /* state folder: a copy of the vault as it was here last (agent/copy) */
	PATHS_COPIES_STATE, /* state folder: what became of the copies elsewhere (copies.h) */
	PATHS_COPIES_LIST   /* beside ownkey.conf: where copies go (copies.h) */
};
/* vault: from paths_vault.  ERR_TOOBIG. */
MUST enum err paths_of_vault(const char *vault, enum paths_of_vault what, char *out, size_t cap);
/* $XDG_CONFIG_HOME/ownkey/ownkey.conf */
MUST enum err paths_config(char *out, size_t cap);
/* A program of ours: next to the running executable, else OWNKEY_LIBEXECDIR, else the bin dir
 * next to it (../libexec/ownkey, ../bin).  ERR_NOPROGRAM. */
MUST enum err paths_program(const char *name, char *out, size_t cap);

#endif
